# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a job is, and the file it is kept in."""

from __future__ import annotations

TEXTS = {
    "Check the folder and the free space on its disk, or set MINT_BLENDER_HOME.": (
        "Den Ordner und den freien Platz prüfen oder MINT_BLENDER_HOME setzen."
    ),
    "The disk is full. Free some space, then try again.": "Der Datenträger ist voll: Platz schaffen und noch einmal versuchen.",
    "Another program is using it: close that one, or try again in a moment.": (
        "Ein anderes Programm benutzt es: dieses beenden oder es gleich noch einmal versuchen."
    ),
    "It is damaged or not a journal. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "Es ist kein Journal oder ist beschädigt. Die Datei aufheben: in einen anderen Ordner verschieben oder MINT_BLENDER_HOME setzen."
    ),
    "It is damaged. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "Es ist beschädigt. Die Datei aufheben: in einen anderen Ordner verschieben oder MINT_BLENDER_HOME setzen."
    ),
    "Allow writing to it and its folder, or set MINT_BLENDER_HOME.": (
        "Das Schreiben in die Datei und ihren Ordner erlauben oder MINT_BLENDER_HOME setzen."
    ),
    "Belongs to another account": "Gehört zu einem anderen Konto",
    "Other accounts: {1} more": "Andere Konten: {1} weitere",
    "This job cannot be read: it is damaged, or from a newer version. Update the add-on. Its record is kept.": (
        "Dieser Auftrag ist nicht lesbar: beschädigt oder von einer neueren Version. Das Add-on aktualisieren. Der Eintrag bleibt erhalten."
    ),
    "{1} belongs to another account. Use that account's API key and address to go on with it.": (
        "{1} gehört zu einem anderen Konto: zum Weitermachen dessen API-Schlüssel und Adresse eingeben."
    ),
    "{1}: it is not known yet whose API key is in use. Check the key, then try again.": (
        "{1}: noch ist nicht bekannt, wessen API-Schlüssel das ist. Den Schlüssel prüfen, dann noch einmal versuchen."
    ),
    "MINT_API_BASE_URL leads to {1}. Your API key is not sent there until you confirm this address.": (
        "MINT_API_BASE_URL führt zu {1}. Der API-Schlüssel wird erst dorthin gesendet, wenn diese Adresse bestätigt ist."
    ),
    "Use My Key There": "Meinen Schlüssel dort verwenden",
    "Confirmed Addresses": "Bestätigte Adressen",
    "Send the API key of the preferences to the address that MINT_API_BASE_URL names, from now on": (
        "Den API-Schlüssel der Einstellungen von jetzt an zu der Adresse senden, die MINT_API_BASE_URL nennt"
    ),
    "MINT_API_BASE_URL leads to {1}, so your stored API key is not sent. Set MINT_API_KEY too, or confirm it in Blender.": (
        "MINT_API_BASE_URL führt zu {1}, darum wird der gespeicherte API-Schlüssel nicht gesendet. Auch MINT_API_KEY setzen "
        "oder die Adresse in Blender bestätigen."
    ),
    "The job journal {1} cannot be opened ({2}). {3}": "Das Auftragsjournal {1} lässt sich nicht öffnen ({2}). {3}",
    "The job journal {1} cannot be read or written ({2}). {3}": (
        "Das Auftragsjournal {1} lässt sich nicht lesen oder schreiben ({2}). {3}"
    ),
}

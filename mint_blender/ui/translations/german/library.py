# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about the library."""

TEXTS = {
    "Asset library: looking what is new…": "Asset-Bibliothek: sucht Neues…",
    "Asset library: {1} of {2}": "Asset-Bibliothek: {1} von {2}",
    ", {1} failed": ", {1} fehlgeschlagen",
    "Asset library: {1} saved, {2} unchanged{3}": "Asset-Bibliothek: {1} gespeichert, {2} unverändert{3}",
    "The asset library was not finished; sync again to go on.": "Die Asset-Bibliothek wurde nicht fertig; ein neuer Abgleich geht weiter.",
    "Stopped; sync again to go on.": "Angehalten; ein neuer Abgleich geht weiter.",
    "{1} was changed since it was saved, so it was left as it is. Rename it to get the new version beside it.": (
        "{1} wurde seit dem Speichern geändert und daher nicht angerührt. Umbenennen, um die neue Version daneben zu bekommen."
    ),
    "{1} is not a file of this library's sync, so it was left as it is.": (
        "{1} ist keine Datei vom Abgleich dieser Bibliothek und wurde daher nicht angerührt."
    ),
    "A model": "Ein Modell",
    "A world": "Eine Welt",
    "Light": "Leicht",
    "Keeps the most detail": "Behält am meisten Details",
    "Moderate": "Mittel",
    "The usual balance": "Die übliche Mischung",
    "Aggressive": "Stark",
    "The smallest file": "Die kleinste Datei",
    "Read the newest entries of the library again": "Die neuesten Einträge der Bibliothek noch einmal lesen",
    "Refresh Mint Library": "Mint-Bibliothek aktualisieren",
    "Load the next entries of the library from Mint": "Die nächsten Einträge der Bibliothek von Mint laden",
    "Load More": "Mehr laden",
    "Show the entries before or after these; past the last one, more is loaded from Mint": (
        "Die Einträge davor oder danach zeigen; nach dem letzten wird von Mint nachgeladen"
    ),
    "Turn Page": "Blättern",
    "Show the details of this entry; once more, and they are put away": (
        "Einzelheiten dieses Eintrags zeigen; noch einmal, und sie sind wieder weg"
    ),
    "Details": "Einzelheiten",
    "Bring a Model or World that was made before into the scene, at the 3D cursor. What is still being made comes when it is done": (
        "Ein früher erzeugtes Modell oder eine Welt zum 3D-Cursor in die Szene holen. Was noch in Arbeit ist, kommt, wenn es fertig ist"
    ),
    "Import from Mint Library": "Aus der Mint-Bibliothek importieren",
    "Id": "Kennung",
    "The id of the model or world at Mint": "Die Kennung des Modells oder der Welt bei Mint",
    "Have Mint make a lighter version of this model, which takes the place of the one in the scene. It costs Credits": (
        "Mint eine leichtere Fassung dieses Modells machen lassen, die das Modell in der Szene ersetzt. Das kostet Credits"
    ),
    "Optimize Model": "Modell optimieren",
    "The id of the model at Mint": "Die Kennung des Modells bei Mint",
    "Level": "Stufe",
    "Optimize": "Optimieren",
    "Nothing was started. {1}": "Es wurde nichts gestartet. {1}",
    "This entry is not in the list (any more): refresh the library.": (
        "Dieser Eintrag ist nicht (mehr) in der Liste: die Bibliothek aktualisieren."
    ),
    "Copy the prompt (of a World: Mint's description of it) to the clipboard": (
        "Den Prompt (bei einer Welt Mints Beschreibung) in die Zwischenablage kopieren"
    ),
    "Copy Prompt": "Prompt kopieren",
    "Mint does not tell the prompt of this one.": "Mint nennt den Prompt hierzu nicht.",
    "The prompt is on the clipboard.": "Der Prompt ist in der Zwischenablage.",
    "Folder": "Ordner",
    "The asset library's folder": "Der Ordner der Asset-Bibliothek",
    "No folder was given.": "Es wurde kein Ordner angegeben.",
    "A sync is running already: wait for it, or stop it.": "Ein Abgleich läuft schon: warten oder anhalten.",
    "The sync could not be started: {1}": "Der Abgleich konnte nicht gestartet werden: {1}",
    "The asset library is not complete (exit status {1}).": "Die Asset-Bibliothek ist nicht vollständig (Endstatus {1}).",
    "Save every Model and World that is not there yet into an asset library, for the Asset Browser. Files of yours are left alone": (
        "Alle Modelle und Welten, die noch fehlen, für den Asset-Browser in eine Asset-Bibliothek speichern. Eigene Dateien "
        "bleiben unberührt"
    ),
    "Sync to Asset Library…": "In Asset-Bibliothek abgleichen…",
    "Save this one into an asset library, for the Asset Browser": "Dies für den Asset-Browser in eine Asset-Bibliothek speichern",
    "Save to Asset Library…": "In Asset-Bibliothek speichern…",
    "Stop saving into the asset library. What is saved stays, and the next sync goes on": (
        "Das Speichern in die Asset-Bibliothek anhalten. Gespeichertes bleibt, und der nächste Abgleich geht weiter"
    ),
    "Stop Sync": "Abgleich anhalten",
    "That is not an id of Mint's: ids have only letters, digits, _ and -.": (
        "Das ist keine Kennung von Mint: Kennungen bestehen nur aus Buchstaben, Ziffern, _ und -."
    ),
    "Library": "Bibliothek",
    "Search": "Suchen",
    "Nothing has been made yet.": "Es wurde noch nichts erzeugt.",
    "Nothing of what is loaded fits.": "Nichts vom Geladenen passt.",
    "Loading…": "Lädt…",
    "{1}–{2} of {3}": "{1}–{2} von {3}",
    "Collider: {1}": "Kollisionsnetz: {1}",
    "Import When Done": "Importieren, wenn fertig",
    "Import": "Importieren",
    "The asset library {1} cannot be used: {2}.": "Die Asset-Bibliothek {1} kann nicht verwendet werden: {2}.",
    "{1} was not saved: {2}": "{1} wurde nicht gespeichert: {2}",
    "Mint names no file for it.": "Mint nennt dafür keine Datei.",
    "Models and Worlds": "Modelle und Welten",
    "Models": "Modelle",
    "3D Models": "3D-Modelle",
    "Worlds": "Welten",
    "Any State": "Jeder Zustand",
    "Whatever became of it": "Was immer daraus wurde",
    "What can be imported": "Was importiert werden kann",
    "Being Made": "In Arbeit",
    "What Mint is still working on": "Woran Mint noch arbeitet",
    "What Mint could not make, or what was canceled": "Was Mint nicht erzeugen konnte oder was abgebrochen wurde",
    "Newest First": "Neueste zuerst",
    "By date": "Nach Datum",
    "Oldest First": "Älteste zuerst",
    "By date, among what is loaded": "Nach Datum, unter dem Geladenen",
    "By name, among what is loaded": "Nach Namen, unter dem Geladenen",
    "State": "Zustand",
    "Sort": "Sortieren",
    "Words": "Wörter",
    "Words that have to be in name or prompt": "Wörter, die in Name oder Prompt vorkommen müssen",
    "{1} vertices, {2} faces, {3}": "{1} Vertices, {2} Flächen, {3}",
    "Copy": "Kopieren",
    "Look through no more of the library. What was found stays": "Die Bibliothek nicht weiter durchsuchen. Was gefunden wurde, bleibt",
    "Stop Search": "Suche anhalten",
    "Nothing fits.": "Nichts passt.",
    "A sync of {1} is running already: wait for it, or stop it. Nothing was changed.": (
        "{1} wird gerade schon abgeglichen: darauf warten oder den Abgleich anhalten. Es wurde nichts geändert."
    ),
    "Searching… {1} looked through": "Sucht… {1} durchgesehen",
    "All {1} looked through": "Alle {1} durchgesehen",
    "{1} looked through, there are more": "{1} durchgesehen, es gibt noch mehr",
    "In order among the {1} that are loaded": "Geordnet unter den {1} geladenen",
    "It is in the list of jobs above, where it can be decided about.": (
        "Steht oben in der Liste der Aufträge, wo darüber entschieden werden kann."
    ),
    "It was begun elsewhere. Here it can be waited for; to approve, pay or cancel is up to whoever began it.": (
        "Anderswo begonnen. Hier kann darauf gewartet werden; freigeben, bezahlen oder abbrechen kann nur, wer es begonnen hat."
    ),
}

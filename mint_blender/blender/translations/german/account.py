# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a job is, and the file it is kept in."""

from __future__ import annotations

TEXTS = {
    "The job journal {1} cannot be {2} ({3}). {4}": "Das Auftragsjournal {1} kann nicht {2} werden ({3}). {4}",
    "Check the folder and the room on its disk, or set MINT_BLENDER_HOME.": (
        "Den Ordner und den freien Platz prüfen oder MINT_BLENDER_HOME setzen."
    ),
    "The disk is full: make room on it, then try again.": "Der Datenträger ist voll: Platz schaffen und noch einmal versuchen.",
    "Another program is using it: close that one, or try again in a moment.": (
        "Ein anderes Programm benutzt es: dieses beenden oder es gleich noch einmal versuchen."
    ),
    "It is no journal, or is damaged. Keep it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "Es ist kein Journal oder ist beschädigt. Die Datei aufheben: in einen anderen Ordner verschieben oder MINT_BLENDER_HOME setzen."
    ),
    "It is damaged. Keep it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "Es ist beschädigt. Die Datei aufheben: in einen anderen Ordner verschieben oder MINT_BLENDER_HOME setzen."
    ),
    "Allow writing to it and its folder, or set MINT_BLENDER_HOME.": (
        "Das Schreiben in die Datei und ihren Ordner erlauben oder MINT_BLENDER_HOME setzen."
    ),
}

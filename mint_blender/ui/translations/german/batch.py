# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about many prompts at once."""

TEXTS = {
    "Side by Side": "Nebeneinander",
    "Each lands when it is done, beside the others, from the 3D cursor on": (
        "Jedes landet, wenn es fertig ist, neben den anderen, vom 3D-Cursor an"
    ),
    "Wait as Ready": "Bereithalten",
    "None lands by itself: place those that you like": "Keines landet von selbst: platzieren, was gefällt",
    "There are no prompts in this text: write one a line.": "In diesem Text sind keine Prompts: einen pro Zeile schreiben.",
    "Generate each line of a text: one prompt a line, each a job of its own": (
        "Jede Zeile eines Textes erzeugen: ein Prompt pro Zeile, jeder ein eigener Auftrag"
    ),
    "Generate Each Line with Mint": "Jede Zeile mit Mint erzeugen",
    "Generate Each Line with Mint…": "Jede Zeile mit Mint erzeugen…",
    "Mint: Each Line of a Text…": "Mint: Jede Zeile eines Textes…",
    "The text whose lines are the prompts": "Der Text, dessen Zeilen die Prompts sind",
    "Results": "Ergebnisse",
    "What becomes of the results": "Was aus den Ergebnissen wird",
    "Spacing": "Abstand",
    "From one result to the next; a wider one takes the room that it needs": (
        "Von einem Ergebnis zum nächsten; ein breiteres nimmt den Platz, den es braucht"
    ),
    "There is no text: write one in the Text Editor, one prompt a line": (
        "Es gibt keinen Text: im Texteditor einen schreiben, einen Prompt pro Zeile"
    ),
    "Generate All": "Alle erzeugen",
    "There is no text “{1}” in this file.": "In dieser Datei gibt es keinen Text „{1}“.",
    "Line {1}: {2}": "Zeile {1}: {2}",
    "{1} prompt": "{1} Prompt",
    "{1} prompts": "{1} Prompts",
    "{1}, about {2} Credits in all": "{1}, zusammen etwa {2} Credits",
    "{1} of {2} prompts came to nothing:": "Aus {1} von {2} Prompts ist nichts geworden:",
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about what is done with a result afterwards."""

TEXTS = {
    "fbx": "FBX",
    "obj": "OBJ",
    "stl": "STL",
    "usdz": "USDZ",
    "The file that came is no {1} file.": "Die Datei, die gekommen ist, ist keine {1}-Datei.",
    "Optimizing is for models.": "Optimieren lassen sich nur Modelle.",
    "Only models can be converted.": "Nur Modelle lassen sich konvertieren.",
    "Choose at least one format.": "Mindestens ein Format auswählen.",
    "{1} is being converted already ({2}): wait for that, or go on with it.": (
        "{1} wird bereits konvertiert ({2}): abwarten oder damit fortfahren."
    ),
    "Saved": "Gespeichert",
    "Converting": "Wird konvertiert",
    "The model was not optimized. {1}": "Das Modell wurde nicht optimiert. {1}",
    "Mint has made no {1} file of it.": "Mint hat keine {1}-Datei daraus gemacht.",
    "Mint could not convert the model ({1}): retry, or choose another format.": (
        "Mint konnte das Modell nicht konvertieren ({1}): erneut versuchen oder ein anderes Format wählen."
    ),
    "It has not failed: there is nothing to retry.": "Es ist nicht fehlgeschlagen: es gibt nichts, was man erneut versuchen könnte.",
    "FBX": "FBX",
    "OBJ": "OBJ",
    "STL": "STL",
    "USDZ": "USDZ",
    "For game engines and most 3D programs": "Für Game-Engines und die meisten 3D-Programme",
    "Plain shapes; nearly every program reads it": "Nur Formen; fast jedes Programm liest es",
    "For 3D printing; without colors": "Für den 3D-Druck; ohne Farben",
    "For augmented reality on Apple devices": "Für Augmented Reality auf Apple-Geräten",
    "Save this model as FBX, OBJ, STL or USDZ. What Mint has to convert first costs Credits; files of yours are not overwritten": (
        "Dieses Modell als FBX, OBJ, STL oder USDZ speichern. Was Mint erst konvertieren muss, kostet Credits; eigene "
        "Dateien werden nicht überschrieben"
    ),
    "Convert Model": "Modell konvertieren",
    "Formats": "Formate",
    "One, or several with Shift": "Eines, oder mehrere mit Umschalt",
    "Where the files are saved": "Wo die Dateien gespeichert werden",
    "What Mint has to convert first costs Credits. A file that is there already is not overwritten.": (
        "Was Mint erst konvertieren muss, kostet Credits. Eine vorhandene Datei wird nicht überschrieben."
    ),
    "A new attempt at what failed at Mint. It costs Credits again": (
        "Ein neuer Versuch für das, was bei Mint fehlgeschlagen ist. Er kostet wieder Credits"
    ),
    "Retry Generation": "Erzeugung erneut versuchen",
    "Generate this once more with the same settings, or with another prompt. It costs Credits again": (
        "Das noch einmal mit denselben Einstellungen oder mit einem anderen Prompt erzeugen. Es kostet wieder Credits"
    ),
    "Generate Again": "Noch einmal erzeugen",
    "Another prompt; empty: the same": "Ein anderer Prompt; leer: derselbe",
    "The reference picture {1} is no longer on disk.": "Das Referenzbild {1} ist nicht mehr auf dem Datenträger.",
    "Put this into the form above, to change it and generate something like it. Nothing is started": (
        "Das in das Formular oben übernehmen, um es zu ändern und etwas Ähnliches zu erzeugen. Es wird nichts gestartet"
    ),
    "Use as Draft": "Als Entwurf verwenden",
    "{1} reference pictures": "{1} Referenzbilder",
    "Optimized": "Optimiert",
    "Off": "Aus",
    "Take the model as it was made": "Das Modell nehmen, wie es erzeugt wurde",
    "Optimize Afterwards": "Danach optimieren",
    "Have Mint make a lighter file of the model, which is taken instead. That costs Credits beside the generation": (
        "Mint eine leichtere Datei des Modells machen lassen, die stattdessen genommen wird. Das kostet Credits zusätzlich zur Erzeugung"
    ),
    "Saved in {1}": "Gespeichert in {1}",
    "Open Folder": "Ordner öffnen",
    "Optimize…": "Optimieren …",
    "Convert…": "Konvertieren …",
    "Generate Again…": "Noch einmal erzeugen …",
    "{1}: the Preview is no longer on disk.": "{1}: die Vorschau ist nicht mehr auf dem Datenträger.",
    "{1} waits for no decision.": "{1} wartet auf keine Entscheidung.",
    "Nothing is optimized. {1}": "Es wird nichts optimiert. {1}",
    "It costs Credits.": "Das kostet Credits.",
    "It costs about {1} Credits.": "Das kostet etwa {1} Credits.",
}

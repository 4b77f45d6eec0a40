# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about panels, menus and preferences."""

TEXTS = {
    "Waits: online access is off": "Wartet: Online-Zugriff ist aus",
    "Mint cannot be reached, trying again in {1} s": "Mint nicht erreichbar, neuer Versuch in {1} s",
    "longer than usual": "länger als üblich",
    "about {1}": "etwa {1}",
    "What should change?": "Was soll anders werden?",
    "{1} of {2}": "{1} von {2}",
    "More Credits are needed.": "Es fehlen Credits.",
    "One more Credit is needed.": "Es fehlt noch ein Credit.",
    "{1} more Credits are needed.": "Es fehlen noch {1} Credits.",
    "API key": "API-Schlüssel",
    "Check": "Prüfen",
    "Asking Mint…": "Mint wird gefragt…",
    "Accepted: {1}": "Angenommen: {1}",
    "Job": "Auftrag",
    "Look Closer": "Genauer ansehen",
    "Approve Without Picture": "Ohne Bild freigeben",
    "Back to Preview {1}": "Zurück zu Vorschau {1}",
    "Which Preview was looked at; 0: the newest": "Welche Vorschau betrachtet wurde; 0: die neueste",
    "{1}: Mint can only make the newest Preview, number {2}. Look at that one first.": (
        "{1}: Mint kann nur die neueste Vorschau ausführen, Nummer {2}. Bitte zuerst diese ansehen."
    ),
    "{1} waits for you in the list of jobs ({2}): decide about it there.": (
        "{1} wartet in der Auftragsliste auf eine Entscheidung ({2}): bitte dort entscheiden."
    ),
    "At its Preview: whoever started it may have to approve it": "Vorschau liegt vor: wer es gestartet hat, muss sie vielleicht freigeben",
    "Needs Credits: up to whoever started it": "Braucht Credits: von dem, der es gestartet hat",
    "Copy Report": "Bericht kopieren",
    "Add > Mint": "Hinzufügen > Mint",
    "Mint: {1} jobs, next: {2}": "Mint: {1} Aufträge, nächster: {2}",
    "More": "Mehr",
    "After the prompt": "Nach dem Prompt",
    "Prompt from": "Prompt aus",
    "Jobs": "Aufträge",
    "{1} in flight": "{1} in Arbeit",
    "Online access is off": "Online-Zugriff ist aus",
    "Mint generates on its servers. Allow Blender to go online to use it.": (
        "Mint erzeugt auf seinen Servern. Dafür muss Blender online gehen dürfen."
    ),
    "An API key is needed": "Ein API-Schlüssel wird gebraucht",
    "Mint's API is in beta: ask for access, then make a key and paste it here.": (
        "Mints API ist in der Beta: Zugang erbitten, dann einen Schlüssel anlegen und hier einfügen."
    ),
    "{1} of {2} characters": "{1} von {2} Zeichen",
    "Generate  ·  {1} Credits": "Erzeugen  ·  {1} Credits",
    "Mint does not tell the price": "Mint nennt den Preis nicht",
    "Leaves {1} Credits": "Danach bleiben {1} Credits",
    "{1} Credits are missing": "Es fehlen {1} Credits",
    "API Key": "API-Schlüssel",
    "Your Mint API key. Blender keeps it unencrypted in your preferences; the variable MINT_API_KEY is the other way": (
        "Der eigene Mint-API-Schlüssel. Blender speichert ihn unverschlüsselt in den Einstellungen; der andere Weg ist die "
        "Variable MINT_API_KEY"
    ),
    "Base URL": "Basis-URL",
    "Where Mint's API is; leave empty for the usual address": "Wo Mints API ist; leer lassen für die übliche Adresse",
    "Advanced": "Erweitert",
    "Account": "Konto",
    "The key comes from the environment variable MINT_API_KEY, which wins over the field.": (
        "Der Schlüssel kommt aus der Umgebungsvariable MINT_API_KEY; sie geht dem Feld vor."
    ),
    "Blender keeps the key unencrypted in your user preferences. MINT_API_KEY in the environment is the other way.": (
        "Blender speichert den Schlüssel unverschlüsselt in den Benutzereinstellungen. Der andere Weg ist MINT_API_KEY in der Umgebung."
    ),
    "Online access is on": "Online-Zugriff ist an",
    "Usage": "Nutzung",
    "Refresh": "Aktualisieren",
    "Not read yet.": "Noch nicht gelesen.",
    "Read at {1}": "Gelesen um {1}",
    "Credits available": "Verfügbare Credits",
    "Included": "Inbegriffen",
    "Topped up": "Aufgeladen",
    "Bonus": "Bonus",
    "Subscription": "Abonnement",
    "Defaults": "Vorgaben",
    "Downloads and Journal": "Downloads und Journal",
    "Measure": "Messen",
    "Clear": "Entfernen",
    "MINT_API_BASE_URL in the environment wins over the field.": "MINT_API_BASE_URL in der Umgebung geht dem Feld vor.",
    "Log: {1}": "Protokoll: {1}",
    "Approve": "Freigeben",
    "Cancel": "Abbrechen",
    "Revise": "Ändern",
    "Buy Credits": "Credits kaufen",
    "Resume": "Fortsetzen",
    "Retry": "Erneut versuchen",
    "Import Anyway": "Trotzdem importieren",
    "Hand the file to Blender's importer without our check, also one that it refused. Blender may crash on it": (
        "Die Datei ohne unsere Prüfung an Blenders Importer geben, auch eine abgelehnte. Blender kann dabei abstürzen"
    ),
    "This file did not pass the check. Blender may crash while importing it: save your work first.": (
        "Diese Datei hat die Prüfung nicht bestanden. Blender kann beim Importieren abstürzen: vorher die Arbeit speichern."
    ),
    "Place at 3D Cursor": "Am 3D-Cursor platzieren",
    "Replace Model": "Modell ersetzen",
    "Replace World": "Welt ersetzen",
    "Place Mint Result": "Mint-Ergebnis platzieren",
    "A result of Mint was placed": "Ein Ergebnis von Mint wurde platziert",
    "Place Again": "Noch einmal platzieren",
    "Mint 3D Model…": "Mint-3D-Modell…",
    "Mint World…": "Mint-Welt…",
    "Ask for Access": "Zugang erbitten",
    "Make a Key": "Schlüssel anlegen",
    "Mint Library: Import…": "Mint-Bibliothek: importieren…",
    "The original file was taken: there is no optimized one.": "Die Originaldatei wurde genommen: es gibt keine optimierte.",
    "The optimized file was taken: DracoPy decoded it, since this Blender has no Draco decoder of its own.": (
        "Die optimierte Datei wurde genommen: DracoPy hat sie dekodiert, da dieses Blender keinen eigenen Draco-Decoder hat."
    ),
    "The optimized file was taken: this Blender can read it.": "Die optimierte Datei wurde genommen: dieses Blender kann sie lesen.",
    "Scaled down from {1} × {2} to {3} × {4} pixels and saved as WebP, {5}.": (
        "Von {1} × {2} auf {3} × {4} Pixel verkleinert und als WebP gespeichert, {5}."
    ),
    "Converted to WebP, {1}; its {2} × {3} pixels stay.": "In WebP umgewandelt, {1}; es bleibt bei {2} × {3} Pixeln.",
    "{1} has no pixels: its file may be missing.": "{1} hat keine Pixel: vielleicht fehlt die Datei.",
    "Nothing was rendered yet: press F12 first.": "Es wurde noch nichts gerendert: zuerst F12 drücken.",
    "The scene has no camera.": "Die Szene hat keine Kamera.",
    "This Blender cannot open it. Convert it with another program.": (
        "Dieses Blender kann es nicht öffnen. Mit einem anderen Programm umwandeln."
    ),
    "The picture could not be saved: {1}": "Das Bild konnte nicht gespeichert werden: {1}",
    "Show Mint what you mean: up to 8 pictures, with a prompt or without.": (
        "Mint zeigen, was gemeint ist: bis zu 8 Bilder, mit oder ohne Prompt."
    ),
    "Add Picture": "Bild hinzufügen",
    "Convert": "Konvertieren",
    "Scale Down": "Verkleinern",
    "Source": "Quelle",
    "Path of our copy, or an https address": "Pfad der eigenen Kopie oder eine https-Adresse",
    "Note": "Notiz",
    "What was done with the picture": "Was mit dem Bild gemacht wurde",
    "Problem": "Problem",
    "Why Mint would not take it as it is": "Warum Mint es so nicht nehmen würde",
    "It is in a format that Mint does not take": "Es hat ein Format, das Mint nicht nimmt",
    "Picture {1}: {2}": "Bild {1}: {2}",
    "This address": "Diese Adresse",
    "There are {1} pictures already, and Mint takes no more: remove one first.": (
        "Es sind schon {1} Bilder, und mehr nimmt Mint nicht: zuerst eins entfernen."
    ),
    "{1} is on the list already.": "{1} ist schon auf der Liste.",
    "It is {1}; Mint takes PNG, JPEG and WebP.": "Es ist {1}; Mint nimmt PNG, JPEG und WebP.",
    "It has {1} MB; Mint takes at most 5 MB.": "Es hat {1} MB; Mint nimmt höchstens 5 MB.",
    "Object > Mint World": "Objekt > Mint-Welt",
    "Mint World": "Mint-Welt",
    "Fetch": "Holen",
    "Flip": "Umdrehen",
    "Size": "Größe",
}

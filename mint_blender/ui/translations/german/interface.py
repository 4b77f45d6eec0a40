# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about operators and forms."""

TEXTS = {
    "Ask Mint whether it accepts the key, and whose it is": "Mint fragen, ob es den Schlüssel annimmt und wem er gehört",
    "Check Key": "Schlüssel prüfen",
    "Read the balance and usage again": "Guthaben und Nutzung neu lesen",
    "Refresh Mint Account": "Mint-Konto aktualisieren",
    "Open the preference that allows Blender to go online": "Die Einstellung öffnen, die Blender den Online-Zugriff erlaubt",
    "Open Preferences": "Einstellungen öffnen",
    "Downloads: not measured yet": "Downloads: noch nicht gemessen",
    "Downloads: {1} MB": "Downloads: {1} MB",
    "Find out how large the downloads are": "Feststellen, wie groß die Downloads sind",
    "Measure Downloads": "Downloads messen",
    "Delete the downloaded files of finished jobs. What is in your scenes stays, and files can be fetched again at no cost": (
        "Die heruntergeladenen Dateien fertiger Aufträge löschen. Was in den Szenen ist, bleibt, und Dateien lassen sich kostenlos "
        "noch einmal holen"
    ),
    "Clear Downloads": "Downloads löschen",
    "Delete Files": "Dateien löschen",
    "Change": "Ändern",
    "What should be different in the next Preview": "Was in der nächsten Vorschau anders sein soll",
    "Preview": "Vorschau",
    "Which of the previews is shown; 0: the newest": "Welche der Vorschauen gezeigt wird; 0: die neueste",
    "3D Model": "3D-Modell",
    "An object: one GLB": "Ein Objekt: eine GLB-Datei",
    "World": "Welt",
    "A place: collider mesh, panorama, splats": "Ein Ort: Kollisionsnetz, Panorama, Splats",
    "Fast": "Schnell",
    "Quick and cheap: to try an idea": "Schnell und günstig: um eine Idee zu probieren",
    "Standard": "Standard",
    "The usual balance of quality, time and Credits": "Die übliche Mischung aus Qualität, Zeit und Credits",
    "Production": "Produktion",
    "The best quality; takes longest and costs most": "Die beste Qualität; dauert am längsten und kostet am meisten",
    "As Prompted": "Wie im Prompt",
    "No particular pose": "Keine besondere Pose",
    "T-Pose": "T-Pose",
    "A humanoid with its arms stretched out; it is not rigged": "Eine Figur mit ausgestreckten Armen; sie hat kein Rig",
    "A-Pose": "A-Pose",
    "A humanoid with its arms lowered; it is not rigged": "Eine Figur mit gesenkten Armen; sie hat kein Rig",
    "3D Cursor": "3D-Cursor",
    "Where the 3D cursor stands at the click on Generate": "Wo der 3D-Cursor beim Klick auf „Erzeugen“ steht",
    "Origin": "Ursprung",
    "At the world's origin": "Im Ursprung der Welt",
    "None": "Keine",
    "Collider mesh and panorama only": "Nur Kollisionsnetz und Panorama",
    "Gaussian splats, about 100,000: quick to show": "Gauß-Splats, etwa 100.000: schnell angezeigt",
    "Gaussian splats, about 500,000": "Gauß-Splats, etwa 500.000",
    "All": "Alle",
    "Gaussian splats, all of them (about 2 million)": "Alle Gauß-Splats (etwa 2 Millionen)",
    "Kind": "Art",
    "What to generate": "Was erzeugt werden soll",
    "Prompt": "Prompt",
    "What to make, in a few words or many": "Was entstehen soll, in wenigen oder vielen Worten",
    "Text": "Text",
    "Take the prompt from this text instead of the field": "Den Prompt aus diesem Text statt aus dem Feld nehmen",
    "Preset": "Vorgabe",
    "Speed and Credits against quality": "Tempo und Credits gegen Qualität",
    "Show Me the Preview First": "Zuerst die Vorschau zeigen",
    "Stop at a preview picture, to approve it or to ask for changes, before the expensive part is made": (
        "Bei einem Vorschaubild anhalten, um es freizugeben oder ändern zu lassen, bevor der teure Teil entsteht"
    ),
    "Name": "Name",
    "What to call the result; empty: named after the prompt": "Wie das Ergebnis heißen soll; leer: nach dem Prompt",
    "Pose": "Pose",
    "A neutral pose for a character": "Eine neutrale Pose für eine Figur",
    "Place At": "Platzieren bei",
    "Where the result lands": "Wo das Ergebnis landet",
    "Scale to Height": "Auf Höhe skalieren",
    "Scale the model to a height; generated sizes are arbitrary": "Das Modell auf eine Höhe skalieren; erzeugte Größen sind beliebig",
    "Height": "Höhe",
    "Height of the model in the scene": "Höhe des Modells in der Szene",
    "Splats": "Splats",
    "Gaussian splats to fetch with a World": "Gauß-Splats, die mit einer Welt geholt werden",
    "Follows Mint's jobs while any are in flight": "Verfolgt Mints Aufträge, solange welche laufen",
    "Follow Mint Jobs": "Mint-Aufträge verfolgen",
    "Open the Preview in an Image Editor of its own window": "Die Vorschau in einem Bildeditor mit eigenem Fenster öffnen",
    "Show another one of the previews so far": "Eine andere der bisherigen Vorschauen zeigen",
    "Other Preview": "Andere Vorschau",
    "More about this job": "Mehr zu diesem Auftrag",
    "Select what this job brought into the scene": "Auswählen, was dieser Auftrag in die Szene gebracht hat",
    "Select Result": "Ergebnis auswählen",
    "This result is not in the current scene.": "Dieses Ergebnis ist nicht in der aktuellen Szene.",
    "Copy what somebody who helps needs to know: ids, state and error, without key and prompt": (
        "Kopieren, was jemand wissen muss, der helfen soll: Kennungen, Zustand und Fehler, ohne Schlüssel und Prompt"
    ),
    "The report is on the clipboard.": "Der Bericht ist in der Zwischenablage.",
    "Open this page of Mint in the web browser": "Diese Seite von Mint im Webbrowser öffnen",
    "Open in Mint": "In Mint öffnen",
    "Address": "Adresse",
    "That is not an address of a web page.": "Das ist keine Adresse einer Webseite.",
    "Mint: {1}: {2}": "Mint: {1}: {2}",
    "Shows a word in the status bar": "Zeigt ein Wort in der Statusleiste",
    "Straight Through": "Ohne Halt",
    "Make the result without stopping": "Das Ergebnis ohne Zwischenhalt erzeugen",
    "Review": "Mit Vorschau",
    "Stop at the Preview, to approve it or ask for changes": "Bei der Vorschau anhalten, um sie freizugeben oder ändern zu lassen",
    "Online access is off. Switch on Preferences > System > Allow Online Access, or start with --online-mode.": (
        "Der Online-Zugriff ist aus. Einstellungen > System > Online-Zugriff erlauben einschalten oder mit --online-mode starten."
    ),
    "Generate a 3D Model or a World from a prompt, with Mint": "Mit Mint ein 3D-Modell oder eine Welt aus einem Prompt erzeugen",
    "Generate with Mint": "Mit Mint erzeugen",
    "What to make": "Was entstehen soll",
    "Mode": "Modus",
    "What to call the result": "Wie das Ergebnis heißen soll",
    "Pictures": "Bilder",
    "Reference pictures: paths or https addresses, separated by semicolons": (
        "Referenzbilder: Pfade oder https-Adressen, durch Semikolons getrennt"
    ),
    "Generate": "Erzeugen",
    "a small ceramic lamp with an orange shade": "eine kleine Keramiklampe mit orangem Schirm",
    "Send this to Mint. You go on working; the result lands in the scene when it is done": (
        "An Mint senden. Die Arbeit geht weiter; das Ergebnis landet in der Szene, wenn es fertig ist"
    ),
    "The job's id, or the beginning of it": "Die Kennung des Auftrags oder ihr Anfang",
    "Accept this Preview: Mint makes the final result of it": "Diese Vorschau annehmen: Mint macht daraus das Endergebnis",
    "Approve Preview": "Vorschau freigeben",
    "Ask for another Preview with what you wrote": "Mit dem geschriebenen Wunsch eine neue Vorschau anfordern",
    "Revise Preview": "Vorschau überarbeiten",
    "What should be different": "Was anders sein soll",
    "Go on with this job: nothing is started or paid twice": "Diesen Auftrag fortsetzen: nichts wird doppelt gestartet oder bezahlt",
    "Resume Job": "Auftrag fortsetzen",
    "A new attempt at this job. It costs Credits again": "Ein neuer Versuch dieses Auftrags. Er kostet wieder Credits",
    "Retry Job": "Auftrag erneut versuchen",
    "Stop this job, at Mint too": "Diesen Auftrag anhalten, auch bei Mint",
    "Cancel Job": "Auftrag abbrechen",
    "Take this job off the list. What is in your scene stays": "Diesen Auftrag von der Liste nehmen. Was in der Szene ist, bleibt",
    "Dismiss Job": "Auftrag entfernen",
    "Bring this result into the current scene, where its prompt was clicked or at the 3D cursor": (
        "Dieses Ergebnis in die aktuelle Szene holen, an den Ort des Klicks oder zum 3D-Cursor"
    ),
    "Place Result": "Ergebnis platzieren",
    "{1} is not ready to place: {2}.": "{1} ist nicht bereit zum Platzieren: {2}.",
    "Go on with every job that was paused or broken off": "Alle angehaltenen oder abgebrochenen Aufträge weiterführen",
    "Resume All Mint Jobs": "Alle Mint-Aufträge fortsetzen",
    "Stop every job that is in flight, at Mint too": "Alle laufenden Aufträge anhalten, auch bei Mint",
    "Cancel All Mint Jobs": "Alle Mint-Aufträge abbrechen",
    "Stop All Jobs": "Alle anhalten",
    "What shall it be?": "Was soll es werden?",
    "Auto": "Automatisch",
    "Visible with the panorama on it, unless splats are shown": "Sichtbar mit dem Panorama darauf, außer es werden Splats gezeigt",
    "Physics Only": "Nur Physik",
    "Drawn as wire and not rendered": "Als Draht gezeichnet und nicht gerendert",
    "Visible": "Sichtbar",
    "Solid and rendered, with the panorama on it": "Massiv und gerendert, mit dem Panorama darauf",
    "It is not even fetched": "Es wird gar nicht erst geholt",
    "Collider": "Kollisionsnetz",
    "What the mesh of floors and walls is for": "Wozu das Netz aus Böden und Wänden dient",
    "Rigid Body": "Starrkörper",
    "Make the collider a passive rigid body: things fall onto it": (
        "Das Kollisionsnetz zum passiven Starrkörper machen: Dinge fallen darauf"
    ),
    "Panorama as Scene World": "Panorama als Welt der Szene",
    "Light the scene with the panorama. The earlier World of the scene is kept and comes back with one click": (
        "Die Szene mit dem Panorama beleuchten. Die bisherige Welt der Szene bleibt erhalten und kommt mit einem Klick zurück"
    ),
    "Start Camera": "Startkamera",
    "Add a camera where the panorama was taken": "Eine Kamera hinzufügen, wo das Panorama aufgenommen wurde",
    "Viewport": "Ansichtsfenster",
    "What this 3D View shows, without grid and handles": "Was diese 3D-Ansicht zeigt, ohne Raster und Anfasser",
    "Camera's View": "Kamerasicht",
    "What the scene's camera sees, drawn as in this 3D View": "Was die Kamera der Szene sieht, gezeichnet wie in dieser 3D-Ansicht",
    "Scale down what is too large, and convert what is in a format that Mint does not take": (
        "Zu Großes verkleinern und umwandeln, was in einem Format ist, das Mint nicht nimmt"
    ),
    "Add pictures from files. They show Mint what you mean, and can be sent with a prompt or without": (
        "Bilder aus Dateien hinzufügen. Sie zeigen Mint, was gemeint ist, mit oder ohne Prompt"
    ),
    "Add Pictures from Files": "Bilder aus Dateien hinzufügen",
    "Scale Down or Convert if Needed": "Bei Bedarf verkleinern oder umwandeln",
    "No file was chosen.": "Es wurde keine Datei ausgewählt.",
    "Pictures that go with the next prompt: {1}": "Bilder für den nächsten Prompt: {1}",
    "Add a picture that lies on the web": "Ein Bild aus dem Web hinzufügen",
    "Add Picture from Web Address": "Bild von Webadresse hinzufügen",
    "Starts with https://": "Beginnt mit https://",
    "Add": "Hinzufügen",
    "https://": "https://",
    "Add an image of this Blender file, as it is now": "Ein Bild dieser Blender-Datei hinzufügen, wie es jetzt ist",
    "Add Picture from Blender Image": "Blender-Bild hinzufügen",
    "Image": "Bild",
    "There is no image {1} in this file.": "In dieser Datei gibt es kein Bild {1}.",
    "No image was chosen.": "Es wurde kein Bild ausgewählt.",
    "Render": "Rendern",
    "Add the last render": "Das letzte Rendering hinzufügen",
    "Add Picture from Render Result": "Render-Ergebnis hinzufügen",
    "Add a capture of this 3D View, or of what the camera sees": "Eine Aufnahme dieser 3D-Ansicht oder der Kamerasicht hinzufügen",
    "Add Picture of View": "Bild der Ansicht hinzufügen",
    "View": "Ansicht",
    "This needs a 3D View with a window.": "Das braucht eine 3D-Ansicht mit Fenster.",
    "Picture": "Bild",
    "Its place on the list, from 0": "Der Platz in der Liste, von 0 an",
    "Make of this picture one that Mint takes. Your own file is not changed": (
        "Aus diesem Bild eins machen, das Mint nimmt. Die eigene Datei wird nicht geändert"
    ),
    "Scale Down or Convert": "Verkleinern oder umwandeln",
    "Take this picture off the list. Your own file stays": "Dieses Bild von der Liste nehmen. Die eigene Datei bleibt",
    "Remove Picture": "Bild entfernen",
    "Move this picture: the first one counts most": "Dieses Bild verschieben: das erste zählt am meisten",
    "Move Picture": "Bild verschieben",
    "By": "Um",
    "Add > Mint > Reference Picture, and the button in the panel": "Hinzufügen > Mint > Referenzbild, und der Knopf im Panel",
    "Reference Picture": "Referenzbild",
    "Files…": "Dateien…",
    "Web Address…": "Webadresse…",
    "Blender Image…": "Blender-Bild…",
    "Render Result": "Render-Resultat",
    "Reference Picture for Mint": "Referenzbild für Mint",
    "The mesh of floors and walls": "Das Netz aus Böden und Wänden",
    "Panorama": "Panorama",
    "The picture of all directions": "Das Rundumbild",
    "The Gaussian splats": "Die Gauß-Splats",
    "The job that made this World is no longer on the list. Bring the World in from the library instead.": (
        "Der Auftrag, der diese Welt erzeugte, ist nicht mehr auf der Liste. Die Welt stattdessen aus der Bibliothek holen."
    ),
    "The job that made this World is not at rest. Wait until it is done.": (
        "Der Auftrag, der diese Welt erzeugte, läuft noch. Warten, bis er fertig ist."
    ),
    "Select a Mint World, or something in it.": "Eine Mint-Welt oder etwas darin auswählen.",
    "This World is linked from another file and can be changed only there.": (
        "Diese Welt ist aus einer anderen Datei verknüpft und nur dort änderbar."
    ),
    "A part of this World is being edited. Go back to Object Mode first.": (
        "Ein Teil dieser Welt wird gerade bearbeitet. Zuerst in den Objektmodus zurückkehren."
    ),
    "This World has no collider in the scene.": "Diese Welt hat in der Szene kein Kollisionsnetz.",
    "Turn this World over, for one that hangs upside down. Its camera stays upright": (
        "Diese Welt umdrehen, wenn sie kopfüber hängt. Ihre Kamera bleibt aufrecht"
    ),
    "Flip World": "Welt umdrehen",
    "Turn the collider alone over, for one that hangs upside down while panorama or splats are right": (
        "Nur das Kollisionsnetz umdrehen, wenn es kopfüber hängt, Panorama oder Splats aber richtig stehen"
    ),
    "Flip Collider": "Kollisionsnetz umdrehen",
    "What the collider is: a place to look at, or a shape for physics": (
        "Was das Kollisionsnetz ist: ein Ort zum Ansehen oder eine Form für die Physik"
    ),
    "Show Collider": "Kollisionsnetz zeigen",
    "Make the collider a passive rigid body, onto which things fall, or take that away": (
        "Das Kollisionsnetz zum passiven Starrkörper machen, auf den Dinge fallen, oder das zurücknehmen"
    ),
    "Collider as Rigid Body": "Kollisionsnetz als Starrkörper",
    "Make the panorama the scene's World. The World that is there is kept": (
        "Das Panorama zur Welt der Szene machen. Die jetzige Welt bleibt erhalten"
    ),
    "This World has no panorama in the scene.": "Diese Welt hat in der Szene kein Panorama.",
    "Give the scene back the World that it had before a panorama took its place": (
        "Der Szene die Welt zurückgeben, die sie vor dem Panorama hatte"
    ),
    "Restore Earlier World": "Frühere Welt wiederherstellen",
    "The scene shows no panorama of a Mint World.": "Die Szene zeigt kein Panorama einer Mint-Welt.",
    "Turn these splats into Blender's own, which are quicker and sharper": (
        "Aus diesen Splats Blenders eigene machen; die sind schneller und schärfer"
    ),
    "Make Splats Native": "Splats nativ machen",
    "This Blender has no splats of its own: they come with Blender 5.3.": (
        "Dieses Blender hat keine eigenen Splats: sie kommen mit Blender 5.3."
    ),
    "This World has no splats in the scene.": "Diese Welt hat in der Szene keine Splats.",
    "Add a part that was left out or taken away; its file is here already": (
        "Einen Teil hinzufügen, der weggelassen oder entfernt wurde; die Datei ist schon da"
    ),
    "Add Part": "Teil hinzufügen",
    "Part": "Teil",
    "The file of this part is not on disk. Fetch it: that costs nothing.": (
        "Die Datei dieses Teils liegt nicht auf dem Datenträger. Holen kostet nichts."
    ),
    "Take a part of this World out of the scene. Its file is kept, so it can be added again": (
        "Einen Teil dieser Welt aus der Szene nehmen. Die Datei bleibt und kann wieder hinzugefügt werden"
    ),
    "Remove Part": "Teil entfernen",
    "Download a part of this World that was left out; it appears in its place when it is here. Costs nothing": (
        "Einen weggelassenen Teil dieser Welt herunterladen; er erscheint an seinem Platz, wenn er da ist. Kostet nichts"
    ),
    "Fetch Part": "Teil holen",
    "How many splats": "Wie viele Splats",
}

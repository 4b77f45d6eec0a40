# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about what comes into the scene."""

TEXTS = {
    "There is no model file of {1} on disk. Fetch it again: that costs nothing.": (
        "Von {1} liegt keine Modelldatei auf dem Datenträger. Noch einmal holen: Das kostet nichts."
    ),
    "Imported without our check: {1}": "Ohne unsere Prüfung importiert: {1}",
    "The {1} file of {2} is no longer on disk. Fetch it again: that costs nothing.": (
        "Diese Datei von {2} liegt nicht mehr auf dem Datenträger: {1}. Noch einmal holen, das kostet nichts."
    ),
    "Mint": "Mint",
    "The collider {1} has no surface: not one triangle arrived. The file is kept; nothing was imported.": (
        "Das Kollisionsnetz {1} hat keine Oberfläche: kein Dreieck kam an. Die Datei bleibt; nichts wurde importiert."
    ),
    "“{1}” is damaged: a part compressed with Draco cannot be decoded. Download the model again.": (
        "„{1}“ ist beschädigt: ein mit Draco komprimierter Teil lässt sich nicht dekodieren. Das Modell noch einmal herunterladen."
    ),
    "{1} has {2} numbers a vertex, not {3} as it says": "{1} hat {2} Zahlen je Vertex, nicht {3} wie angegeben",
    "A part compressed with Draco announces {1} triangles, more than the {2} that are accepted.": (
        "Ein mit Draco komprimierter Teil kündigt {1} Dreiecke an, mehr als die {2}, die angenommen werden."
    ),
    "“{1}” holds no objects. The file is kept; nothing was imported.": (
        "„{1}“ enthält keine Objekte. Die Datei bleibt; nichts wurde importiert."
    ),
    "“{1}” cannot be imported. {2} The file is kept; nothing was imported.": (
        "„{1}“ kann nicht importiert werden. {2} Die Datei bleibt; nichts wurde importiert."
    ),
    "{1} The file is kept; nothing was imported.": "{1} Die Datei bleibt; nichts wurde importiert.",
    "Blender could not read “{1}”: {2}. The file is kept; nothing was imported.": (
        "Blender konnte „{1}“ nicht lesen: {2}. Die Datei bleibt; nichts wurde importiert."
    ),
    "Blender could not read “{1}” and gave no reason. The file is kept; nothing was imported.": (
        "Blender konnte „{1}“ nicht lesen und nannte keinen Grund. Die Datei bleibt; nichts wurde importiert."
    ),
    "The scene “{1}” is linked from another file and cannot be changed. Switch to a scene of this file.": (
        "Die Szene „{1}“ ist aus einer anderen Datei verknüpft und nicht änderbar. Zu einer Szene dieser Datei wechseln."
    ),
    "You had edited “{1}”: the edited one is kept, hidden, as “{2}”.": (
        "Sie hatten „{1}“ bearbeitet: die bearbeitete Fassung bleibt ausgeblendet als „{2}“ erhalten."
    ),
    "You have edited “{1}”. It will be replaced; the edited one is kept, hidden, as “{2} (earlier)”.": (
        "Sie haben „{1}“ bearbeitet. Es wird ersetzt; die bearbeitete Fassung bleibt ausgeblendet als „{2} (earlier)“ erhalten."
    ),
    "You have edited {1} parts of this model. They will be replaced; the edited ones are kept, hidden, as “(earlier)”.": (
        "Sie haben {1} Teile dieses Modells bearbeitet. Sie werden ersetzt; die bearbeiteten bleiben ausgeblendet als „(earlier)“ erhalten."
    ),
    "Mint: {1}": "Mint: {1}",
    "“{1}” has no surface: not one vertex arrived. The file is kept; nothing was imported.": (
        "„{1}“ hat keine Oberfläche: kein Vertex kam an. Die Datei bleibt; nichts wurde importiert."
    ),
    "The model cannot be placed like that: {1}. Nothing was imported.": (
        "Das Modell kann so nicht platziert werden: {1}. Nichts wurde importiert."
    ),
    "Blender cannot read the panorama {1}. Download it again.": "Blender kann das Panorama {1} nicht lesen. Noch einmal herunterladen.",
    "The panorama {1} is {2} × {3} pixels. A picture of all directions is twice as wide as high: not used.": (
        "Das Panorama {1} hat {2} × {3} Pixel. Ein Rundumbild ist doppelt so breit wie hoch: nicht verwendet."
    ),
    "“{1}” is linked from another file and can be replaced only there. Nothing was changed.": (
        "„{1}“ ist aus einer anderen Datei verknüpft und nur dort ersetzbar. Nichts wurde geändert."
    ),
    "“{1}” is being worked on in {2} Mode. Leave it, then replace the model.": (
        "An „{1}“ wird gerade gearbeitet (Modus: {2}). Den Modus verlassen, dann das Modell ersetzen."
    ),
    "“{1}” now carries several moving parts; its own modifiers have nothing to work on.": (
        "„{1}“ hat jetzt mehrere bewegliche Teile; die eigenen Modifikatoren haben nichts mehr, woran sie arbeiten."
    ),
    "This is Blender {1}; splats of its own come with Blender 5.3. Open the file there and try again.": (
        "Dies ist Blender {1}; eigene Splats kommen mit Blender 5.3. Die Datei dort öffnen und noch einmal versuchen."
    ),
    "“{1}” holds no splats.": "„{1}“ enthält keine Splats.",
    "The picture “{1}” could not be rendered: {2}. What was imported is unchanged.": (
        "Das Bild „{1}“ konnte nicht gerendert werden: {2}. Das Importierte ist unverändert."
    ),
    "{1}: {2} (job {3})": "{1}: {2} (Auftrag {3})",
    "Nothing of this World can be shown: there is no collider, no panorama and no file of splats.": (
        "Von dieser Welt ist nichts zu zeigen: es gibt kein Kollisionsnetz, kein Panorama und keine Splat-Datei."
    ),
    "if it hangs upside down, flip it.": "hängt sie kopfüber, umdrehen.",
    "The collider does not tell which way is up, so it was taken as Mint makes them; {1}": (
        "Das Kollisionsnetz verrät nicht, wo oben ist, und wurde genommen, wie Mint sie macht; {1}"
    ),
    "The collider of this World was upright already, so it was not turned over; {1}": (
        "Das Kollisionsnetz dieser Welt stand schon aufrecht und wurde nicht umgedreht; {1}"
    ),
    "“{1}” could not be written: {2}. What was imported is unchanged.": (
        "„{1}“ konnte nicht geschrieben werden: {2}. Das Importierte ist unverändert."
    ),
    "This world came without a collider mesh.": "Zu dieser Welt kam kein Kollisionsnetz.",
    "This world came without a panorama.": "Zu dieser Welt kam kein Panorama.",
    "The splats of this World were left out; their addresses ({1}) are on its root.": (
        "Die Splats dieser Welt wurden weggelassen; ihre Adressen ({1}) stehen am Wurzelobjekt."
    ),
    "Blender cannot read RAD; its address is the custom property {1}rad of the root.": (
        "Blender kann RAD nicht lesen; die Adresse ist die Custom Property {1}rad des Wurzelobjekts."
    ),
    "No RAD file came with this World.": "Zu dieser Welt kam keine RAD-Datei.",
    "It is out of sight: the collection “{1}” is switched off. Switch it on in the Outliner to see it.": (
        "Es ist nicht zu sehen: die Collection „{1}“ ist ausgeschaltet. Im Outliner einschalten, um es zu sehen."
    ),
    "The {1} of the earlier version went with it: the new version brings none.": (
        "Mit der früheren Fassung verschwunden: {1}. Die neue bringt das nicht mit."
    ),
    "The collider cannot become a rigid body: the scene's rigid bodies are in the collection “{1}”, which comes from another file. "
    "Choose another one in Properties > Scene > Rigid Body World.": (
        "Das Kollisionsnetz kann kein Starrkörper werden: die Starrkörper der Szene sind in der Collection „{1}“, die aus einer anderen "
        "Datei kommt. Unter Eigenschaften > Szene > Starrkörperwelt eine andere wählen."
    ),
    "Something in the import went wrong ({1}). Nothing is lost: place it again, or copy the report.": (
        "Beim Import ging etwas schief ({1}). Nichts ist verloren: noch einmal platzieren oder den Bericht kopieren."
    ),
    "“{1}” has no counterpart in the new version: what was set on it went with it ({2}).": (
        "„{1}“ hat in der neuen Fassung kein Gegenstück: was daran eingestellt war, ging mit verloren ({2})."
    ),
    "The new version of “{1}” lacks bones that something of yours hung on: {2}.": (
        "Der neuen Fassung von „{1}“ fehlen Knochen, an denen etwas Eigenes hing: {2}."
    ),
    "“{1}” shows a new mesh, on which this of yours has no place: {2}.": (
        "„{1}“ zeigt ein neues Mesh, auf dem dies Eigene keinen Platz hat: {2}."
    ),
    "“{1}” keeps your action; that of the new version is kept in the file as “{2}”.": (
        "„{1}“ behält die eigene Aktion; die der neuen Fassung bleibt als „{2}“ in der Datei."
    ),
    "“{1}” is a library override: its model is in another file and can be replaced only there. Nothing was changed.": (
        "„{1}“ ist eine Bibliotheksüberschreibung: das Modell selbst liegt in einer anderen Datei und ist nur dort ersetzbar. "
        "Nichts wurde geändert."
    ),
    "What you changed on the earlier version is kept in the file as “{1}”; the new version brings its own.": (
        "Was an der früheren Fassung geändert war, bleibt als „{1}“ in der Datei; die neue bringt Eigenes mit."
    ),
    "It is out of sight as long as the 3D Viewport shows the Local View. Leave that with View > Local View.": (
        "Es ist nicht zu sehen, solange der 3D-Viewport die lokale Ansicht zeigt. Verlassen mit Ansicht > Lokale Ansicht."
    ),
}

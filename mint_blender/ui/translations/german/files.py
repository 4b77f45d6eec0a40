# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about downloaded files."""

TEXTS = {
    "The address of the file leads to this computer or into its network ({1}); it was not downloaded.": (
        "Die Adresse der Datei führt zu diesem Computer oder in sein Netzwerk ({1}); sie wurde nicht heruntergeladen."
    ),
    "The address of the file has no host name.": "Die Adresse der Datei nennt keinen Host.",
    "The address of the file at {1} holds a user name or password; such addresses are not used.": (
        "Die Adresse der Datei bei {1} enthält Benutzernamen oder Passwort; solche Adressen werden nicht verwendet."
    ),
    "The file host {1} redirects to this computer ({2}); that is not followed.": (
        "Der Dateiserver {1} leitet auf diesen Rechner um ({2}); dem wird nicht gefolgt."
    ),
    "The file at {1} is offered by “{2}” instead of https; it was not downloaded.": (
        "Die Datei bei {1} wird über „{2}“ statt https angeboten; sie wurde nicht heruntergeladen."
    ),
    "an unnamed host": "einem unbenannten Host",
    "a file from an unreadable address": "eine Datei mit unlesbarer Adresse",
    "{1} from {2}": "{1} von {2}",
    "a file": "eine Datei",
    "The address of the file cannot be read.": "Die Adresse der Datei ist nicht lesbar.",
    "The original file was taken instead of the optimized one: {1}.": "Statt der optimierten wurde die Originaldatei genommen: {1}.",
    "Mint offers only an optimized file, and it may not open here: {1}.": (
        "Mint bietet nur eine optimierte Datei an, die sich hier vielleicht nicht öffnen lässt: {1}."
    ),
    "a decoder for Draco-compressed meshes": "ein Decoder für Draco-komprimierte Netze",
    "The builds from blender.org have it; elsewhere install DracoPy (pip install mint-blender[draco]), or take the original file.": (
        "Die Pakete von blender.org haben ihn; sonst DracoPy installieren (pip install mint-blender[draco]) oder die Originaldatei nehmen."
    ),
    "WebP pictures in models": "WebP-Bilder in Modellen",
    "Take a build of Blender with WebP, as those from blender.org are, or the original file.": (
        "Ein Blender mit WebP nehmen, wie die Pakete von blender.org, oder die Originaldatei."
    ),
    "KTX2 (Basis Universal) pictures": "KTX2-Bilder (Basis Universal)",
    "No Blender reads them yet; take the original file.": "Noch kein Blender liest sie; die Originaldatei nehmen.",
    "a decoder for meshopt-compressed meshes": "ein Decoder für meshopt-komprimierte Netze",
    "Few builds of Blender have one; take the original file.": "Nur wenige Builds von Blender haben einen; die Originaldatei nehmen.",
    "This Blender lacks {1}. {2}": "Diesem Blender fehlt: {1}. {2}",
    "this Blender lacks {1}": "diesem Blender fehlt: {1}",
    "{1} and {2}": "{1} und {2}",
    "a buffer in it is marked as {1}": "ein Puffer darin ist als {1} gekennzeichnet",
    "a buffer in it claims {1} bytes, but has {2}": "ein Puffer darin gibt {1} Bytes an, hat aber {2}",
    "a picture in it, marked as {1}, is none": "ein Bild darin, gekennzeichnet als {1}, ist keins",
    "a picture in it is marked as {1}, but is {2}": "ein Bild darin ist als {1} gekennzeichnet, ist aber {2}",
    "it points to something outside the file": "sie verweist auf etwas außerhalb der Datei",
    "it holds data in a form that cannot be read": "sie enthält Daten in unlesbarer Form",
    "{1} cannot be imported: {2}.": "{1} kann nicht importiert werden: {2}.",
    "{1} could not be read: {2}.": "{1} konnte nicht gelesen werden: {2}.",
    "more chunks follow than were looked at": "es folgen mehr Blöcke, als angesehen wurden",
    "its first chunk is not JSON": "der erste Block ist kein JSON",
    "its JSON has {1} bytes, more than the {2} that are read": "das JSON hat {1} Bytes, mehr als die {2}, die gelesen werden",
    "its chunks are in the wrong order": "die Blöcke stehen in falscher Reihenfolge",
    "it has no JSON": "sie hat kein JSON",
    "it ends in the middle of a chunk header": "sie endet mitten in einem Blockkopf",
    "a chunk claims {1} bytes and reaches beyond the end of the file": "ein Block gibt {1} Bytes an und reicht über das Dateiende hinaus",
    "the length of a chunk is not a multiple of four": "die Länge eines Blocks ist kein Vielfaches von vier",
    "it has too many chunks": "sie hat zu viele Blöcke",
    "the file is empty": "die Datei ist leer",
    "it is a web page instead of a GLB; the link may have expired": (
        "es ist eine Webseite statt einer GLB-Datei; vielleicht ist der Link abgelaufen"
    ),
    "it is a text (JSON) instead of a GLB": "es ist ein Text (JSON) statt einer GLB-Datei",
    "it is not a GLB": "es ist keine GLB-Datei",
    "it is cut off in its header": "sie ist im Kopf abgeschnitten",
    "it is GLB version {1}, and only version 2 can be read": "es ist GLB-Version {1}; nur Version 2 ist lesbar",
    "it is cut off: {1} of {2} bytes are there": "sie ist abgeschnitten: {1} von {2} Bytes sind da",
    "it has {1} bytes, more than the {2} that are accepted": "sie hat {1} Bytes, mehr als die {2}, die angenommen werden",
    "its JSON is nested too deeply": "das JSON ist zu tief verschachtelt",
    "its JSON is broken": "das JSON ist kaputt",
    "its JSON is not an object": "das JSON ist kein Objekt",
    "a text in its JSON is broken": "ein Text im JSON ist kaputt",
    "NaN and Infinity are not JSON": "NaN und Infinity sind kein JSON",
    "it is not glTF 2.0": "es ist kein glTF 2.0",
    "a buffer claims to unpack to {1} bytes": "ein Puffer will entpackt {1} Bytes haben",
    "a buffer has no bytes in the file": "ein Puffer hat keine Bytes in der Datei",
    "a buffer claims {1} bytes, but the file holds {2}": "ein Puffer gibt {1} Bytes an, die Datei enthält aber {2}",
    "a packed part of it claims to unpack to more than there is room for": (
        "ein gepackter Teil will entpackt mehr sein, als Platz dafür ist"
    ),
    "a part of it lies outside its bytes": "ein Teil liegt außerhalb seiner Bytes",
    "it holds numbers of an unknown kind": "sie enthält Zahlen unbekannter Art",
    "it shows {1} objects; that is more than is accepted": "sie zeigt {1} Objekte; das ist mehr als erlaubt",
    "it claims to be made of more than is accepted, by using the same numbers over and over": (
        "sie gibt vor, aus mehr zu bestehen, als erlaubt ist, indem sie dieselben Zahlen immer wieder verwendet"
    ),
    "it claims {1} values in one place; that is more than is accepted": "sie gibt an einer Stelle {1} Werte an; das ist mehr als erlaubt",
    "it claims more values than its bytes can hold": "sie gibt mehr Werte an, als die Bytes fassen",
    "the size of a mesh is no number": "die Größe eines Netzes ist keine Zahl",
    "a picture in it is marked as something else": "ein Bild darin ist als etwas anderes gekennzeichnet",
    "the place of a node is no number": "der Ort eines Knotens ist keine Zahl",
    "a node has two parents": "ein Knoten hat zwei Eltern",
    "its nodes are nested too deeply": "die Knoten sind zu tief verschachtelt",
    "its nodes go round in a circle": "die Knoten bilden einen Kreis",
    "it has {1} vertices and {2} triangles; that is more than is accepted": (
        "sie hat {1} Vertices und {2} Dreiecke; das ist mehr als erlaubt"
    ),
    "{1} is not complete: {2}.": "{1} ist nicht vollständig: {2}.",
    "it contains no triangles, lines or points": "sie enthält keine Dreiecke, Linien oder Punkte",
    "the places of its vertices are not three numbers each": "die Orte der Vertices sind nicht je drei Zahlen",
    "the corners of its triangles are not whole numbers": "die Ecken der Dreiecke sind keine ganzen Zahlen",
    "it has {1} “{2}”, more than is accepted": "sie hat {1} „{2}“, mehr als erlaubt",
    "“{1}” points to something that is not there": "„{1}“ verweist auf etwas, das es nicht gibt",
    "“{1}” in its JSON is not what it should be": "„{1}“ im JSON ist nicht, was es sein sollte",
    "{1} was written to by another download at the same time. Fetch it again.": (
        "{1} wurde gleichzeitig von einem anderen Download beschrieben. Noch einmal holen."
    ),
    "The disk of {1} has {2} left, and {3} are needed. Make room, then try again.": (
        "Auf dem Datenträger von {1} sind noch {2} frei, gebraucht werden {3}. Platz schaffen, dann noch einmal versuchen."
    ),
    "The disk is full: {1} could not be written. Make room, then try again.": (
        "Der Datenträger ist voll: {1} konnte nicht geschrieben werden. Platz schaffen, dann noch einmal versuchen."
    ),
    "{1} may not be written. Choose another folder or change its permissions.": (
        "{1} darf nicht geschrieben werden. Einen anderen Ordner wählen oder die Rechte ändern."
    ),
    "{1} could not be written: {2}.": "{1} konnte nicht geschrieben werden: {2}.",
    "{1} cannot be imported: its JSON has {2} bytes, more than are read.": (
        "{1} kann nicht importiert werden: das JSON hat {2} Bytes, mehr als gelesen werden."
    ),
    "{1} could not be looked at: the connection failed. Try again later.": (
        "{1} konnte nicht angesehen werden: die Verbindung ist fehlgeschlagen. Später noch einmal versuchen."
    ),
    "{1} was redirected too often.": "{1} wurde zu oft umgeleitet.",
    "{1} is not there (HTTP {2}). The link may have expired; refresh the library.": (
        "{1} ist nicht da (HTTP {2}). Vielleicht ist der Link abgelaufen; die Bibliothek neu laden."
    ),
    "{1} could not be looked at (HTTP {2}). Try again later.": (
        "{1} konnte nicht angesehen werden (HTTP {2}). Später noch einmal versuchen."
    ),
    "The picture": "Das Bild",
    "{1} is empty.": "{1} ist leer.",
    "{1} is cut off: its header is incomplete.": "{1} ist abgeschnitten: der Kopf ist unvollständig.",
    "{1} is damaged: {2}.": "{1} ist beschädigt: {2}.",
    "{1} claims to be {2} × {3} pixels; that is not shown.": "{1} will {2} × {3} Pixel groß sein; das wird nicht angezeigt.",
    "{1} is a web page or a message instead of a picture; the link may have expired.": (
        "{1} ist eine Webseite oder Nachricht statt eines Bilds; vielleicht ist der Link abgelaufen."
    ),
    "{1} is in the format {2}. Of downloaded pictures only PNG, JPEG, WebP and HDR are opened.": (
        "{1} hat das Format {2}. Von heruntergeladenen Bildern werden nur PNG, JPEG, WebP und HDR geöffnet."
    ),
    "{1} is not a picture of a kind that Blender opens.": "{1} ist kein Bild einer Art, die Blender öffnet.",
    "its header does not end": "der Kopf hört nicht auf",
    "its header holds more than a header should": "im Kopf steht mehr, als in einen Kopf gehört",
    "its header does not tell the size": "der Kopf nennt die Größe nicht",
    "a picture in it is neither PNG nor JPEG nor WebP": "ein Bild darin ist weder PNG noch JPEG noch WebP",
    "its first chunk is not a PNG header": "der erste Block ist kein PNG-Kopf",
    "a JPEG marker is missing": "eine JPEG-Marke fehlt",
    "its JPEG frame header is missing": "der JPEG-Frame-Kopf fehlt",
    "it is a RIFF file, but no WebP": "es ist eine RIFF-Datei, aber kein WebP",
    "its first WebP frame is no key frame": "der erste WebP-Frame ist kein Keyframe",
    "its lossless WebP header is wrong": "der verlustfreie WebP-Kopf ist falsch",
    "its first WebP chunk is unknown": "der erste WebP-Block ist unbekannt",
    "the box ends before it begins": "der Quader endet, bevor er beginnt",
    "a place must be three finite numbers": "ein Ort muss aus drei endlichen Zahlen bestehen",
    "the {1} must be a number above zero": "folgender Wert muss eine Zahl über null sein: {1}",
    "The splat file {1} cannot be opened ({2}).": "Die Splat-Datei {1} lässt sich nicht öffnen ({2}).",
    "is empty": "ist leer",
    "is a web page": "ist eine Webseite",
    "does not begin like an SPZ file": "beginnt nicht wie eine SPZ-Datei",
    "The splat file {1} {2}. Download it again.": "Die Splat-Datei {1} {2}. Noch einmal herunterladen.",
    "The splat file {1} says that it holds {2} splats, more than {3} bytes can hold. Download it again.": (
        "Die Splat-Datei {1} gibt {2} Splats an, mehr als {3} Bytes fassen. Noch einmal herunterladen."
    ),
    "The splat file {1} has extension records that are cut short. Download it again.": (
        "Die Splat-Datei {1} hat abgeschnittene Erweiterungseinträge. Noch einmal herunterladen."
    ),
    "The splat file {1} names two different coordinate systems. Download it again.": (
        "Die Splat-Datei {1} nennt zwei verschiedene Koordinatensysteme. Noch einmal herunterladen."
    ),
    "The splat file {1} has a coordinate system record of the wrong size. Download it again.": (
        "Die Splat-Datei {1} hat einen Koordinatensystem-Eintrag von falscher Größe. Noch einmal herunterladen."
    ),
    "The splat file {1} uses coordinate system {2}, which is not known here. Look for a newer version of this add-on.": (
        "Die Splat-Datei {1} verwendet das Koordinatensystem {2}, das hier unbekannt ist. Nach einer neueren Version dieses Add-ons suchen."
    ),
    "The splat file {1} contradicts itself: its parts are not as long as {2} splats need. Download it again.": (
        "Die Splat-Datei {1} widerspricht sich: ihre Teile sind nicht so lang, wie {2} Splats es brauchen. Noch einmal herunterladen."
    ),
    "The splat file {1} is longer than it says. Download it again.": (
        "Die Splat-Datei {1} ist länger als angegeben. Noch einmal herunterladen."
    ),
    "The file {1} does not hold splats. Download it again.": "Die Datei {1} enthält keine Splats. Noch einmal herunterladen.",
    "The splat file {1} is of SPZ version {2}; versions 1 to 4 can be read. Look for a newer version of this add-on.": (
        "Die Splat-Datei {1} hat SPZ-Version {2}; lesbar sind 1 bis 4. Nach einer neueren Version dieses Add-ons suchen."
    ),
    "The splat file {1} has a header that makes no sense. Download it again.": (
        "Die Splat-Datei {1} hat einen sinnlosen Kopf. Noch einmal herunterladen."
    ),
    "The splat file {1} holds no splats.": "Die Splat-Datei {1} enthält keine Splats.",
    "The splat file {1} says that it holds {2} splats; at most {3} are read. Choose a smaller quality of this World.": (
        "Die Splat-Datei {1} gibt {2} Splats an; höchstens {3} werden gelesen. Eine kleinere Stufe dieser Welt wählen."
    ),
    "The splat file {1} holds more than its header says. Download it again.": (
        "Die Splat-Datei {1} enthält mehr, als ihr Kopf angibt. Noch einmal herunterladen."
    ),
    "The splat file {1} is damaged ({2}). Download it again.": "Die Splat-Datei {1} ist beschädigt ({2}). Noch einmal herunterladen.",
    "This splat file is packed with Zstandard, and this Python has no module for it. Install the package zstandard.": (
        "Diese Splat-Datei ist mit Zstandard gepackt, und diesem Python fehlt das Modul dafür. Das Paket zstandard installieren."
    ),
    "The splat file {1} is cut short. Download it again.": "Die Splat-Datei {1} ist abgeschnitten. Noch einmal herunterladen.",
    "The splat file {1} has splats whose place is not a number. Download it again.": (
        "Die Splat-Datei {1} hat Splats, deren Ort keine Zahl ist. Noch einmal herunterladen."
    ),
    "a job id must consist of letters, digits, _ and -": "eine Auftragskennung besteht aus Buchstaben, Ziffern, _ und -",
    "The download of {1} was stopped; it can go on later where it stopped.": (
        "Der Download von {1} wurde angehalten; er kann später dort weitergehen."
    ),
    "The download of {1} took too long and was ended. Trying again goes on where it stopped.": (
        "Der Download von {1} dauerte zu lange und wurde beendet. Ein neuer Versuch setzt ihn fort."
    ),
    "{1} is larger than {2} MB, the limit for such a file; it was not downloaded.": (
        "{1} ist größer als {2} MB, die Grenze für solche Dateien; nicht heruntergeladen."
    ),
    "The file host moved {1} without saying where to.": "Der Dateiserver hat {1} verschoben, ohne zu sagen, wohin.",
    "{1} was redirected more than {2} times; the download was given up.": (
        "{1} wurde mehr als {2}-mal umgeleitet; der Download wurde aufgegeben."
    ),
    "{1} was not downloaded: the CA bundle that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE names cannot be read.": (
        "{1} wurde nicht heruntergeladen: das CA-Bündel aus REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE oder SSL_CERT_FILE ist nicht lesbar."
    ),
    "{1} changed at the file host while it was being downloaded; trying again starts over.": (
        "{1} hat sich beim Herunterladen auf dem Dateiserver geändert; ein neuer Versuch beginnt von vorn."
    ),
    "{1} is not there (HTTP {2}). The link may have expired; a fresh one can be asked for at Mint.": (
        "{1} ist nicht da (HTTP {2}). Vielleicht ist der Link abgelaufen; bei Mint gibt es einen neuen."
    ),
    "The file host could not deliver {1} just now (HTTP {2}). Try again later.": (
        "Der Dateiserver konnte {1} gerade nicht liefern (HTTP {2}). Später noch einmal versuchen."
    ),
    "The file host refused to deliver {1} (HTTP {2}).": "Der Dateiserver hat {1} nicht herausgegeben (HTTP {2}).",
    "The file host sent nothing for {1}. Try again later.": "Der Dateiserver hat für {1} nichts gesendet. Später noch einmal versuchen.",
    "The file host sent {1} packed in a way nobody asked for ({2}).": (
        "Der Dateiserver hat {1} auf eine Weise gepackt, um die niemand gebeten hat ({2})."
    ),
    "The file host sent {1} packed, and it could not be unpacked.": (
        "Der Dateiserver hat {1} gepackt gesendet, und es ließ sich nicht entpacken."
    ),
    "The connection broke while {1} was being downloaded. Trying again goes on where it stopped.": (
        "Beim Herunterladen von {1} brach die Verbindung ab. Ein neuer Versuch setzt fort."
    ),
    (
        "The certificate of {1} was not accepted, so {2} was not downloaded. Behind a proxy that opens connections, name its CA "
        "bundle in REQUESTS_CA_BUNDLE."
    ): (
        "Das Zertifikat von {1} wurde nicht angenommen, daher wurde {2} nicht heruntergeladen. Hinter einem Proxy, der "
        "Verbindungen öffnet, dessen CA-Bündel in REQUESTS_CA_BUNDLE angeben."
    ),
    "The proxy did not let {1} through. Check HTTPS_PROXY and NO_PROXY.": (
        "Der Proxy hat {1} nicht durchgelassen. HTTPS_PROXY und NO_PROXY prüfen."
    ),
    "Nothing of {1} arrived for {2} s. Trying again goes on where it stopped.": (
        "Von {1} kam {2} s lang nichts an. Ein neuer Versuch setzt fort."
    ),
    "{1} could not be reached, or the connection broke, while {2} was being downloaded. Check the network, then try again.": (
        "{1} war nicht erreichbar, oder die Verbindung brach ab, während {2} heruntergeladen wurde. Das Netz prüfen, dann noch "
        "einmal versuchen."
    ),
    "The address of {1} cannot be used.": "Die Adresse von {1} kann nicht verwendet werden.",
    "The file requires {1}, which this Blender's importer does not know. Take the original file, or a newer Blender.": (
        "Die Datei verlangt {1}; das kennt der Importer dieses Blenders nicht. Die Originaldatei oder ein neueres Blender nehmen."
    ),
    "its pictures have more than {1} pixels in all; that is more than is accepted": (
        "die Bilder haben zusammen mehr als {1} Pixel; das ist mehr als erlaubt"
    ),
    "a picture in it": "ein Bild darin",
    "{1} is cut off: its end is missing.": "{1} ist abgeschnitten: das Ende fehlt.",
    "{1} is a drawing made of lines, not of pixels: save it as PNG in the program that it comes from.": (
        "{1} ist eine Zeichnung aus Linien, nicht aus Pixeln: im Programm, aus dem sie stammt, als PNG speichern."
    ),
}

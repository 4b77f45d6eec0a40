# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about jobs."""

TEXTS = {
    'There is no job "{1}" in the journal.': "Im Journal gibt es keinen Auftrag „{1}“.",
    'More than one job begins with "{1}".': "Mehr als ein Auftrag beginnt mit „{1}“.",
    "{1}: there are no files to fetch again.": "{1}: es gibt keine Dateien, die man noch einmal holen könnte.",
    "{1} is not finished: cancel it first.": "{1} ist nicht fertig: zuerst abbrechen.",
    "{1}: {2} is not possible now ({3}).": "{1}: „{2}“ ist jetzt nicht möglich ({3}).",
    "{1} is being worked on: wait until it rests.": "An {1} wird gearbeitet: warten, bis es ruht.",
    "The reference picture {1} cannot be read ({2}). Choose it again.": (
        "Das Referenzbild {1} ist nicht lesbar ({2}). Noch einmal auswählen."
    ),
    "The reference picture {1} is {2}; Mint takes PNG, JPEG and WebP. Convert it first.": (
        "Das Referenzbild {1} ist {2}; Mint nimmt PNG, JPEG und WebP. Zuerst umwandeln."
    ),
    "The reference picture {1} has {2} MB; Mint takes at most 5 MB. Scale it down first.": (
        "Das Referenzbild {1} hat {2} MB; Mint nimmt höchstens 5 MB. Zuerst verkleinern."
    ),
    "the uploaded picture came back without an address": "das hochgeladene Bild kam ohne Adresse zurück",
    "Waiting for a free slot": "Wartet auf freien Platz",
    "Sent": "Gesendet",
    "Generating": "Wird erzeugt",
    "Look at the Preview": "Vorschau ansehen",
    "Needs Credits": "Braucht Credits",
    "Downloading": "Wird heruntergeladen",
    "Ready to place": "Bereit zum Platzieren",
    "Placed": "Platziert",
    "Canceled": "Abgebrochen",
    "Paused: {1}": "Angehalten: {1}",
    "Paused": "Angehalten",
    "Failed: {1}": "Fehlgeschlagen: {1}",
    "Failed": "Fehlgeschlagen",
    "Optimizing": "Wird optimiert",
    "Partly done, {1}": "Teilweise fertig, {1}",
    "{1} min": "{1} min",
    "{1} Credits": "{1} Credits",
    "Approving": "Wird freigegeben",
    "Revising": "Wird überarbeitet",
    "Resuming": "Wird fortgesetzt",
    "Retrying": "Neuer Versuch",
    "Canceling": "Wird abgebrochen",
    "Queued at Mint": "In der Warteschlange bei Mint",
    'Working at Mint ("{1}")': "In Arbeit bei Mint („{1}“)",
    "Finishing": "Wird fertiggestellt",
    "online access is off in Blender's preferences": "der Online-Zugriff ist in Blenders Einstellungen aus",
    "Mint could not make every part of it; the parts that are used here have all come.": (
        "Mint konnte nicht alle Teile erzeugen; die hier verwendeten sind alle da."
    ),
    "The result's page could not be read. {1}": "Die Seite des Ergebnisses war nicht lesbar. {1}",
    "Mint has not made this {1}: {2}.": "Mint hat das nicht erzeugt ({1}: {2}).",
    "The model was not optimized: the original file was taken. {1}": (
        "Das Modell wurde nicht optimiert: die Originaldatei wurde genommen. {1}"
    ),
    "The original file was taken. {1}": "Die Originaldatei wurde genommen. {1}",
    "collider mesh": "Kollisionsnetz",
    "This {1} came without a {2}.": "{1}: ohne {2} geliefert.",
    "The {1} cannot be used.": "Nicht zu gebrauchen: {1}.",
    "The {1} could not be fetched.": "Nicht zu bekommen: {1}.",
    "This world came without splats.": "Diese Welt kam ohne Splats.",
    "The picture could not be fetched. {1}": "Das Bild konnte nicht geholt werden. {1}",
    "approve": "freigeben",
    "revise": "überarbeiten",
    "resume": "fortsetzen",
    "retry": "erneut versuchen",
    "cancel": "abbrechen",
    "preview": "Vorschau",
    "picture": "Bild",
    "collider": "Kollisionsnetz",
    "panorama": "Panorama",
    "splats": "Splats",
    "{1} from pictures": "{1} aus Bildern",
    "The ledger in the batch's folder cannot be written ({1}). Nothing was sent.": (
        "Das Verzeichnis der Aufträge im Ordner des Stapels kann nicht geschrieben werden ({1}). Es wurde nichts gesendet."
    ),
    "The job journal {1} lies on a network, and another program has it open in a way that is not safe there. "
    "Quit all other Blenders and Mint commands that use it, then try again.": (
        "Das Auftragsjournal {1} liegt in einem Netzwerk, und ein anderes Programm hat es so geöffnet, wie es dort nicht sicher ist. "
        "Alle anderen Blender und Mint-Befehle beenden, die es benutzen, und es dann noch einmal versuchen."
    ),
    "The job journal {1} was written by a newer version of this add-on: update the add-on.": (
        "Das Auftragsjournal {1} stammt von einer neueren Version dieses Add-ons: das Add-on aktualisieren."
    ),
    "Done": "Fertig",
    "Partly done": "Teilweise fertig",
    "Being made": "In Arbeit",
    'Being made ("{1}")': "In Arbeit („{1}“)",
    "Done, but without a file": "Fertig, aber ohne Datei",
    "Mint did not answer.": "Mint hat nicht geantwortet.",
    "Mint still shows the earlier Preview: look at it at mint.gg before you approve.": (
        "Mint zeigt noch die frühere Vorschau: vor der Freigabe auf mint.gg ansehen."
    ),
    "Mint sent no preview picture: look at it at mint.gg before you approve.": (
        "Mint hat kein Vorschaubild gesendet: vor der Freigabe auf mint.gg ansehen."
    ),
    "The preview picture could not be fetched. {1}": "Das Vorschaubild konnte nicht geholt werden. {1}",
    "It was finished before Mint could be told to {1}.": "Es war fertig, bevor Mint den Befehl „{1}“ bekam.",
    "Mint's moderation refused the prompt or a picture: change it and generate again.": (
        "Mints Moderation hat den Prompt oder ein Bild abgelehnt: ändern und neu erzeugen."
    ),
    "The account's quota is used up: buy Credits or wait for the next period, then retry.": (
        "Das Kontingent des Kontos ist aufgebraucht: Credits kaufen oder den nächsten Zeitraum abwarten, dann erneut versuchen."
    ),
    "Mint could not use the prompt or a picture: change it and generate again.": (
        "Mint konnte den Prompt oder ein Bild nicht verwenden: ändern und neu erzeugen."
    ),
    "That was a passing fault at Mint: retry.": "Das war eine vorübergehende Störung bei Mint: erneut versuchen.",
    "The generation was interrupted at Mint: retry.": "Die Erzeugung wurde bei Mint unterbrochen: erneut versuchen.",
    "Mint could not start the generation: retry.": "Mint konnte die Erzeugung nicht starten: erneut versuchen.",
    "The generation failed at Mint: retry, or change the prompt.": (
        "Die Erzeugung ist bei Mint fehlgeschlagen: erneut versuchen oder den Prompt ändern."
    ),
    "Mint could not start the optimization: retry; the original file can be used meanwhile.": (
        "Mint konnte die Optimierung nicht starten: erneut versuchen; solange ist die Originaldatei verwendbar."
    ),
    "The optimization failed at Mint: the original file can be used.": (
        "Die Optimierung ist bei Mint fehlgeschlagen: die Originaldatei ist verwendbar."
    ),
    "Resume does that.": "„Fortsetzen“ tut das.",
    "Blender closed unexpectedly while importing this result. Its files are kept. Save your work, then import it again.": (
        "Blender wurde beim Importieren dieses Ergebnisses unerwartet beendet. "
        "Die Dateien sind noch da. Erst die Arbeit speichern, dann neu importieren."
    ),
    "Resume downloads it again at no cost. If it stays like this, write to hello@mint.gg.": (
        "„Fortsetzen“ lädt sie kostenlos noch einmal herunter. Bleibt es so, an hello@mint.gg schreiben."
    ),
    "{1} It is kept at {2}.": "{1} Sie liegt unter {2}.",
    "{1} Mint says: {2}": "{1} Mint meldet: {2}",
    "Categories: {1}.": "Kategorien: {1}.",
    "more Credits": "mehr Credits",
    "{1} more Credits": "noch {1} Credits",
    "Mint needs {1} to go on. Buy them at {2}, then resume.": "Mint braucht {1}, um weiterzumachen. Unter {2} kaufen, dann fortsetzen.",
    "Still running at Mint after {1} minutes. Checking continues once a minute; this is free.": (
        "Läuft bei Mint nach {1} Minuten noch. Es wird weiter einmal pro Minute nachgesehen; das kostet nichts."
    ),
    "Something in the add-on went wrong ({1}). Nothing is lost: resume, and if it stays so, copy the report.": (
        "Im Add-on ist etwas schiefgegangen ({1}). Nichts ist verloren: fortsetzen, und wenn es so bleibt, den Bericht kopieren."
    ),
    "The generation failed at Mint ({1}): retry, or change the prompt.": (
        "Die Erzeugung ist bei Mint fehlgeschlagen ({1}): erneut versuchen oder den Prompt ändern."
    ),
    "A reference picture is a file or an https:// address, not {1}.": (
        "Ein Referenzbild ist eine Datei oder eine https://-Adresse, nicht {1}."
    ),
    "The reference picture {1} cannot be copied: {2}.": "Das Referenzbild {1} kann nicht kopiert werden: {2}.",
    "The reference picture {1} cannot be read: {2}.": "Das Referenzbild {1} ist nicht lesbar: {2}.",
    "The reference picture cannot be used. {1}": "Das Referenzbild kann nicht verwendet werden. {1}",
    "The prompt or the name has broken characters in it: type it in a terminal that uses UTF-8, or put it into a batch file.": (
        "Der Prompt oder der Name enthält kaputte Zeichen: in einem Terminal mit UTF-8 eingeben oder in eine Stapeldatei schreiben."
    ),
    "The model is still being optimized at Mint: the original file was taken. The optimized one can be imported later.": (
        "Das Modell wird bei Mint noch optimiert: die Originaldatei wurde genommen. Die optimierte kann später importiert werden."
    ),
    "Show More": "Mehr zeigen",
    "Show Fewer": "Weniger zeigen",
    "Waiting for you: {1} more": "Warten auf eine Entscheidung: {1} weitere",
    "In flight: {1} more": "In Arbeit: {1} weitere",
    "In line: {1} more": "In der Warteschlange: {1} weitere",
    "Ready or failed: {1} more": "Bereit oder fehlgeschlagen: {1} weitere",
    "Finished: {1} more": "Abgeschlossen: {1} weitere",
    "Show more of these jobs, or only the first of them again": "Mehr von diesen Aufträgen zeigen, oder wieder nur die ersten",
    "Show Jobs": "Aufträge zeigen",
    "Cancel every job that waits in line. Nothing of these was sent to Mint, and nothing is paid; what is in flight goes on": (
        "Alle Aufträge in der Warteschlange abbrechen. Von ihnen ist nichts an Mint gesendet, nichts wird bezahlt; was läuft, läuft weiter"
    ),
    "Clear the Line": "Warteschlange leeren",
    "Nothing of these jobs was sent to Mint yet, and nothing is paid.": (
        "Von diesen Aufträgen ist noch nichts an Mint geschickt und nichts bezahlt."
    ),
    "Take every job off the list that is placed, saved or canceled. What is in your scene stays": (
        "Alle Aufträge von der Liste nehmen, die platziert, gespeichert oder abgebrochen sind. Was in der Szene ist, bleibt"
    ),
    "Dismiss All Finished": "Alle abgeschlossenen entfernen",
    "Dismiss": "Entfernen",
    (
        "Mint never answered whether it optimizes the model: the original file was taken. If it is optimized at Mint, it can be "
        "imported later."
    ): (
        "Mint hat nie geantwortet, ob es das Modell optimiert: Die Originaldatei wurde genommen. Wenn es bei Mint optimiert ist, kann "
        "es später importiert werden."
    ),
    "Mint says it is done, but there is no file in the result.": "Mint meldet, es sei fertig, aber im Ergebnis ist keine Datei.",
    "Mint says it is converted, but there is no such file in the result.": (
        "Mint meldet, es sei umgewandelt, aber im Ergebnis ist keine solche Datei."
    ),
    "Mint never answered the start. What it has made of it was found in its list.": (
        "Mint hat auf den Start nie geantwortet. Was es daraus gemacht hat, fand sich in seiner Liste."
    ),
    "Mint never answered the retry. What it has made of it was found.": (
        "Mint hat auf den neuen Versuch nie geantwortet. Was es daraus gemacht hat, wurde gefunden."
    ),
    "It was not answered for 12 hours, so it was not sent again: decide anew.": (
        "12 Stunden lang kam keine Antwort, deshalb wurde es nicht noch einmal gesendet: bitte neu entscheiden."
    ),
    "Mint cannot cancel this. It stays at its Preview and costs nothing more unless it is approved.": (
        "Mint bietet nicht an, das abzubrechen. Es bleibt bei seiner Vorschau: Ohne Freigabe wird nichts weiter dafür bezahlt."
    ),
    "Mint cannot cancel this. It stays where it is and costs nothing more unless it is resumed.": (
        "Mint bietet nicht an, das abzubrechen. Es bleibt, wo es ist: Ohne Fortsetzen wird nichts weiter dafür bezahlt."
    ),
    "Mint cannot cancel this now. It continues, costs about {1} Credits, and its result will be kept.": (
        "Mint bietet gerade nicht an, das abzubrechen: Es geht weiter, kostet etwa {1} Credits, und das Ergebnis bleibt erhalten."
    ),
    "Mint cannot cancel this now. It continues, is paid for, and its result will be kept.": (
        "Mint bietet gerade nicht an, das abzubrechen: Es geht weiter, wird bezahlt, und das Ergebnis bleibt erhalten."
    ),
    "{1} Resume looks again, at no cost; if it stays so, write to hello@mint.gg.": (
        "{1} „Fortsetzen“ sieht kostenlos noch einmal nach; wenn es so bleibt, an hello@mint.gg schreiben."
    ),
    (
        "Mint never answered the start of this {1}, and nothing is found there that was made of it. Resume looks again, at no cost; "
        "to start it again may cost Credits again; or cancel it."
    ): (
        "Mint hat auf den Start ({1}) nie geantwortet, und dort findet sich nichts, was daraus gemacht wurde. „Fortsetzen“ sieht "
        "kostenlos noch einmal nach; noch einmal starten kann wieder Credits kosten; oder abbrechen."
    ),
    "Start Again": "Noch einmal starten",
    "Queued earlier, not sent": "Früher eingereiht, nicht gesendet",
    "1 queued job": "1 eingereihter Auftrag",
    "{1} queued jobs": "{1} eingereihte Aufträge",
    "about {1} Credits": "etwa {1} Credits",
    "Continue": "Fortsetzen",
    "Discard": "Verwerfen",
    "Continue Queue": "Warteschlange fortsetzen",
    "Discard Queue": "Warteschlange verwerfen",
    "Send the jobs that an earlier session has left in line. They are paid for now": (
        "Die Aufträge senden, die aus einer früheren Sitzung noch in der Warteschlange stehen. Sie werden jetzt bezahlt"
    ),
    "Cancel the jobs that an earlier session has left in line. Nothing of them was sent to Mint, and nothing is": (
        "Die Aufträge abbrechen, die aus einer früheren Sitzung noch in der Warteschlange stehen. Nichts davon wurde oder wird an "
        "Mint gesendet"
    ),
}

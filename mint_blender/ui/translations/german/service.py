# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about conversations with Mint."""

TEXTS = {
    "the preferences": "den Einstellungen",
    "the environment variable {1}": "der Umgebungsvariable {1}",
    "this account": "dieses Konto",
    "The picture {1} has {2} MB; Mint takes at most 5 MB.": "Das Bild {1} hat {2} MB; Mint nimmt höchstens 5 MB.",
    "A reference picture's address must start with https://.": "Die Adresse eines Referenzbilds muss mit https:// beginnen.",
    "its list goes round in circles": "die Liste führt im Kreis",
    "it is a {1} without an id": "es ist ein Objekt ({1}) ohne Kennung",
    "it is a reference picture without an address": "es ist ein Referenzbild ohne Adresse",
    "This is not an id of Mint's: ids have only letters, digits, _ and -.": (
        "Das ist keine Kennung von Mint: Kennungen bestehen nur aus Buchstaben, Ziffern, _ und -."
    ),
    "it is an operation without an id": "es ist ein Vorgang ohne Kennung",
    (
        "No Mint API key is set. Put one into the add-on's preferences or into the environment variable MINT_API_KEY; keys are made "
        "at platform.mint.gg, access to the beta is asked for at hello@mint.gg."
    ): (
        "Es ist kein Mint-API-Schlüssel gesetzt. Ihn in den Einstellungen des Add-ons oder in der Umgebungsvariable MINT_API_KEY "
        "eintragen; Schlüssel gibt es auf platform.mint.gg, Zugang zur Beta bei hello@mint.gg."
    ),
    (
        "What is set as the Mint API key has characters in it that no key has, such as a space, a line break or an accented letter, "
        "so it was not sent. Copy the key again from platform.mint.gg, in one piece."
    ): (
        "Der eingetragene Mint-API-Schlüssel enthält Zeichen, die in keinem Schlüssel vorkommen, etwa ein Leerzeichen, einen "
        "Zeilenumbruch oder einen Umlaut, und wurde daher nicht gesendet. Den Schlüssel auf platform.mint.gg noch einmal "
        "vollständig kopieren."
    ),
    "Mint cannot be reached: {1}.": "Mint ist nicht erreichbar: {1}.",
    "Mint's answer is about something else ({1}), not what was asked for ({2}). Asking again.": (
        "Mint hat über etwas anderes Auskunft gegeben ({1}) als gefragt war ({2}). Es wird noch einmal gefragt."
    ),
    "The answer could not be understood: {1}. Check the base URL and whether a proxy stands in between.": (
        "Die Antwort war nicht zu verstehen: {1}. Die Basis-URL prüfen, und ob ein Proxy dazwischen steht."
    ),
    "HTTP status {1}": "HTTP-Status {1}",
    "(Request id: {1})": "(Anfragekennung: {1})",
    "Mint does not accept this request": "Mint nimmt diese Anfrage nicht an",
    "Nothing was started or charged; change it and try again.": (
        "Es wurde nichts gestartet oder berechnet; ändern und noch einmal versuchen."
    ),
    "Mint does not accept the API key": "Mint nimmt den API-Schlüssel nicht an",
    "Check it in the add-on's preferences or in MINT_API_KEY, or make a new one at platform.mint.gg.": (
        "Ihn in den Einstellungen des Add-ons oder in MINT_API_KEY prüfen, oder auf platform.mint.gg einen neuen anlegen."
    ),
    "Mint needs more Credits for this": "Mint braucht dafür mehr Credits",
    "Nothing was started; buy Credits at platform.mint.gg/billing, then resume.": (
        "Es wurde nichts gestartet; auf platform.mint.gg/billing Credits kaufen, dann fortsetzen."
    ),
    "This API key may not do that": "Dieser API-Schlüssel darf das nicht",
    "Ask hello@mint.gg whether the key has access to the beta and to this project.": (
        "Bei hello@mint.gg nachfragen, ob der Schlüssel Zugang zur Beta und zu diesem Projekt hat."
    ),
    "Mint has downloads switched off for this result": "Mint hat für dieses Ergebnis das Herunterladen abgeschaltet",
    "Switch them on at mint.gg, or open the result there.": "Auf mint.gg einschalten oder das Ergebnis dort öffnen.",
    "Mint does not know this, at least not in the API project of this key": (
        "Mint kennt das nicht, jedenfalls nicht im API-Projekt dieses Schlüssels"
    ),
    "It may have been deleted, or the key belongs to another project.": (
        "Es wurde vielleicht gelöscht, oder der Schlüssel gehört zu einem anderen Projekt."
    ),
    "Mint does not offer this action": "Mint bietet diese Aktion nicht an",
    "It may be possible at mint.gg.": "Auf mint.gg ist sie vielleicht möglich.",
    "That is not possible in the present state": "Im jetzigen Zustand ist das nicht möglich",
    "Look at the job again: it may have moved on.": "Den Auftrag noch einmal ansehen: er ist vielleicht schon weiter.",
    "Mint has seen this request's idempotency key with other content": (
        "Mint kennt den Idempotenzschlüssel dieser Anfrage mit anderem Inhalt"
    ),
    "Nothing was started twice; start it anew as a new job.": "Es wurde nichts doppelt gestartet; als neuen Auftrag beginnen.",
    "The model is optimized already": "Das Modell ist schon optimiert",
    "Its optimized file can be used.": "Die optimierte Datei kann verwendet werden.",
    "The model is being optimized already": "Das Modell wird gerade schon optimiert",
    "Wait until it is done.": "Warten, bis es fertig ist.",
    "Mint asks for fewer requests": "Mint bittet um weniger Anfragen",
    "It is tried again after a pause.": "Nach einer Pause wird es wieder versucht.",
    "As many generations are active at Mint as the account may have at once": (
        "Bei Mint laufen schon so viele Erzeugungen, wie das Konto gleichzeitig haben darf"
    ),
    "This one starts when a place is free.": "Diese beginnt, sobald ein Platz frei ist.",
    "Mint has trouble answering": "Mint hat Schwierigkeiten zu antworten",
    "Nothing is lost; it is tried again.": "Nichts ist verloren; es wird wieder versucht.",
    "A 3D model that matches the reference picture.": "Ein 3D-Modell, das dem Referenzbild entspricht.",
    "The prompt is empty: describe what should be made.": "Der Prompt ist leer: beschreiben, was entstehen soll.",
    "The prompt has {1} characters; Mint takes at most {2} for a {3}.": "Der Prompt hat {1} Zeichen; Mint nimmt höchstens {2} ({3}).",
    "The name has {1} characters; Mint takes 1 to {2}.": "Der Name hat {1} Zeichen; Mint nimmt 1 bis {2}.",
    "There are {1} reference pictures; Mint takes at most {2}.": "Es sind {1} Referenzbilder; Mint nimmt höchstens {2}.",
    "A pose is for characters: it goes with a model, not with a world.": (
        "Eine Pose ist für Figuren: sie gehört zu einem Modell, nicht zu einer Welt."
    ),
    "Say in words what should change.": "In Worten sagen, was anders werden soll.",
    "The feedback has {1} characters; Mint takes at most {2}.": "Der Änderungswunsch hat {1} Zeichen; Mint nimmt höchstens {2}.",
    "The Mint base URL {1}. The usual one is {2}.": "Die Mint-Basis-URL {1}. Üblich ist {2}.",
    "The Mint base URL is not an address. The usual one is {1}.": "Die Mint-Basis-URL ist keine Adresse. Üblich ist {1}.",
    "has a space or a control character in it": "enthält ein Leer- oder Steuerzeichen",
    "must look like https://host/path": "muss wie https://host/pfad aussehen",
    "must not contain a user name or password; the API key has its own place": (
        "darf weder Benutzernamen noch Passwort enthalten; für den API-Schlüssel gibt es ein eigenes Feld"
    ),
    "must not contain a query or a fragment (? or #)": "darf weder Abfrage noch Fragment enthalten (? oder #)",
    "must start with https://, or the API key could be read on the way; plain http is for this computer only (127.0.0.1)": (
        "muss mit https:// beginnen, sonst wäre der API-Schlüssel unterwegs lesbar; einfaches http gibt es nur für diesen Rechner "
        "(127.0.0.1)"
    ),
    "the proxy named in the environment (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY)": (
        "der Proxy aus der Umgebung (HTTPS_PROXY, HTTP_PROXY oder ALL_PROXY)"
    ),
    "the file that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE names": (
        "die Datei aus REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE oder SSL_CERT_FILE"
    ),
    "{1} is not an address": "{1} ist keine Adresse",
    "{1} is of a kind that this Python cannot use": "{1} ist von einer Art, die dieses Python nicht verwenden kann",
    "{1} does not exist": "{1} existiert nicht",
    "{1} wants a user name and password, or does not accept the ones given": (
        "{1} verlangt Benutzernamen und Passwort oder nimmt die angegebenen nicht an"
    ),
    "{1} refused the connection (status {2})": "{1} hat die Verbindung abgelehnt (Status {2})",
    "{1} does not answer": "{1} antwortet nicht",
    "its TLS certificate is not trusted ({1}). Behind a company's proxy, let REQUESTS_CA_BUNDLE name its CA bundle": (
        "dem TLS-Zertifikat wird nicht vertraut ({1}). Hinter einem Firmenproxy in REQUESTS_CA_BUNDLE dessen CA-Bündel angeben"
    ),
    "no TLS connection came about; either a proxy or {1} is at fault, or it is not an https server": (
        "es kam keine TLS-Verbindung zustande; entweder liegt es an einem Proxy oder an Folgendem: {1}, oder es ist kein https-Server"
    ),
    "the name {1} was not found; this computer may be offline": "der Name {1} wurde nicht gefunden; vielleicht ist dieser Rechner offline",
    "{1} did not take the connection in time": "{1} hat die Verbindung nicht rechtzeitig angenommen",
    "no answer came in time": "es kam rechtzeitig keine Antwort",
    "{1} refused the connection": "{1} hat die Verbindung abgelehnt",
    "{1} Stopped waiting. What was started is kept, and resume goes on with it.": (
        "{1} Es wird nicht länger gewartet. Was begonnen wurde, bleibt erhalten; „Fortsetzen“ macht damit weiter."
    ),
    "the call was stopped": "der Aufruf wurde angehalten",
    "the connection broke before the answer was complete": "die Verbindung brach ab, bevor die Antwort vollständig war",
    "what came back was no complete HTTP answer": "es kam keine vollständige HTTP-Antwort zurück",
    "the connection failed": "die Verbindung ist fehlgeschlagen",
    "model": "Modell",
    "world": "Welt",
    "it is compressed in a broken way": "sie ist fehlerhaft komprimiert",
    "it is not a JSON object": "sie ist kein JSON-Objekt",
    "it is larger than {1} MB": "sie ist größer als {1} MB",
    "the body comes too slowly": "der Inhalt kommt zu langsam",
    "the body broke off": "der Inhalt brach ab",
    "to {1}": "an {1}",
    "to another address": "an eine andere Adresse",
    "it redirects {1}, which is not followed because the API key goes to Mint's own address only": (
        "sie leitet {1} weiter; dem wird nicht gefolgt, weil der API-Schlüssel nur an Mints eigene Adresse geht"
    ),
    "A place that looks like the reference picture.": "Ein Ort, der wie das Referenzbild aussieht.",
    "Mint answered with an unexpected status": "Die Antwort kam mit einem Status, der hier nicht bekannt ist",
    "It will be tried again. If this keeps happening, write to hello@mint.gg with the request ID.": (
        "Es wird noch einmal versucht; wenn es so bleibt, mit der Request-Id an hello@mint.gg schreiben."
    ),
    "Something refused the request, and it does not look like Mint": "Etwas hat die Anfrage abgelehnt, und es sieht nicht nach Mint aus",
    "Check the base URL and whether a proxy or a sign-in page stands in between; it is tried again.": (
        "Die Basis-URL prüfen, und ob ein Proxy oder eine Anmeldeseite dazwischensteht; es wird noch einmal versucht."
    ),
    "Mint cannot cancel this now": "Mint bietet gerade nicht an, das abzubrechen",
    "It goes on.": "Es geht weiter.",
}

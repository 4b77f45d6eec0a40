# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about prices, limits and what was spent."""

TEXTS = {
    "{1} Credits reserved": "{1} Credits reserviert",
    "Cost nothing": "Kostete nichts",
    "About {1} Credits": "Etwa {1} Credits",
    "{1} Nothing was started.": "{1} Es wurde nichts gestartet.",
    "{1} Credits for one generation": "{1} Credits für eine Generierung",
    "{1} Credits for a day": "{1} Credits für einen Tag",
    "Mint does not tell the price, so your limit of {1} cannot be kept.": (
        "Mint nennt den Preis nicht, deshalb lässt sich die Grenze von {1} nicht einhalten."
    ),
    "This job would cost about {1} Credits in all, more than its limit of {2} Credits.": (
        "Dieser Auftrag würde insgesamt etwa {1} Credits kosten, mehr als seine Grenze von {2} Credits."
    ),
    "Mint does not tell the price, so the limit of {1} Credits for this job cannot be kept.": (
        "Mint nennt den Preis nicht, daher kann die Grenze von {1} Credits für diesen Auftrag nicht eingehalten werden."
    ),
    "{1} Nothing was sent. Resume it with a higher limit, or cancel it.": (
        "{1} Es wurde nichts gesendet. Mit einer höheren Grenze fortsetzen oder abbrechen."
    ),
    "This would cost about {1} Credits, more than your limit of {2} Credits for one generation.": (
        "Das würde etwa {1} Credits kosten, mehr als die Grenze von {2} Credits für eine Generierung."
    ),
    "This would cost about {1} Credits. With the {2} Credits spent today that is more than your limit of {3} Credits for a day.": (
        "Das würde etwa {1} Credits kosten. Mit den {2} Credits von heute ist das mehr als die Grenze von {3} Credits für einen Tag."
    ),
    "The balance suffices now: Resume.": "Das Guthaben reicht jetzt: Fortsetzen.",
    "Start it although it costs more than your limit in the preferences": (
        "Starten, obwohl es mehr kostet als die Grenze in den Einstellungen"
    ),
    "Mint is being asked for the price of the click before: wait a moment.": (
        "Mint wird noch nach dem Preis des vorigen Klicks gefragt: einen Moment warten."
    ),
    "Asking Mint for the price…": "Mint wird nach dem Preis gefragt…",
    "Optimizing comes on top: about {1} Credits.": "Optimieren kommt hinzu: etwa {1} Credits.",
    "Optimizing comes on top.": "Optimieren kommt hinzu.",
    "Optimizing comes on top. {1}": "Optimieren kommt hinzu. {1}",
    "What optimizing costs, Mint tells only once there is a model.": "Was Optimieren kostet, nennt Mint erst, wenn es ein Modell gibt.",
    "Above Your Limit": "Über der Grenze",
    "Start Anyway": "Trotzdem starten",
    "Spent today: {1} Credits": "Heute ausgegeben: {1} Credits",
    "waits: online access is off": "wartet: Online-Zugriff ist aus",
    "Per Generation": "Pro Generierung",
    "Credits that one generation may cost without a question; where nobody can be asked it is refused. 0: no limit": (
        "Credits, die eine Generierung ohne Rückfrage kosten darf; wo niemand gefragt werden kann, wird sie abgelehnt. 0: keine Grenze"
    ),
    "Per Day": "Pro Tag",
    "Credits that may be spent in a day without a question; where nobody can be asked more is refused. 0: no limit": (
        "Credits, die an einem Tag ohne Rückfrage ausgegeben werden dürfen; wo niemand gefragt werden kann, wird mehr abgelehnt. "
        "0: keine Grenze"
    ),
    "Limits": "Grenzen",
    "Above a limit you are asked before anything is started; on the command line and in scripts it is refused.": (
        "Über einer Grenze wird nachgefragt, bevor etwas gestartet wird; auf der Kommandozeile und in Skripten wird es abgelehnt."
    ),
    "Last {1} days on this computer": "Die letzten {1} Tage auf diesem Rechner",
    "Nothing was generated.": "Es wurde nichts erzeugt.",
    "One generation": "Eine Generierung",
    "{1} generations": "{1} Generierungen",
    "{1}, {2} Credits; the most in a day: {3}": "{1}, {2} Credits; höchstens {3} an einem Tag",
    "{1} failed ({2})": "{1} fehlgeschlagen ({2})",
}

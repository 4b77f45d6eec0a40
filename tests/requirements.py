# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold, with its source; tests say what they show with `@pytest.mark.covers("ID")`.

Three sources: what Mint's API demands of a client (ids `C…`), what README.md and the manual promise
(`R…`), and what SECURITY.md promises (`S…`). `tests/code/test_requirements.py` checks that each is shown
by a test, or has a reason in `NOT_COVERED`, and that every marker names one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure it is that Mint's API demands something."""

    DOCUMENTED = "Mint documents it"
    OBSERVED = "Mint's own programs or live clients of others do it"
    INFERRED = "it follows from the rest, and could be wrong"


@dataclass(frozen=True)
class Rule:
    """A sentence, and how sure it is; a promise of our own is as sure as we make it."""

    text: str
    certainty: Certainty | None = None


DOCUMENTED, OBSERVED, INFERRED = Certainty.DOCUMENTED, Certainty.OBSERVED, Certainty.INFERRED

CONTRACT = {
    "C1-downloads": Rule("Files are downloaded without the key, a cookie or a password.", OBSERVED),
    "C1-redirects": Rule("The key does not follow a redirect to another origin.", OBSERVED),
    "C2-header": Rule("What a GLB requires is read before an importer sees it.", OBSERVED),
    "C2-original": Rule(
        "Without Draco or WebP the original file is used, with a reason.", OBSERVED
    ),
    "C3-optimized": Rule("An optimized file is never waited for or bought unasked.", OBSERVED),
    "C4-auto": Rule("In auto mode a Preview is no end.", OBSERVED),
    "C4-review": Rule("In review mode a Preview is an end.", DOCUMENTED),
    "C5-pause": Rule("Missing Credits pause a job, with the amount and where to buy.", OBSERVED),
    "C5-click": Rule("Only a click resumes a job that lacked Credits.", OBSERVED),
    "C5-same-start": Rule("Without a resource, the start is repeated with its key.", INFERRED),
    "C6-partial": Rule("A partial success is imported; what is missing is named.", OBSERVED),
    "C7-stored": Rule("Key and body of a start are on disk before it is sent.", DOCUMENTED),
    "C7-same-key": Rule("A repeated call has the key and the body of the first one.", DOCUMENTED),
    "C7-restart": Rule("After a restart a job goes on; nothing is started twice.", DOCUMENTED),
    "C7-timeout": Rule("A job that takes long is watched, not started again.", INFERRED),
    "C8-status": Rule("A job with an unknown status is still busy.", INFERRED),
    "C8-error": Rule("An unknown error code is shown as it is.", INFERRED),
    "C8-members": Rule("Unknown members and types are ignored, and null is allowed.", OBSERVED),
    "C9-measured": Rule("A model is measured after the import, not by its bounds.", OBSERVED),
    "C9-floor": Rule("A model stands on the floor, with its middle at the cursor.", OBSERVED),
    "C9-height": Rule("A model can be scaled to a height.", OBSERVED),
    "C9-front": Rule("The front of a model is Blender's front.", DOCUMENTED),
    "C10-parts": Rule("Any part of a World is enough; missing ones are named.", OBSERVED),
    "C10-links": Rule("Links of files that Blender cannot read are kept.", INFERRED),
    "C11-upright": Rule("A World arrives upright, at the scale of Mint's viewer.", OBSERVED),
    "C11-check": Rule("An upright collider is noticed, and a World can be flipped.", INFERRED),
    "C12-bytes": Rule("The format of a picture comes from its bytes.", OBSERVED),
    "C13-upload": Rule("Local pictures are uploaded first; addresses have to be https.", OBSERVED),
    "C13-consent": Rule("A picture is only scaled or converted after a click.", INFERRED),
    "C14-threads": Rule("Calls run on threads, which never touch Blender's data.", INFERRED),
    "C14-rhythm": Rule("Polls come after 2 s, 1.6 times later each, at most 15 s.", OBSERVED),
    "C14-retry-after": Rule("What Mint asks to wait is waited, within bounds.", DOCUMENTED),
    "C14-cancel": Rule("A job can be canceled at any time.", DOCUMENTED),
    "C15-manifest": Rule("A refused manifest does not stop a download.", OBSERVED),
    "C16-settling": Rule("A fresh resource without files is read three times.", OBSERVED),
    "C17-price": Rule("The price is shown before Credits are spent.", OBSERVED),
    "C17-unknown": Rule("A missing estimate stops nothing, unless there is a limit.", OBSERVED),
    "C18-ten": Rule("At most ten models and ten Worlds are active at once.", DOCUMENTED),
    "C19-ids": Rule("An id that could change a path is never sent.", OBSERVED),
    "C19-colon": Rule("The colon of an action is sent as it is.", OBSERVED),
    "C20-order": Rule("First field error, else detail, title or status is shown.", OBSERVED),
    "C20-request-id": Rule("An error has the id of its request.", OBSERVED),
    "C21-address": Rule("The address can be changed: https, or http to this computer.", INFERRED),
    "C22-closed": Rule("No null and no unknown member is sent.", DOCUMENTED),
}

README = {
    "R-responsive": Rule("One slow answer or upload does not delay other jobs."),
    "R-outage": Rule("Jobs wait through an outage and continue by themselves."),
    "R-slow": Rule("After 30 minutes a job is checked once a minute."),
    "R-three-minutes": Rule("A command ends after three minutes without an answer."),
    "R-pay-once": Rule("After a crash at any point nothing is paid twice."),
    "R-queue": Rule("Queued jobs of an earlier session wait for a click."),
    "R-undo": Rule("A result survives undo, other files and quitting."),
    "R-again": Rule("A paid result can be downloaded and placed again."),
    "R-decide": Rule("A Preview is approved or revised before the expensive step."),
    "R-world": Rule("All parts of a World are below one upright root, with a camera."),
    "R-edited": Rule("A new version keeps the earlier one as a hidden copy."),
    "R-library-files": Rule("Files of an asset library that the user changed are kept."),
    "R-batch-once": Rule("A rerun of a batch continues, from any machine."),
    "R-batch-limit": Rule("--max-credits applies to all lines of a batch together."),
    "R-batch-crash": Rule("A result that crashes Blender twice fails its line only."),
    "R-batch-alone": Rule("One batch at a time works on a folder; it can be taken over."),
    "R-batch-free": Rule("--rewrite starts nothing and replaces only by complete files."),
    "R-limit": Rule("A limit of a job holds when it is approved, retried or resumed."),
    "R-python-ids": Rule("The same request_id is the same job in Python, and is paid once."),
    "R-account": Rule("A job is only sent with a key of its own account."),
    "R-unreadable": Rule("A record that cannot be read is listed and kept."),
    "R-statuses": Rule("Each exit status means what the table says."),
    "R-files-kept": Rule("A file that fails our check is kept, and can be imported."),
    "R-agent-limits": Rule("An agent spends without asking only within the limits."),
    "R-one-home": Rule("Blender and pip share one folder for each user."),
    "R-proxy": Rule("Proxies and CA bundles come from the usual variables."),
    "R-doctor": Rule("doctor sends one free request and changes nothing."),
    "R-report": Rule("A report for support has neither the key nor prompts."),
    "R-crash-log": Rule("After a crash during an import the card names the crash log."),
}

SECURITY = {
    "S-key-origin": Rule("The key is sent to Mint's address only."),
    "S-key-address": Rule("A stored key waits until a new address is confirmed."),
    "S-key-nowhere": Rule("The key is in no file of ours, no log and no output."),
    "S-key-children": Rule("A background Blender that imports results does not get the key."),
    "S-key-farm": Rule("Workers, job templates and arguments never get the key."),
    "S-key-repeated": Rule("A key that a server repeats is not shown."),
    "S-tls": Rule("Mint and its files need a certificate that is trusted."),
    "S-credits": Rule("Limits hold, also between processes."),
    "S-account": Rule("Jobs of one account are not sent with the key of another."),
    "S-folder": Rule("Nothing that is read from the folder of a batch is sent, or decides."),
    "S-models": Rule("A harmful model is refused before Blender opens it."),
    "S-splats": Rule("Harmful splats and pictures are refused, in little memory."),
    "S-files": Rule("An import touches no other file and no address."),
    "S-names": Rule("No name or address leads out of the folder."),
    "S-local": Rule("Nothing is downloaded from this computer or its network."),
    "S-large": Rule("Downloads are limited, also when they are compressed."),
    "S-terminal": Rule("Text of Mint does not control the terminal."),
    "S-page": Rule("Text of Mint is no markup in the contact sheet, which loads nothing."),
    "S-foreign": Rule("A damaged journal, or a record that somebody changed, does no harm."),
    "S-private": Rule("Other users of the computer cannot read our files."),
    "S-offline": Rule("Nothing is sent offline, or before the Mint tab was seen."),
    "S-agent": Rule("A tool for agents shows no key and starts nothing unasked."),
}

RULES = {**CONTRACT, **README, **SECURITY}
"""All of them by id."""

NOT_COVERED = {
    "C15-manifest": "No call asks for the manifest: files come from the model and the World."
}
"""The reason for each rule that no test shows."""

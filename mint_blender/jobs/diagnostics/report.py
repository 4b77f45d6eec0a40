# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for support: versions, settings, open jobs, latest problems, the end of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from ...mint import connection_check, redaction
from ...mint.account import Account
from ..job import Job
from ..presentation import presenter
from ..storage import database
from ..storage.database import JournalError
from . import journal_check, log_file

LOG_LINES = 40
MOST_JOBS = 20


def diagnostics(
    home: Path, account: Account, *, versions: Sequence[str], settings: Mapping[str, str]
) -> str:
    """Return the report as text, without the API key, prompts and the user's name in paths.

    Args:
        home: The folder of the journal and the log.
        account: The key and the address in use.
        versions: What runs here, one line each.
        settings: The user's settings, none of which is a secret.
    """
    redaction.register_secret(account.key)
    parts = (
        ("Versions", versions),
        ("Settings", _settings(home, account, settings)),
        *_journal(home),
        (f"End of {log_file.NAME}", log_file.tail(home / log_file.NAME, LOG_LINES)),
    )
    text = "\n\n".join("\n".join([f"# {title}", *lines]) for title, lines in parts if lines)
    return without_user_name(redaction.redact(text), Path.home()) + "\n"


def without_user_name(text: str, own: PurePath) -> str:
    """Return the text with ~ for the user's own folder, whose name is mostly that of the user.

    On Windows the folder may be spelled with slashes, in another case, or with each backslash
    doubled, as in the texts of errors and in JSON.
    """
    if own == own.parent:
        return text
    spelled = {str(own), own.as_posix(), str(own).replace("\\", "\\\\"), json.dumps(str(own))[1:-1]}
    pattern = "|".join(re.escape(each) for each in sorted(spelled, key=len, reverse=True))
    return re.sub(pattern, "~", text, flags=re.IGNORECASE if own.drive else 0)


def _settings(home: Path, account: Account, settings: Mapping[str, str]) -> list[str]:
    kind = "local disk" if database.is_local(home) else "network share, unknown or missing"
    key = f"from {account.key_source}" if account.key else "none"
    return [
        f"time: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"address: {account.origin or 'invalid'}; key: {key}",
        f"folder: {home} ({kind})",
        *connection_check.surroundings(account),
        *(f"{name}: {value}" for name, value in settings.items()),
    ]


def _journal(home: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts about jobs; a journal that cannot be read is a part of its own."""
    try:
        content = journal_check.read(home)
    except JournalError as error:
        yield "Jobs", [str(error)]
        return
    if content is None:
        yield "Jobs", ["no journal yet"]
        return
    counts = [f"{phase}: {count}" for phase, count in sorted(content.phases.items())]
    unreadable = [f"unreadable: {content.unreadable}"] if content.unreadable else []
    yield "Jobs", [", ".join([*counts, *unreadable]) or "none"]
    yield "Records of Credits that cannot be right", list(content.wrong_jobs)
    running = [job for job in content.open_jobs if job.problem is None]
    yield "Open jobs", [line for job in running[:MOST_JOBS] for line in _lines(job)]
    problems = content.problems[:MOST_JOBS]
    yield "Latest problems", [line for job in problems for line in _lines(job)]


def _lines(job: Job) -> Iterator[str]:
    yield f"{datetime.fromtimestamp(job.created_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    for line in presenter.report(job).splitlines():
        yield f"  {line}"

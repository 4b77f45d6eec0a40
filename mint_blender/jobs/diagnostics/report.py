# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for support: versions, settings, open jobs, latest problems, the end of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from ...mint import redaction
from ...mint.account import Account
from ...mint.transport import own_ca_bundle, proxy_of
from ..job import Job
from ..presentation.job_view import JobView
from . import checks, log_file
from .checks import JournalContent

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
    found, content = checks.journal(home)
    parts = (
        ("Versions", versions),
        ("Settings", _settings(home, account, settings)),
        ("Checks", [str(each) for each in (*checks.folder(home), found)]),
        *_jobs(content),
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
    key = f"from {account.key_source}" if account.key else "none"
    return [
        f"time: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"address: {account.origin or 'invalid'}; key: {key}",
        f"folder: {home}",
        f"proxy: {proxy_of(account.base_url) or 'none'}",
        f"CA bundle: {own_ca_bundle() or 'the default'}",
        *(f"{name}: {value}" for name, value in settings.items()),
    ]


def _jobs(content: JournalContent | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts about jobs; none without a journal that can be read."""
    if content is None:
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
    for line in JobView(job).report().splitlines():
        yield f"  {line}"

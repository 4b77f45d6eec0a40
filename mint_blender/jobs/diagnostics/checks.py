# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the set-up: the connection to Mint, and the folder of the journal and the downloads.

The command `doctor` shows all of it, the report for support what needs no request.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...mint.account import Account
from ...mint.client import connect
from ...mint.errors import Forbidden, KeyMissing, KeyRefused, MintError, Unreachable
from ...mint.schema import Me
from ...mint.transport import own_ca_bundle, proxy_of
from .. import database
from ..database import STATE, JournalError, is_new, journal_error
from ..job import Job
from ..paid_requests.record import COLUMNS, PaidRequest
from ..paid_requests.table_check import check_table
from ..phases import ENDED, Phase
from ..storage.journal import journal_file
from ..storage.serialization import load
from ..storage.tables import OPEN, VERSION

LITTLE_SPACE = 1024**3
"""Bytes; the files of a large World take a few hundred megabytes."""
MAX_CLOCK_OFFSET = 300.0
"""Seconds; links to files and certificates are valid for limited times."""
MOST_NAMED = 5
"""How many jobs a sentence names."""


class State(StrEnum):
    """How a part of the set-up is."""

    OK = "ok"
    NOTE = "note"  # it works, with a limitation
    PROBLEM = "problem"
    UNKNOWN = "unknown"  # it could not be checked, because something else is wrong


OK, NOTE, PROBLEM, UNKNOWN = State
Checked = tuple[State, str]


@dataclass(frozen=True)
class Finding:
    """One line of the result."""

    part: str
    state: State
    text: str

    def __str__(self) -> str:
        return f"{self.part:11} {self.state:8} {self.text}"


# -- key, network, proxy, TLS, clock


def connection(account: Account) -> Iterator[Finding]:
    """Yield what one free request to Mint shows."""
    me, error, offset = None, None, None
    try:
        with closing(connect(account)) as client:
            try:
                me = client.me()
            finally:
                offset = client.clock_offset
    except MintError as raised:
        error = raised
    yield Finding("key", *_key(account, me, error))
    yield Finding("network", *_network(account, error))
    yield Finding("proxy", *_proxy(account, error))
    yield Finding("tls", *_tls(account, error))
    yield Finding("clock", *_clock(offset))


def _key(account: Account, me: Me | None, error: MintError | None) -> Checked:
    if me is not None:
        return OK, f"Mint accepts the key from {account.key_source}: {me.display_name}."
    if isinstance(error, KeyMissing | KeyRefused | Forbidden):
        return PROBLEM, str(error)
    return UNKNOWN, "Not checked: Mint did not answer."


def _network(account: Account, error: MintError | None) -> Checked:
    if error is None or isinstance(error, KeyRefused | Forbidden):
        return OK, f"{account.origin} answers."
    if isinstance(error, KeyMissing):
        return UNKNOWN, "Not checked: nothing is sent without a key."
    if _failed_part(error) in {"proxy", "tls"}:
        return UNKNOWN, "Not checked: the connection fails before, see below."
    if not isinstance(error, Unreachable):
        return PROBLEM, str(error)
    advice = (
        "Check the internet connection, a firewall, and whether the network requires a sign-in."
    )
    return PROBLEM, f"{error} {advice}"


def _proxy(account: Account, error: MintError | None) -> Checked:
    proxy = proxy_of(account.base_url)
    if _failed_part(error) == "proxy":
        advice = "Correct the proxy, or add the host to NO_PROXY if it can be reached directly."
        return PROBLEM, f"{error} {advice}"
    if not proxy:
        return OK, "None is set for this address."
    if isinstance(error, KeyMissing | Unreachable):
        return UNKNOWN, f"{proxy} is set; not checked."
    return OK, f"{proxy} is used."


def _tls(account: Account, error: MintError | None) -> Checked:
    if _failed_part(error) == "tls":
        return PROBLEM, f"{error} If the clock of this computer is wrong, correct it first."
    if account.origin.startswith("http://"):
        return OK, "Not used: the server is on this computer."
    if isinstance(error, KeyMissing | Unreachable) or not account.origin:
        return UNKNOWN, "Not checked: there was no connection."
    return OK, f"The certificate is trusted, by {own_ca_bundle() or 'the default CA bundle'}."


def _clock(offset: float | None) -> Checked:
    if offset is None:
        return UNKNOWN, "Not checked: Mint did not answer."
    if abs(offset) <= MAX_CLOCK_OFFSET:
        return OK, f"Within {MAX_CLOCK_OFFSET / 60:.0f} minutes of Mint's."
    side = "ahead of" if offset > 0 else "behind"
    minutes = round(abs(offset) / 60)
    length = f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
    return PROBLEM, (
        f"This computer's clock is {length} {side} Mint's. Set it automatically in"
        " the system settings, or links to files are refused."
    )


def _failed_part(error: MintError | None) -> str | None:
    return error.part if isinstance(error, Unreachable) else None


# -- folder and journal


def folder(home: Path) -> Iterator[Finding]:
    """Yield whether the folder can be used, or could be when it is created. Writes nothing."""
    try:
        place = next(each for each in (home, *home.parents) if os.path.lexists(each))
        problem = _folder_problem(place)
        space = 0 if problem else shutil.disk_usage(place).free
    except OSError as error:
        problem = error.strerror or str(error)
    if problem:
        advice = "Allow writing there, or set MINT_BLENDER_HOME to another folder."
        yield Finding("folder", PROBLEM, f"{home} cannot be used: {problem}. {advice}")
        return
    free = f"{space / 1024**3:.1f} GB free"
    if space < LITTLE_SPACE:
        advice = "Large results may not fit; free some space."
        yield Finding("folder", NOTE, f"{home}: only {free}. {advice}")
    else:
        yield Finding("folder", OK, f"{home}: {free}.")
    if database.is_local(place):
        yield Finding("filesystem", OK, "The folder is on a local disk.")
    else:
        text = (
            "The folder is on a network drive or an unknown file system. The journal is safe there,"
            " but slower; MINT_BLENDER_HOME chooses a folder on a local disk."
        )
        yield Finding("filesystem", NOTE, text)


def _folder_problem(place: Path) -> str:
    if not place.is_dir():
        return f"{place} is not a folder"
    return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} is read-only for you"


def journal(home: Path) -> tuple[Finding, JournalContent | None]:
    """Return whether the journal can be used, and what it holds, if it can be read."""
    try:
        content = read_journal(home)
    except JournalError as error:
        return Finding("journal", State.PROBLEM, str(error)), None
    if content is None:
        return Finding("journal", State.OK, "There is none yet; the first job creates it."), None
    return _journal(content), content


def _journal(content: JournalContent) -> Finding:
    if content.wrong_jobs:
        jobs = ", ".join(content.wrong_jobs[:MOST_NAMED])
        more = len(content.wrong_jobs) - MOST_NAMED
        text = (
            "It has records of Credits that cannot be right: they were changed from outside, or"
            f" this is a bug. Job {jobs}{f' and {more} more' if more > 0 else ''}. Look at mint.gg"
            " what was made and paid for before you start it again, and send the output of"
            " `doctor --report` to support."
        )
        return Finding("journal", State.PROBLEM, text)
    if content.unreadable:
        text = (
            f"Intact, but {content.unreadable} of its jobs cannot be read: damaged, or from a newer"
            " version. Update the add-on; their records are kept."
        )
        return Finding("journal", State.NOTE, text)
    text = f"Intact: {content.phases.total()} jobs, {len(content.open_jobs)} of them open."
    return Finding("journal", State.OK, text)


NEWEST = 20
"""How many of the latest problems are read."""


@dataclass(frozen=True)
class JournalContent:
    """What an intact journal holds."""

    phases: Counter[str]
    """How many jobs on the list are in each phase."""
    open_jobs: tuple[Job, ...]
    problems: tuple[Job, ...]
    """The latest jobs that stopped with a problem, newest first."""
    unreadable: int
    """How many jobs cannot be read: damaged, or from a newer version."""
    wrong_jobs: tuple[str, ...] = ()
    """The jobs with a paid request whose record cannot be right."""


def read_journal(home: Path) -> JournalContent | None:
    """Return what the journal in this folder holds; None if there is none yet.

    Raises:
        JournalError: It is damaged, from another version, or cannot be read.
    """
    path = journal_file(home)
    if not os.path.exists(path):  # noqa: PTH110 - False where Path.exists raises
        return None
    try:
        with closing(_open(path)) as database:
            (state,) = database.execute(STATE).fetchall()
            if is_new(state, VERSION, path):
                return None
            _check(database)
            return _content(database)
    except (sqlite3.Error, UnicodeError) as error:
        raise journal_error(path, error) from error


def _open(path: Path) -> sqlite3.Connection:
    """Open the file for reading only.

    Without a write-ahead log nobody uses it: SQLite is told so, or it would create that log.
    """
    is_in_use = path.with_name(f"{path.name}-wal").exists()
    mode = "mode=ro" if is_in_use else "mode=ro&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=10.0)
    database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return database


def _check(database: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError if the file is damaged."""
    ((verdict,),) = database.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        damage = sqlite3.DatabaseError(str(verdict).partition("\n")[0])
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _content(database: sqlite3.Connection) -> JournalContent:
    query = "SELECT phase, count(*) FROM jobs WHERE NOT dismissed GROUP BY phase"
    phases = Counter(dict(database.execute(query).fetchall()))
    found = list(_jobs(database))
    jobs = [job for job in found if job is not None]
    return JournalContent(
        phases,
        open_jobs=tuple(job for job in jobs if job.phase not in ENDED),
        problems=tuple(job for job in jobs if job.problem is not None)[:NEWEST],
        unreadable=found.count(None),
        wrong_jobs=_wrong_jobs(database),
    )


def _wrong_jobs(database: sqlite3.Connection) -> tuple[str, ...]:
    """Return the jobs whose paid requests break a rule."""
    query = f"SELECT {', '.join(COLUMNS)} FROM paid_requests"  # noqa: S608 - our names
    rows = [PaidRequest(*row) for row in database.execute(query).fetchall()]
    wrong = {fault.key for fault in check_table(rows)}
    return tuple(dict.fromkeys(row.job for row in rows if row.key in wrong))


def _jobs(database: sqlite3.Connection) -> Iterator[Job | None]:
    """Yield the open and the failed jobs on the list, newest first; None for an unreadable one."""
    rows: list[tuple[Any, ...]] = database.execute(
        "SELECT record, phase FROM jobs"  # noqa: S608 - our constant
        f" WHERE ({OPEN}) OR (NOT dismissed AND phase = 'failed')"
        " ORDER BY created_at DESC, id LIMIT 1000"
    ).fetchall()
    for record, phase in rows:
        try:
            yield load(record, Phase(phase))
        except Exception:  # noqa: BLE001 - a damaged record concerns its job alone
            yield None

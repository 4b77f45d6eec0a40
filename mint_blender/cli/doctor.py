# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `doctor`: a line for each part of the set-up, ok or what to do.

It sends one free request, writes nothing, and opens the journal read-only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..delivery import blender_runtime, versions
from ..mint.errors import Forbidden, KeyMissing, KeyRefused, MintError, Unreachable
from . import session, settings
from .exits import Exit
from .output.terminal import Terminal

if TYPE_CHECKING:
    from ..mint.account import Account
    from ..mint.connection_check import ConnectionReport

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


@dataclass(frozen=True)
class Finding:
    """One line of the result."""

    part: str
    state: State
    text: str


_STATUS = {
    "key": Exit.KEY,
    "network": Exit.UNREACHABLE,
    "proxy": Exit.UNREACHABLE,
    "tls": Exit.UNREACHABLE,
    "decoders": Exit.IMPORT,
    "blender": Exit.IMPORT,
}
"""The exit status for a problem with each part; FAILED for all others."""


def doctor(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Print a line for each part of the set-up; return the status of the first problem."""
    status = Exit.DONE
    for finding in _findings():
        terminal.result(
            {
                "event": "doctor",
                "part": finding.part,
                "state": finding.state,
                "text": finding.text,
            },
            f"{finding.part:11} {finding.state:8} {finding.text}",
        )
        if finding.state is State.PROBLEM and status is Exit.DONE:
            status = _STATUS.get(finding.part, Exit.FAILED)
    if arguments.report:
        _print_report(terminal)
    return status


def _print_report(terminal: Terminal) -> None:
    from ..jobs.diagnostics import report

    text = report.diagnostics(
        session.home(),
        session.account(),
        versions=versions.lines(),
        settings=settings.shown(),
    )
    terminal.result({"event": "report", "text": text}, "", *text.splitlines())


def _findings() -> Iterator[Finding]:
    account, home = session.account(), session.home()
    yield from _connection(account)
    yield from _folder(home)
    yield _journal(home)
    yield from _blender()


# -- key, network, proxy, TLS, clock


def _connection(account: Account) -> Iterator[Finding]:
    """Yield what one request to Mint shows."""
    from ..mint import connection_check

    try:
        session.check_online()
    except session.NotAllowedOnline as error:
        yield Finding("network", State.PROBLEM, str(error))
        return
    report = connection_check.check(account)
    yield _key(account, report)
    yield _network(account, report)
    yield _proxy(account, report)
    yield _tls(account, report)
    yield _clock(report)


def _key(account: Account, report: ConnectionReport) -> Finding:
    if report.me is not None:
        text = f"Mint accepts the key from {account.key_source}: {report.me.display_name}."
        return Finding("key", State.OK, text)
    if isinstance(report.error, KeyMissing | KeyRefused | Forbidden):
        return Finding("key", State.PROBLEM, str(report.error))
    return Finding("key", State.UNKNOWN, "Not checked: Mint did not answer.")


def _network(account: Account, report: ConnectionReport) -> Finding:
    error = report.error
    if error is None or isinstance(error, KeyRefused | Forbidden):
        return Finding("network", State.OK, f"{account.origin} answers.")
    if isinstance(error, KeyMissing):
        return Finding("network", State.UNKNOWN, "Not checked: nothing is sent without a key.")
    if _failed_part(error) in {"proxy", "tls"}:
        text = "Not checked: the connection fails before, see below."
        return Finding("network", State.UNKNOWN, text)
    advice = (
        " Check the internet connection, a firewall, and whether the network requires a sign-in."
        if isinstance(error, Unreachable)
        else ""
    )
    return Finding("network", State.PROBLEM, f"{error}{advice}")


def _proxy(account: Account, report: ConnectionReport) -> Finding:
    from ..mint import connection_check

    proxy = connection_check.proxy(account)
    if _failed_part(report.error) == "proxy":
        advice = "Correct the proxy, or add the host to NO_PROXY if it can be reached directly."
        return Finding("proxy", State.PROBLEM, f"{report.error} {advice}")
    if not proxy:
        return Finding("proxy", State.OK, "None is set for this address.")
    if isinstance(report.error, KeyMissing | Unreachable):
        return Finding("proxy", State.UNKNOWN, f"{proxy} is set; not checked.")
    return Finding("proxy", State.OK, f"{proxy} is used.")


def _tls(account: Account, report: ConnectionReport) -> Finding:
    from ..mint import connection_check

    error = report.error
    if _failed_part(error) == "tls":
        advice = "If the clock of this computer is wrong, correct it first."
        return Finding("tls", State.PROBLEM, f"{error} {advice}")
    if account.origin.startswith("http://"):
        return Finding("tls", State.OK, "Not used: the server is on this computer.")
    if isinstance(error, KeyMissing | Unreachable) or not account.origin:
        return Finding("tls", State.UNKNOWN, "Not checked: there was no connection.")
    bundle = connection_check.ca_bundle() or "the default CA bundle"
    return Finding("tls", State.OK, f"The certificate is trusted, by {bundle}.")


def _clock(report: ConnectionReport) -> Finding:
    offset = report.clock_offset
    if offset is None:
        return Finding("clock", State.UNKNOWN, "Not checked: Mint did not answer.")
    if abs(offset) <= MAX_CLOCK_OFFSET:
        return Finding("clock", State.OK, f"Within {MAX_CLOCK_OFFSET / 60:.0f} minutes of Mint's.")
    side = "ahead of" if offset > 0 else "behind"
    text = (
        f"This computer's clock is {_duration(abs(offset))} {side} Mint's. Set it automatically in"
        " the system settings, or links to files are refused."
    )
    return Finding("clock", State.PROBLEM, text)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"


def _failed_part(error: MintError | None) -> str | None:
    return error.part if isinstance(error, Unreachable) else None


# -- folder and journal


def _folder(home: Path) -> Iterator[Finding]:
    from ..jobs.diagnostics import folder_check

    folder = folder_check.check(home)
    if folder.problem:
        advice = "Allow writing there, or set MINT_BLENDER_HOME to another folder."
        text = f"{home} cannot be used: {folder.problem}. {advice}"
        yield Finding("folder", State.PROBLEM, text)
        return
    free = f"{folder.free / 1024**3:.1f} GB free"
    if folder.has_little_space:
        text = f"{home}: only {free}. Large results may not fit; free some space."
        yield Finding("folder", State.NOTE, text)
    else:
        yield Finding("folder", State.OK, f"{home}: {free}.")
    if folder.is_local:
        yield Finding("filesystem", State.OK, "The folder is on a local disk.")
    else:
        text = (
            "The folder is on a network drive or an unknown file system. The journal is safe there,"
            " but slower; MINT_BLENDER_HOME chooses a folder on a local disk."
        )
        yield Finding("filesystem", State.NOTE, text)


def _journal(home: Path) -> Finding:
    from ..jobs.diagnostics import journal_check
    from ..jobs.storage.database import JournalError

    try:
        content = journal_check.read(home)
    except JournalError as error:
        return Finding("journal", State.PROBLEM, str(error))
    if content is None:
        return Finding("journal", State.OK, "There is none yet; the first job creates it.")
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


# -- Blender


def _blender() -> Iterator[Finding]:
    """Yield which Blender this is, and what it can read."""
    readable = None
    if not blender_runtime.can_import():
        text = (
            "None here: only .glb files can be written. For .blend files and pictures, run the"
            " command in Blender or install the bpy package."
        )
        yield Finding("blender", State.NOTE, text)
    else:
        try:
            readable = blender_runtime.readable_extensions()  # loads bpy
            yield _version()
        except Exception as error:  # noqa: BLE001 - a broken bpy fails in any way
            text = f"It cannot be loaded ({type(error).__name__}: {error}). Install it again."
            yield Finding("blender", State.PROBLEM, text)
    yield _decoders(readable)


def _version() -> Finding:
    version = versions.blender_version()
    if not versions.is_supported():
        text = f"Blender {version} is too old. Install Blender 4.2 LTS or newer."
        return Finding("blender", State.PROBLEM, text)
    return Finding("blender", State.OK, f"Blender {version}.")


def _decoders(readable: frozenset[str] | None) -> Finding:
    """Return what is missing to read splats and optimized models; None: no Blender is loaded."""
    from ..files.file_choice import DRACO, WEBP

    if lacking := [name for name in ("numpy", "zstandard") if not find_spec(name)]:
        text = f"Install the Python package {' and '.join(lacking)} to read splats."
        return Finding("decoders", State.PROBLEM, text)
    if readable is None:
        return Finding("decoders", State.UNKNOWN, "Not checked: there is no Blender here.")
    wanted = {"Draco": DRACO, "WebP": WEBP}
    missing = [name for name, extension in wanted.items() if extension not in readable]
    if missing:
        text = (
            f"This Blender cannot read {' or '.join(missing)}. Original files are used instead of"
            " optimized ones that need it. The package DracoPy adds Draco."
        )
        return Finding("decoders", State.NOTE, text)
    return Finding("decoders", State.OK, "Draco, WebP and splats can be read.")

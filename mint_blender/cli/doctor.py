# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `doctor`: a line for each part of the set-up, ok or what to do.

It sends one free request, writes nothing, and opens the journal read-only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib.util import find_spec

from ..application import session
from ..delivery import blender_runtime
from ..files.file_choice import DRACO, WEBP
from ..jobs.diagnostics import checks, report
from ..jobs.diagnostics.checks import Finding, State
from .exits import Exit
from .terminal import Terminal

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
        record = {"event": "doctor", "part": finding.part, "state": finding.state}
        terminal.result(record | {"text": finding.text}, str(finding))
        if finding.state is State.PROBLEM and status is Exit.DONE:
            status = _STATUS.get(finding.part, Exit.BROKEN)
    if arguments.report:
        _print_report(terminal)
    return status


def _print_report(terminal: Terminal) -> None:
    text = report.diagnostics(
        session.home(),
        session.account(),
        versions=blender_runtime.version_lines(),
        settings=session.shown(),
    )
    terminal.result({"event": "report", "text": text}, "", *text.splitlines())


def _findings() -> Iterator[Finding]:
    try:
        session.check_online()
        yield from checks.connection(session.account())
    except session.NotAllowedOnline as error:
        yield Finding("network", State.PROBLEM, str(error))
    yield from checks.folder(session.home())
    yield checks.journal(session.home())[0]
    yield from _blender()


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
            version = blender_runtime.blender_version()
        except Exception as error:  # noqa: BLE001 - a broken bpy fails in any way
            text = f"It cannot be loaded ({type(error).__name__}: {error}). Install it again."
            yield Finding("blender", State.PROBLEM, text)
        else:
            text = f"Blender {version} is too old. Install Blender 4.2 LTS or newer."
            is_good = blender_runtime.is_supported()
            state = State.OK if is_good else State.PROBLEM
            yield Finding("blender", state, f"Blender {version}." if is_good else text)
    yield Finding("decoders", *_decoders(readable))


def _decoders(readable: frozenset[str] | None) -> checks.Checked:
    """Return what is missing to read splats and optimized models; None: no Blender is loaded."""
    if lacking := [name for name in ("numpy", "zstandard") if not find_spec(name)]:
        names = " and ".join(lacking)
        return State.PROBLEM, f"Install the Python package {names} to read splats."
    if readable is None:
        return State.UNKNOWN, "Not checked: there is no Blender here."
    wanted = {"Draco": DRACO, "WebP": WEBP}
    if missing := [name for name, extension in wanted.items() if extension not in readable]:
        return State.NOTE, (
            f"This Blender cannot read {' or '.join(missing)}. Original files are used instead of"
            " optimized ones that need it."
        )
    return State.OK, "Draco, WebP and splats can be read."

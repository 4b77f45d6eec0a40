# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command from the shell or from Blender; errors become messages."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from ..delivery import blender_runtime
from ..jobs.diagnostics import log_file
from . import error_log, exits, session
from .exits import Exit
from .output.terminal import Terminal
from .parser.commands import parser

log = logging.getLogger(__name__)

Command = Callable[[argparse.Namespace, Terminal], Exit]

COMMANDS = {
    "generate": "generate.generate",
    "batch": "batch.command.batch",
    "jobs": "jobs.list_jobs",
    "resume": "jobs.resume",
    "approve": "jobs.approve",
    "revise": "jobs.revise",
    "retry": "jobs.retry",
    "cancel": "jobs.cancel",
    "dismiss": "jobs.dismiss",
    "place": "jobs.place",
    "convert": "generate.convert",
    "again": "generate.again",
    "models": "account.models",
    "worlds": "account.worlds",
    "library": "asset_library.library",
    "usage": "account.usage",
    "check": "account.check",
    "doctor": "doctor.doctor",
    "mcp": "mcp_command.mcp",
}
"""The function of each command. Its module is imported only when the command runs."""


def main(
    arguments: Sequence[str] | None = None, *, program: str = "python3 -m mint_blender"
) -> int:
    """Run one command and return its exit status."""
    try:
        parsed = parser(program).parse_args(arguments)
    except SystemExit as end:
        # argparse has printed the error or the help.
        return int(end.code or 0)
    terminal = Terminal(program, as_json=parsed.json)
    try:
        home = session.home()
        with error_log.logging_to_file(home, session.account().key, parsed.log_level):
            return int(_run(parsed, terminal, home))
    except BrokenPipeError:
        blender_runtime.discard_standard_output()
        return int(Exit.FAILED)


def _run(parsed: argparse.Namespace, terminal: Terminal, home: Path) -> Exit:
    """Run the command; any error becomes a message and an exit status."""
    try:
        return function_of(parsed.command)(parsed, terminal)
    except KeyboardInterrupt:
        terminal.error(_interrupted(parsed.command, terminal))
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - it is logged and reported
        return _report(error, parsed.command, terminal, home)


def _interrupted(command: str, terminal: Terminal) -> str:
    """Return what is printed for an interrupted command: also what continues it."""
    if command == "library":
        return "Interrupted. Run the same command again: it downloads only what is missing."
    started = "Interrupted. Jobs that were started continue at Mint."
    if command == "batch":  # `resume` would write no records of its lines
        return (
            f"{started} Run the same command again: it continues where it stopped, and pays for no"
            " line twice."
        )
    return f"{started} Resume them here at no extra cost: {terminal.command('resume')}"


def function_of(command: str) -> Command:
    """Return the function of a command."""
    module, _, name = COMMANDS[command].rpartition(".")
    function: Command = getattr(import_module(f".{module}", __package__), name)
    return function


def _report(error: Exception, command: str, terminal: Terminal, home: Path) -> Exit:
    """Report an error that ended a command, and return the exit status."""
    if exits.is_expected(error):
        terminal.error(str(error))
        return exits.of_error(error)
    log.error("%s", command, exc_info=error)
    if isinstance(error, OSError):
        terminal.error(exits.unusable_file(error))
    else:
        terminal.error(
            f"Unexpected error ({type(error).__name__}). The details are in"
            f" {home / log_file.NAME}. Jobs that were started are kept. Resume them:"
            f" {terminal.command('resume')}"
        )
    return Exit.FAILED


def from_shell() -> int:
    """Run as a process of its own: the `mint-blender` program or `python3 -m`."""
    blender_runtime.reserve_standard_output()
    _end_in_order()
    installed = Path(sys.argv[0]).name.startswith("mint-blender")
    return main(program="mint-blender" if installed else "python3 -m mint_blender")


def from_blender(arguments: list[str]) -> int:
    """Run as Blender's `--command mint`; Blender exits with the returned status."""
    blender_runtime.reserve_standard_output()
    # Blender handles Ctrl-C itself, to stop a render; here it should interrupt Python.
    _end_in_order(signal.SIGINT)
    return main(arguments, program="blender --online-mode --command mint")


def _end_in_order(*more: signal.Signals) -> None:
    """Let signals end the command as Ctrl-C does; render farms ask with one before they kill.

    Programs on Windows ask with Ctrl-Break: only that reaches a process group.
    """
    ctrl_break = getattr(signal, "SIGBREAK", None)
    for request in (signal.SIGTERM, ctrl_break, *more):
        if request is not None:
            signal.signal(request, signal.default_int_handler)

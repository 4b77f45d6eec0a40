# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command from the shell or from Blender; errors become messages."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING

from ..application import session
from ..delivery import blender_runtime
from ..jobs.diagnostics.log_file import NAME, LogFile
from ..mint import redaction
from . import exits
from .exits import Exit, Refused
from .parser import COMMANDS, parser
from .terminal import Terminal

if TYPE_CHECKING:
    from ..jobs.job import Job

PACKAGE = __name__.rpartition(".cli.")[0]

Command = Callable[[argparse.Namespace, Terminal], Exit]

NO_AGENT_TOOLS = (
    "The tools for agents are not installed in this Python. Install them where a plain Python runs"
    ' them, from a copy of the repository: pip install ".[mcp]"'
)


def main(
    arguments: Sequence[str] | None = None, *, program: str = "python3 -m mint_blender"
) -> int:
    """Run one command and return its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
        with suppress(ImportError):
            import_module("argcomplete").autocomplete(parser(program))
    try:
        parsed = parser(program, words).parse_args(words)
    except SystemExit as end:
        # argparse has printed the error or the help.
        return int(end.code or 0)
    terminal = Terminal(program, as_json=parsed.json)
    try:
        home = session.home()
        log = logging_to_file(home, session.account().key, parsed.log_level)
        with log, session.timeout(parsed.timeout):
            return int(_run(parsed, terminal))
    except BrokenPipeError:
        blender_runtime.discard_standard_output()
        return int(Exit.FAILED)


@contextmanager
def logging_to_file(
    folder: Path, secret: str, level: str | None = None
) -> Iterator[logging.Logger]:
    """Send this package's log to `folder`/mint.log while inside, never to the terminal.

    The file is created by its first entry, and never contains `secret`, the key. `level` is one of
    `LEVELS`; None: warnings, or what the add-on's preferences say.
    """
    redaction.register_secret(secret)
    logger = logging.getLogger(PACKAGE)
    # Inside Blender the add-on already writes this file.
    own = [] if logger.handlers else [LogFile(folder / NAME)]
    leveled: list[logging.Logger | logging.Handler] = [logger, *logger.handlers, *own]
    before = [(target, target.level) for target in leveled]
    propagated, logger.propagate = logger.propagate, False
    if level is not None:
        for target, _ in before:
            target.setLevel(level)
    for handler in own:
        logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.propagate = propagated
        for target, earlier in before:
            target.setLevel(earlier)
        for handler in own:
            logger.removeHandler(handler)
            handler.close()


def _run(parsed: argparse.Namespace, terminal: Terminal) -> Exit:
    """Run the command; any error becomes a message and an exit status."""
    try:
        return function_of(parsed.command)(parsed, terminal)
    except KeyboardInterrupt:
        terminal.error(_interrupted(parsed.command, terminal))
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - it is logged and reported
        resume = f". Resume them: {terminal.command('resume')}"
        terminal.error(exits.sentence(error, parsed.command, resume))
        return exits.of_error(error)


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
    unsent, is_more = _unfinished()
    if not unsent:
        return f"{started} Resume them here at no extra cost: {terminal.command('resume')}"
    from ..jobs.budget.spending import committed
    from .jobs import queued_text

    credits = sum(map(committed, unsent))
    text = f"Interrupted. {queued_text(len(unsent), credits, terminal)}"
    return f"{text}\nIt also continues other jobs, at no extra cost." if is_more else text


def _unfinished() -> tuple[list[Job], bool]:
    """Return the jobs that were never sent, and whether there are others that `resume` continues.

    Never raises: the command ends in any case.
    """
    with suppress(Exception, KeyboardInterrupt), session.open_journal() as job_service:
        busy = [job for job in job_service.jobs() if job.is_resumable]
        unsent = [job for job in busy if job_service.unfinished.is_unclaimed(job)]
        return unsent, len(unsent) < len(busy)
    return [], False


def function_of(command: str) -> Command:
    """Return the function of a command."""
    module, _, name = COMMANDS[command].function.rpartition(".")
    function: Command = getattr(import_module(f".{module}", __package__), name)
    return function


def from_shell() -> int:
    """Run as a process of its own: the `mint-blender` program or `python3 -m`."""
    blender_runtime.reserve_standard_output()
    _end_in_order()
    installed = Path(sys.argv[0]).name.startswith("mint-blender")
    status = main(program="mint-blender" if installed else "python3 -m mint_blender")
    if "bpy" not in sys.modules:  # which never ends without it
        gc.freeze()  # Python's last look for garbage takes an eighth of a short command
    return status


def from_blender(arguments: list[str]) -> int:
    """Run as Blender's `--command mint`; Blender exits with the returned status."""
    blender_runtime.reserve_standard_output()
    # Blender handles Ctrl-C itself, to stop a render; here it should interrupt Python.
    _end_in_order(signal.SIGINT)
    return main(arguments, program="blender --online-mode --command mint")


def mcp(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Serve tools for an agent on standard input and output, until the client disconnects."""
    names = ("mcp", f"{__package__}.mcp_server")
    if any(util.find_spec(name) is None for name in names):
        raise Refused(NO_AGENT_TOOLS)
    from .mcp_server import server

    server.make_server().run("stdio")
    return Exit.DONE


def _end_in_order(*more: signal.Signals) -> None:
    """Let signals end the command as Ctrl-C does; render farms ask with one before they kill.

    Programs on Windows ask with Ctrl-Break: only that reaches a process group.
    """
    ctrl_break = getattr(signal, "SIGBREAK", None)
    for request in (signal.SIGTERM, ctrl_break, *more):
        if request is not None:
            signal.signal(request, signal.default_int_handler)

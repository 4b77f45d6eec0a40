# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m mint_blender …` and `blender --online-mode --command mint …`: one implementation."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..delivery import streams
from ..jobs.board import NotPossible
from ..jobs.storage.journal import JournalTrouble
from ..mint.errors import MintError
from . import account_commands, after_commands, exits, job_commands, library_command, logbook, session
from .arguments import parser
from .batch import batch
from .exits import Exit
from .session import NotAllowedOnline
from .terminal import Terminal

log = logging.getLogger(__name__)

Command = Callable[[argparse.Namespace, Terminal], Exit]

COMMANDS: dict[str, Command] = {
    "generate": job_commands.generate,
    "batch": batch.run,
    "jobs": job_commands.list_jobs,
    "resume": job_commands.resume,
    "approve": job_commands.approve,
    "revise": job_commands.revise,
    "retry": job_commands.retry,
    "cancel": job_commands.cancel,
    "dismiss": job_commands.dismiss,
    "place": job_commands.place,
    "convert": after_commands.convert,
    "again": after_commands.again,
    "models": account_commands.models,
    "worlds": account_commands.worlds,
    "library": library_command.library,
    "usage": account_commands.usage,
    "check": account_commands.check,
}


def main(arguments: Sequence[str] | None = None, *, program: str = "python3 -m mint_blender") -> int:
    """Run one command; returns the exit status."""
    try:
        parsed = parser(program).parse_args(arguments)
    except SystemExit as end:
        # argparse has said what is wrong, or shown the help.
        return int(end.code or 0)
    terminal = Terminal(program, as_json=parsed.json)
    try:
        home = session.home()
        with logbook.kept(home, session.account().key):
            return int(_run(parsed, terminal, home))
    except BrokenPipeError:
        streams.nobody_reads()
        return int(Exit.FAILED)


def _run(parsed: argparse.Namespace, terminal: Terminal, home: Path) -> Exit:
    """Run the command; what went wrong becomes a sentence and an exit status, whatever it was."""
    try:
        return COMMANDS[parsed.command](parsed, terminal)
    except (MintError, NotAllowedOnline, NotPossible, JournalTrouble) as error:
        terminal.error(str(error))
        return exits.of_error(error)
    except KeyboardInterrupt:
        terminal.error(
            f"Interrupted. What was started goes on at Mint; this goes on with it, and pays for nothing twice: {terminal.command('resume')}"
        )
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        log.exception("%s", parsed.command)
        terminal.error(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}. Nothing that was started is lost.")
    except Exception as mistake:
        log.exception("%s", parsed.command)
        terminal.error(
            f"Something in this program went wrong ({type(mistake).__name__}); the details are in {home / logbook.NAME}. "
            f"What was started is not lost: {terminal.command('resume')}"
        )
    return Exit.FAILED


def from_shell() -> int:
    """`python3 -m mint_blender` and the `mint-blender` program: a process of its own."""
    streams.keep_for_results()
    installed = os.path.basename(sys.argv[0]).startswith("mint-blender")  # noqa: PTH119 - only the name matters
    return main(program="mint-blender" if installed else "python3 -m mint_blender")


def from_blender(arguments: list[str]) -> int:
    """Blender's `--command mint`: the returned number becomes Blender's exit status."""
    streams.keep_for_results()
    # Blender takes Ctrl-C for itself (it would stop a render); Python is to hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return main(arguments, program="blender --online-mode --command mint")

# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m mint_blender …` and `blender --online-mode --command mint …`: one implementation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from ..jobs.board import NotPossible
from ..jobs.journal import JournalTrouble
from ..mint.errors import MintError
from . import account_commands, batch, exits, job_commands
from .arguments import parser
from .exits import Exit
from .session import NotAllowedOnline, TooExpensive
from .terminal import Terminal

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
    "models": account_commands.models,
    "worlds": account_commands.worlds,
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
    terminal = Terminal(as_json=parsed.json)
    try:
        return int(COMMANDS[parsed.command](parsed, terminal))
    except MintError as error:
        terminal.error(str(error))
        return int(exits.of_error(error))
    except TooExpensive as error:
        terminal.error(str(error))
        return int(Exit.CREDITS)
    except NotAllowedOnline as error:
        terminal.error(str(error))
        return int(Exit.UNREACHABLE)
    except NotPossible as error:
        terminal.error(str(error))
        return int(Exit.USAGE)
    except (JournalTrouble, OSError) as error:
        terminal.error(str(error))
        return int(Exit.FAILED)
    except KeyboardInterrupt:
        terminal.error('Interrupted. What was started goes on at Mint; "resume" picks it up, at no cost.')
        return int(Exit.INTERRUPTED)


def from_blender(arguments: list[str]) -> int:
    """Blender's `--command mint`: the returned number becomes Blender's exit status."""
    return main(arguments, program="blender --online-mode --command mint")


if __name__ == "__main__":
    sys.exit(main())

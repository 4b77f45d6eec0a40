# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the commands and their options, from the argument parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping

from mint_blender.cli.parser import parser

from . import markdown

PROGRAM = "python3 -m mint_blender"

INTRODUCTION = f"""\
Type a command after `{PROGRAM}`, after `mint-blender` (the same, when installed with pip) or after
`blender --online-mode --command mint`. `{PROGRAM} COMMAND --help` prints what is on this page.
See also [exit statuses](exit-statuses.md) and [environment variables](environment-variables.md)."""

SHARED = ("help", "json", "log_level", "timeout")
"""The options that every command has."""


def page() -> str:
    """Return the page as Markdown."""
    root = parser(PROGRAM)
    commands = by_name(root)
    first = next(iter(commands.values()))
    shared = [action for action in first._actions if action.dest in SHARED]
    sections = [block for each in commands.items() for block in _section(*each)]
    return markdown.page(
        "# Commands",
        INTRODUCTION,
        "## Options without a command",
        markdown.table(("option", "meaning"), map(_row, _own_options(root))),
        "## Options of every command",
        markdown.table(("option", "meaning"), map(_row, shared)),
        *sections,
    )


def by_name(root: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by name; argparse has no public way to list them."""
    found: Iterator[Mapping[str, argparse.ArgumentParser]] = (
        action.choices for action in root._actions if isinstance(action, argparse._SubParsersAction)
    )
    return next(found)


def _own_options(root: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options that stand in place of a command."""
    return [action for action in root._actions if action.option_strings]


def _section(name: str, command: argparse.ArgumentParser) -> list[list[str] | str]:
    """Return the blocks about one command."""
    own = [action for action in command._actions if action.dest not in SHARED]
    positional = [_word(action) for action in own if not action.option_strings]
    required = [
        f"{action.option_strings[0]} {_word(action)}"
        for action in own
        if action.option_strings and action.required
    ]
    optional = ["[options]"] if len(own) > len(positional) + len(required) else []
    usage = " ".join([PROGRAM, name, *positional, *required, *optional])
    blocks: list[list[str] | str] = [
        f"## {name}",
        markdown.escaped(command.description or ""),
        f"```text\n{usage}\n```",
    ]
    if own:
        blocks.append(markdown.table(("argument", "meaning"), map(_row, own)))
    if command.epilog:
        example = command.epilog.rstrip().replace("%(prog)s", f"{PROGRAM} {name}")
        blocks.append(f"```text\n{example}\n```")
    return blocks


def _row(action: argparse.Action) -> tuple[str, str]:
    label = markdown.code(_label(action))
    help = re.sub(r"--[\w-]+", r"`\g<0>`", markdown.escaped(action.help or ""))
    if action.option_strings and action.required:
        help += " (required)"
    return label, help


def _label(action: argparse.Action) -> str:
    """Return how an argument is written, such as `-o, --output FILE`."""
    if not action.option_strings:
        return _word(action)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {_word(action)}"


def _word(action: argparse.Action) -> str:
    """Return the word that stands for the value of an argument."""
    word = action.metavar or "|".join(map(str, action.choices or [action.dest.upper()]))
    assert isinstance(word, str)
    return f"[{word}]" if action.nargs == "?" else word

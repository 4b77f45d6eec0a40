# SPDX-License-Identifier: GPL-3.0-or-later
"""The skill for agents names only operators, arguments, functions and commands that exist."""

from __future__ import annotations

import ast
import re

import mint_blender
from mint_blender.cli.commands import COMMANDS
from mint_blender.jobs.phases import Phase

from . import skill_file


def test_the_front_matter_follows_the_format() -> None:
    """The name is that of the folder, and the texts are as long as the format allows."""
    fields = skill_file.front_matter()
    assert fields["name"] == skill_file.FILE.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500


def test_it_is_short_enough_to_be_read_as_a_whole() -> None:
    """Agents load it completely: fewer than 500 lines, and about 5,000 tokens at most."""
    assert len(skill_file.body().splitlines()) < 500
    assert len(skill_file.body()) < 4 * 5000


def test_all_code_is_python() -> None:
    """Each block can be parsed."""
    assert len(skill_file.code_blocks()) >= 5
    for block in skill_file.code_blocks():
        ast.parse(block)


def test_each_function_of_the_package_exists() -> None:
    """`mint.…` names what the package offers to scripts."""
    called = {ast.unparse(call.func) for call in skill_file.calls()}
    ours = {name.removeprefix("mint.") for name in called if name.startswith("mint.")}
    assert {"job_records", "models", "worlds", "usage"} <= ours
    assert ours <= set(mint_blender.__all__)


def test_each_command_exists() -> None:
    """So do the commands of the command line, with their options."""
    lines = [each for each in skill_file.inline_code() if "-m mint_blender " in each]
    commands = {each.split("-m mint_blender ")[1].split()[0] for each in lines}
    assert {"jobs", "place", "mcp"} <= commands <= set(COMMANDS)


def test_each_phase_is_explained() -> None:
    """The table of phases has every phase and no other."""
    table = skill_file.body().split("| `phase` |")[1].split("\n\n")[0]
    told = {
        word for row in table.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == {phase.value for phase in Phase}

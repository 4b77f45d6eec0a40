# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument parser: every command, its options, and its help."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TypeAlias

from ..mint.schema import Format, Kind, Mode, OptimizationLevel, Pose, Preset
from .exits import MEANINGS

ENVIRONMENT = """\
environment:
  MINT_API_KEY       your key, made at platform.mint.gg
  MINT_API_BASE_URL  another Mint than api.mint.gg
  MINT_BLENDER_HOME  where jobs and downloads are kept
"""

GENERATE = """\
examples:
  … generate --prompt "a ceramic lamp" -o lamp.blend --render lamp.png
  … generate --kind world --prompt "a greenhouse" -o greenhouse.blend
  … generate --prompt "a hero" --mode review --pose t_pose
"""

BATCH = """\
A .txt has one prompt a line. A .jsonl has an object a line, such as
  {"prompt": "a lamp", "preset": "fast", "format": "glb"}
and a .csv has the same names in its first line. Only the prompt is needed:
  prompt, name         what to make, and what to call it
  kind                 model (as usual) or world
  preset               fast, standard (as usual) or production
  mode                 auto (as usual) or review: waits at its Preview
  image, images        reference pictures: paths and https addresses
  pose                 of a character: t_pose or a_pose
  optimize             of a model: light, moderate or aggressive
  height               of a model in a .blend, in scene units
  splats               of a world: a tier such as 100k or 500k
  collider             of a world: auto, physics, visible or none
  panorama, camera, rigid_body
                       of a world: yes or no
  format               blend (as usual) or glb
  render               yes or no, whatever --render says

For each line there are in DIR: the result, its picture (Mint's own, or a
rendered still) and a record (.json). index.html shows them all; it opens
without a network.

A line that fails, or waits at its Preview, does not stop the others. The
same command again goes on: what is done is left alone, and nothing is
started or paid twice. DIR/.mint-batch holds the ledger that makes it so, from
any Blender, machine or user, also after DIR was moved: keep it with DIR.

The price of all lines is said before the first is started. Mint tells what
optimizing costs only for a model that exists: before there is one,
--max-credits counts it as soon as it is told.
"""


CONVERT = """\
What Mint has converted before is only fetched; only the rest costs Credits.
A file that is in DIR already is left alone: another name is taken.
"""


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of all commands; `program` is what is typed before them."""
    root = argparse.ArgumentParser(
        prog=program,
        description="From a prompt to a 3D Model or a World, with Mint (mint.gg).",
        epilog=f"{program} COMMAND --help tells about each command.\n\n{_exits()}\n{ENVIRONMENT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    _generate(commands)
    _batch(commands)
    _jobs(commands)
    _after(commands)
    _account(commands)
    _library(commands)
    return root


def _exits() -> str:
    """Return the table of exit statuses."""
    rows = [
        textwrap.fill(
            meaning.replace("`", ""),
            78,
            initial_indent=f"  {status.value:<5}",
            subsequent_indent=" " * 7,
        )
        for status, meaning in MEANINGS.items()
    ]
    return "\n".join(["exit status:", *rows, ""])


def _generate(commands: Commands) -> None:
    generate = _command(
        commands, "generate", "generate a model or a world, from the prompt to the file", GENERATE
    )
    generate.usage = f"{generate.prog} [options]"
    _request(generate)
    generate.add_argument(
        "--optimize",
        choices=[level.value for level in OptimizationLevel],
        metavar="LEVEL",
        help=(
            "for a model: make it lighter afterwards, where it can be opened here (light, moderate"
            " or aggressive; costs Credits too)"
        ),
    )
    generate.add_argument(
        "--splats",
        metavar="TIER",
        help="for a world: its Gaussian splats too (such as 100k or 500k)",
    )
    _max_credits(generate, "start nothing that would cost more, also when the job is resumed later")
    _approve_all(generate)
    _outputs(generate)


def _request(command: argparse.ArgumentParser) -> None:
    """Add the options that make up a request to Mint."""
    command.add_argument(
        "--prompt",
        default="",
        metavar="TEXT",
        help="describes it; may be left out when there is an --image",
    )
    command.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="PATH_OR_URL",
        help="a reference picture; may be given 8 times",
    )
    command.add_argument("--name", metavar="N", help="what it is called at Mint and in Blender")
    for option, values, usual, help in (
        ("--kind", Kind, Kind.MODEL, "what to make (default: model)"),
        ("--preset", Preset, Preset.STANDARD, "quality and price (default: standard)"),
        ("--mode", Mode, Mode.AUTO, "review stops at a Preview (default: auto)"),
        ("--pose", Pose, None, "a neutral pose for a character"),
    ):
        command.add_argument(
            option,
            choices=[value.value for value in values],
            default=usual.value if usual else None,
            help=help,
        )


def _batch(commands: Commands) -> None:
    batch = _command(commands, "batch", "generate many, a line each; a rerun continues", BATCH)
    batch.add_argument("file", type=Path, metavar="FILE", help="a .txt, .jsonl or .csv")
    batch.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the folder of the results"
    )
    batch.add_argument(
        "--jobs",
        type=_count,
        default=4,
        metavar="N",
        help="how many at once (default: 4; Mint takes 10 of a kind)",
    )
    batch.add_argument(
        "--render",
        action="store_true",
        help="a rendered still of each result, instead of Mint's picture",
    )
    batch.add_argument(
        "--retry-failed",
        action="store_true",
        help="a new attempt at lines that failed (costs Credits again)",
    )
    _max_credits(
        batch, "start nothing when all lines together would cost more, and stop before they do"
    )


def _jobs(commands: Commands) -> None:
    _command(commands, "jobs", "the jobs in the journal, newest first")
    resume = _command(
        commands,
        "resume",
        "go on with a job, or with all that were broken off or are still in line",
    )
    resume.add_argument(
        "job", nargs="?", metavar="JOB", help="the job's id, or the beginning of it"
    )
    approve = _job(commands, "approve", "accept the Preview and go on to the end")
    revise = _job(commands, "revise", "ask for another Preview")
    revise.add_argument("feedback", metavar="TEXT", help="what should change")
    retry = _job(commands, "retry", "a new attempt at a failed job (costs Credits again)")
    for command in (resume, approve, revise, retry):
        _max_credits(command, "a new limit for what this job may cost in all")
    _job(commands, "cancel", "stop a job, at Mint too")
    _job(commands, "dismiss", "take a job off the list; its files stay")
    place = _job(commands, "place", "write a finished job's result into a file")
    place.add_argument(
        "--raw",
        action="store_true",
        help=(
            "without our checks, a file that they refused included: copied to a .glb, else given to"
            " Blender"
        ),
    )
    _outputs(place)


def _after(commands: Commands) -> None:
    convert = _command(commands, "convert", "save a model in formats of other programs", CONVERT)
    convert.usage = f"{convert.prog} [options] ASSET_OR_JOB"
    convert.add_argument(
        "what", metavar="ASSET_OR_JOB", help="the model's id at Mint, or the job that made it"
    )
    convert.add_argument(
        "--format",
        action="append",
        required=True,
        choices=[format.value for format in Format],
        metavar="FORMAT",
        help="fbx, obj, stl or usdz; may be given several times",
    )
    convert.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the folder of the files"
    )
    again = _job(
        commands,
        "again",
        "generate a job's wish once more, or a variation of it (costs Credits again)",
    )
    again.add_argument(
        "--prompt", default="", metavar="TEXT", help="another prompt, with all else as it was"
    )
    _max_credits(again, "start nothing that would cost more")
    _approve_all(again)
    _outputs(again)


def _account(commands: Commands) -> None:
    for kind in ("models", "worlds"):
        _command(commands, kind, f"the {kind} that this API project has generated")
    _command(
        commands, "usage", "Credits, subscription and totals, and the last 30 days by the journal"
    )
    _command(commands, "check", "is the key accepted, and whose is it?")


def _library(commands: Commands) -> None:
    library = _command(
        commands, "library", "an asset library of what this API project has generated"
    )
    library.add_argument(
        "what",
        choices=("sync",),
        metavar="sync",
        help="save what is new; a run that was broken off is continued",
    )
    library.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="the asset library's folder; files of yours in it are left alone",
    )
    library.add_argument("--kind", choices=("model", "world"), help="only one kind")
    library.add_argument("--only", metavar="ID", help="only this one (with --kind)")


def _command(
    commands: Commands,
    name: str,
    help: str,
    more: str = "",
) -> argparse.ArgumentParser:
    sentence = help[0].upper() + help[1:] + ("" if help.endswith("?") else ".")
    command = commands.add_parser(
        name,
        help=help,
        description=sentence,
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--json", action="store_true", help="results and events as JSON, one object a line"
    )
    return command


def _job(commands: Commands, name: str, help: str) -> argparse.ArgumentParser:
    command = _command(commands, name, help)
    command.add_argument("job", metavar="JOB", help="the job's id, or the beginning of it")
    return command


def _max_credits(command: argparse.ArgumentParser, help: str) -> None:
    command.add_argument("--max-credits", type=_credits, metavar="N", help=help)


def _approve_all(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--approve", action="store_true", help="approve every Preview without asking"
    )


def _outputs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", type=_output, metavar="FILE", help="where to write it: a .blend or a .glb"
    )
    command.add_argument(
        "--render", type=_picture, metavar="FILE.png", help="a rendered picture of the result"
    )


def _output(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in {".blend", ".glb"}:
        raise argparse.ArgumentTypeError(f'"{text}" must end in .blend or .glb')
    return path.absolute()


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f'"{text}" must end in .png')
    return path.absolute()


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" must be a whole number from 1 up')
    return int(text)


def _credits(text: str) -> float:
    try:
        credits = float(text)
    except ValueError:
        credits = -1.0
    if not credits >= 0:
        raise argparse.ArgumentTypeError(f'"{text}" must be a number of Credits')
    return credits

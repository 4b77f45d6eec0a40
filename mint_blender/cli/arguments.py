# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..mint.schema import Mode, Pose, Preset


def parser(program: str) -> argparse.ArgumentParser:
    """The parser of all commands. `program` is how the user calls it."""
    root = argparse.ArgumentParser(prog=program, description="From a prompt to a 3D Model or a World, with Mint (mint.gg).")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _generation(commands)
    _jobs(commands)
    _account(commands)
    return root


def _generation(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    generate = _command(commands, "generate", "generate one model or world, from the prompt to the file")
    generate.add_argument("--kind", choices=("model", "world"), default="model")
    generate.add_argument("--prompt", default="", metavar="TEXT", help="what to make; may be left out when there is an --image")
    generate.add_argument("--preset", choices=[preset.value for preset in Preset], default=Preset.STANDARD.value)
    generate.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.AUTO.value, help="review stops at the Preview")
    generate.add_argument("--image", action="append", default=[], metavar="PATH_OR_URL", help="a reference picture; up to 8")
    generate.add_argument("--name", metavar="N")
    generate.add_argument("--pose", choices=[pose.value for pose in Pose], help="a neutral pose for a character")
    generate.add_argument("--splats", metavar="TIER", help="for a world: fetch Gaussian splats too (such as 100k, 500k)")
    generate.add_argument("--max-credits", type=_credits, metavar="N", help="start nothing that would cost more")
    generate.add_argument("--approve", action="store_true", help="approve every Preview without asking")
    _outputs(generate)

    batch = _command(commands, "batch", "generate many: one job a line; a rerun continues")
    batch.add_argument("file", type=Path, metavar="FILE", help=".jsonl, .csv (with a header) or .txt (one prompt a line)")
    batch.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    batch.add_argument(
        "--jobs", type=_count, default=4, metavar="N", help="how many at once (default 4; Mint allows 10 models and 10 worlds)"
    )
    batch.add_argument("--max-credits", type=_credits, metavar="N", help="start nothing when all lines together would cost more")


def _jobs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _command(commands, "jobs", "the jobs in the journal")
    resume = _command(commands, "resume", "go on with a job, or with all that were broken off")
    resume.add_argument("job", nargs="?", metavar="JOB")
    _job(commands, "approve", "accept the Preview and go on")
    revise = _job(commands, "revise", "ask for another Preview")
    revise.add_argument("feedback", metavar="TEXT", help="what should change")
    _job(commands, "retry", "a new attempt at a failed job (costs Credits again)")
    _job(commands, "cancel", "stop a job, at Mint too")
    _job(commands, "dismiss", "take a job off the list; its files stay")
    place = _job(commands, "place", "write a finished job's result into a file")
    _outputs(place)


def _account(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for kind in ("models", "worlds"):
        _command(commands, kind, f"the {kind} that this API project has generated")
    _command(commands, "usage", "Credits, subscription and totals")
    _command(commands, "check", "is the key accepted, and whose is it?")


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    command.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    return command


def _job(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help: str) -> argparse.ArgumentParser:
    command = _command(commands, name, help)
    command.add_argument("job", metavar="JOB", help="the job's id, or the beginning of it")
    return command


def _outputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", type=_output, metavar="FILE", help="write a .blend or a .glb")
    command.add_argument("--render", type=_picture, metavar="FILE.png", help="render a picture of the result")


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

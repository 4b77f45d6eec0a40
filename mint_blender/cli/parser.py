# SPDX-License-Identifier: GPL-3.0-or-later
"""All commands as a table: their functions, options and help. The argument parser is made of it.

Knows the words of Mint's API and the exit statuses. It imports no command.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias, TypeVar

from ..application import option_values
from ..files.export_options import COLLISIONS, MOST_LEVELS, TARGETS
from ..jobs.diagnostics.log_file import LEVELS
from ..jobs.phases import Phase
from ..mint.schema import Format, Kind, Mode, OptimizationLevel, Pose, Preset
from .exits import MEANINGS
from .variables import help_text

GENERATE = """\
examples:
  %(prog)s --prompt "a lamp" -o lamp.blend
  %(prog)s --kind world --prompt "a hall"
  %(prog)s --prompt "a hero" --pose t_pose
"""

BATCH = """\
A .txt file has one prompt per line. A .jsonl file has one object per line:
  {"prompt": "a lamp", "preset": "fast", "format": "glb"}
A .csv file has the names of the fields in its first line. Only a prompt is
required:
  prompt, name         what to generate, and its name
  kind                 model (default) or world
  preset               fast, standard (default) or production
  mode                 auto (default) or review: stop at the Preview
  image, images        reference images: paths and https URLs
  pose                 of a character: t_pose or a_pose
  optimize             of a model: light, moderate or aggressive
  motions              of a character, such as walk | run: animate it (beta)
  height               of a model in a .blend, in scene units
  splats               of a world: a tier such as 100k or 500k
  collider             of a world: auto, physics, visible or none
  panorama, camera, rigid_body
                       of a world: yes or no
  format               blend (default) or glb
  export               of a model in a .blend: also for an engine, such as unity
  render               yes or no; overrides --render
  output               the name of its files
  id                   tells lines with the same content apart
  max_credits          the most that the line may cost
  x_…, meta            pass through to the record, the sheet and the .blend

For each line, DIR gets the result, its picture (Mint's own, or a rendered
one) and a record (.json). index.html shows them all and opens without a
network.

A line that fails or waits at its Preview does not stop the others. Run the
same command again to continue: finished lines are skipped, and no line is
started or paid for twice, even on another computer or after DIR was moved.
This is recorded in DIR/.mint-batch: keep it with the results.

On a farm, --step does a part of the work, and --lines says for which lines:
  --step generate      generate, and put Mint's files into DIR/.mint-batch/files
  --step write         import, render and file; needs neither key nor network
  --step sheet         write the contact sheet
Only one machine can generate into DIR at a time, but any number can write: give
each one other lines. What is written already is skipped.
With --skip-failed, lines that failed at Mint do not keep a farm from the rest.
--openjd writes these steps as a job template (OpenJD) for a render farm.

With --executor, the workers of a Dask cluster import and render, some lines
each. The key stays here. All of them need this version with its extra dask,
bpy, and FILE and DIR under the same paths.
"""

CONVERT = """\
Formats that Mint has converted before are only downloaded, at no cost.
Existing files in DIR are never overwritten.
"""

EXPORT = """\
By Blender itself: nothing is sent, nothing costs Credits. Each model becomes a
file of its own, with its scale applied. A character has all its clips by name.
  --for unity    FBX; levels of detail by the names Unity knows
  --for unreal   FBX; with a group of levels, and a collision mesh UCX_
  --for godot    GLB; with a collision mesh -convcolonly
  --for three    GLB with WebP textures
  --for usd      USDZ, with one clip
"""

ANIMATE = """\
Beta. For humanoids with --pose t_pose. Mint picks the closest motion of its
catalog. What was ordered before for this model is not paid for again.
"""


class _PrintVersion(argparse.Action):
    """Prints the version. Unlike the action of argparse, it looks it up only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_ignored: object) -> NoReturn:
        from ..delivery import blender_runtime

        print(blender_runtime.own_version())
        parser.exit()


COLLIDERS = ("AUTO", "PHYSICS", "VISIBLE", "NONE")
ENGINES = ("cycles", "eevee")


T = TypeVar("T")


def _type(check: Callable[[str], T]) -> Callable[[str], T]:
    """Return a check as a type of argparse, which shows its sentence behind the option."""

    def convert(text: str) -> T:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


_count = _type(option_values.count)
_credits = _type(option_values.credits)
_output_file = _type(option_values.output_file)
_size = _type(option_values.size)
_text = option_values.text_or_input


Parser: TypeAlias = argparse.ArgumentParser
Options: TypeAlias = "argparse._ActionsContainer"


def _flag(command: Options, name: str, help: str) -> None:
    command.add_argument(name, action="store_true", help=help)


def _value(command: Options, names: str, metavar: str | None, help: str, **more: Any) -> None:
    command.add_argument(*names.split(), metavar=metavar, help=help, **more)


def _all(command: Parser) -> None:
    """Add the options of every command."""
    _flag(command, "--json", "print results and events as JSON, one object per line")
    levels = (
        "what to write to mint.log: warning (default), info (also requests and phases of jobs)"
        " or debug"
    )
    _value(command, "--log-level", "LEVEL", levels, type=str.upper, choices=LEVELS)
    wait = "how many seconds to wait for an answer of Mint (default: 180, or 5 if nobody listens)"
    _value(command, "--timeout", "S", wait, type=_type(option_values.seconds))


def _no_options(command: Parser) -> None:
    pass


def _job(command: Parser) -> None:
    _value(command, "job", "JOB", "the job's id, or its first characters")


def _some_jobs(command: Parser) -> None:
    _value(command, "jobs", "JOB", "the jobs' ids, or their first characters", nargs="+")


def _cancel(cancel: Parser) -> None:
    _value(cancel, "jobs", "JOB", "the jobs' ids, or their first characters", nargs="*")
    _flag(cancel, "--all", "cancel every job that can be canceled")


def _jobs(jobs: Parser) -> None:
    _listed(jobs)
    _value(jobs, "--phase", "PHASE", "only jobs in this phase", choices=[*Phase])


def _max_credits(command: Parser, help: str = "the most Credits that this may cost") -> None:
    _value(command, "--max-credits", "N", help, type=_credits)


def _spends(command: Parser, yes: str = "start without asking") -> None:
    """Add the options of a command that spends Credits."""
    _flag(command, "--yes", yes)
    _flag(command, "--dry-run", "show what would be started and its price, and start nothing")


def _new_limit(command: Parser) -> None:
    _max_credits(command, "a new limit for the total cost of this job")
    _spends(command)


def _decision(command: Parser) -> None:
    _job(command)
    _new_limit(command)


def _approve(command: Parser) -> None:
    _flag(command, "--approve", "approve every Preview without asking")


def _outputs(command: Parser) -> None:
    _value(command, "-o --output", "FILE", "the file to write: .blend or .glb", type=_output_file)
    _value(
        command, "--render", "FILE.png", "render a picture", type=_type(option_values.picture_file)
    )
    _picture(command)
    _flag(command, "--overwrite", "replace these files without asking")


def _picture(command: Parser) -> None:
    _value(command, "--render-size", "WxH", "its pixels (default: 640x480)", type=_size)
    _value(command, "--render-samples", "N", "its samples (default: few)", type=_count)
    engine = "cycles (default) or eevee (needs a graphics card)"
    _value(command, "--render-engine", "ENGINE", engine, choices=ENGINES)


def _model(command: Parser, metavar: str) -> None:
    what = "the model's id or address at Mint, or the job that generated it"
    _value(command, "what", metavar, what)


def _listed(command: Parser) -> None:
    """Add the options that choose from a list."""
    _value(command, "--limit", "N", "the most to list", type=_count)
    since = "only what was started on this day or later, such as 2026-12-31"
    _value(command, "--since", "DATE", since, type=_type(option_values.date))


def _library_list(command: Parser) -> None:
    _listed(command)
    _value(command, "--search", "TEXT", "only those with these words in name or prompt", default="")


def _request(generate: Parser) -> None:
    """Add the options that say what is generated."""
    prompt = "what to generate; - reads it; optional with --image"
    _value(generate, "--prompt", "TEXT", prompt, default="", type=_text)
    images = "a reference image; up to 8"
    _value(generate, "--image", "PATH_OR_URL", images, action="append", default=[])
    _value(generate, "--name", "NAME", "the name at Mint and in Blender")
    for option, values, default, help in (
        ("--kind", Kind, Kind.MODEL, "what to generate (default: model)"),
        ("--preset", Preset, Preset.STANDARD, "quality and price (default: standard)"),
        ("--mode", Mode, Mode.AUTO, "with review, stop at the Preview (default: auto)"),
        ("--pose", Pose, None, "a neutral pose for a character"),
    ):
        choices = [value.value for value in values]
        _value(generate, option, None, help, choices=choices, default=default and default.value)
    _value(
        generate,
        "--optimize",
        "LEVEL",
        "optimize the model: light, moderate or aggressive (costs more Credits; skipped if this"
        " Blender cannot open optimized files)",
        choices=[level.value for level in OptimizationLevel],
    )
    splats = "for a World: also import its Gaussian splats (such as 100k or 500k)"
    _value(generate, "--splats", "TIER", splats)
    collider = "of a World: auto (default), physics, visible or none"
    _value(
        generate, "--collider", "USE", collider, type=str.upper, choices=COLLIDERS, default="AUTO"
    )
    _flag(generate, "--rigid-body", "of a World: the collider stops what falls")
    for part in ("panorama", "camera"):
        option, help = f"--no-{part}", f"of a World: without its {part}"
        generate.add_argument(option, dest=part, action="store_false", help=help)
    height = "the height of a model in a .blend, in scene units"
    _value(generate, "--height", "H", height, type=_type(option_values.height))
    limit = "the most Credits that this may cost; also applies when the job is resumed"
    _max_credits(generate, limit)


def _generate(generate: Parser) -> None:
    _request(generate)
    _spends(generate)
    _approve(generate)
    _outputs(generate)


def _batch(batch: Parser) -> None:
    _value(batch, "file", "FILE", "a .txt, .jsonl or .csv file, or - to read its lines", type=Path)
    _value(batch, "-o --output", "DIR", "the folder for the results", type=Path, required=True)
    at_once = "how many to run at once (default: 4; Mint allows 10 of each kind)"
    _value(batch, "--jobs", "N", at_once, type=_count)
    _flag(batch, "--rewrite", "import, render and file finished lines again (never costs Credits)")
    parts = batch.add_mutually_exclusive_group()
    step = "on a farm, only generate, write or sheet; see below"
    _value(parts, "--step", "STEP", step, choices=("generate", "write", "sheet"))
    template = "write a job template for a render farm into TDIR, and start nothing"
    _value(parts, "--openjd", "TDIR", template, type=Path)
    ranges = _type(option_values.ranges)
    _value(batch, "--lines", "1-10,14", "only the lines with these numbers", type=ranges)
    failed = "exit with 0 although lines failed at Mint or wait for a Preview"
    _flag(batch, "--skip-failed", failed)
    workers = "how many Blenders import at once (default: one less than there are cores)"
    _value(batch, "--workers", "N", workers, type=_count)
    dask = "import and render on the workers of a Dask cluster instead; see below"
    _value(
        batch, "--executor", "dask://HOST:PORT", dask, type=_type(option_values.scheduler_address)
    )
    _flag(batch, "--render", "render a picture of each result instead of using Mint's")
    _picture(batch)
    _flag(batch, "--retry-failed", "retry failed lines (costs Credits again)")
    _spends(batch, "start without asking, even if the account has too few Credits for all lines")
    _flag(
        batch,
        "--start-again",
        "also start lines again that Mint may have started, and that were looked for in vain"
        " (costs Credits again)",
    )
    _max_credits(batch, "the most Credits that all lines together may cost")


def _resume(resume: Parser) -> None:
    _value(resume, "jobs", "JOB", "the jobs' ids, or their first characters", nargs="*")
    unclear = resume.add_mutually_exclusive_group()
    use = "use this result in your library: the one that Mint may have made for the job (free)"
    _value(unclear, "--use", "ASSET", use)
    _flag(
        unclear,
        "--once-more",
        "send the same request once more: while Mint remembers it, Mint returns what it has"
        " started (costs nothing twice)",
    )
    _new_limit(resume)


def _revise(revise: Parser) -> None:
    _job(revise)
    _value(
        revise,
        "feedback",
        "TEXT",
        "what should change; - reads it",
        type=_text,
    )
    _new_limit(revise)


def _place(place: Parser) -> None:
    what = "a job, or the id or address at Mint of a model or World"
    _value(place, "job", "JOB_OR_ASSET", what)
    _flag(
        place,
        "--raw",
        "use the file even if it failed our checks: copy it to a .glb, or import it unchecked",
    )
    _outputs(place)


def _convert(convert: Parser) -> None:
    _model(convert, "ASSET_OR_JOB")
    formats = [format.value for format in Format]
    help = "fbx, obj, stl or usdz; can be repeated"
    _value(convert, "--format", "FORMAT", help, action="append", required=True, choices=formats)
    _value(convert, "-o --output", "DIR", "the folder for the files", type=Path, required=True)
    _spends(convert)


def _export(export: Parser) -> None:
    _value(export, "what", "FILE|JOB|MODEL", "a .blend, a job, or a model of the library")
    engine = "unity, unreal, godot, three or usd; or a format: glb, fbx, obj or stl"
    _value(export, "--for", "ENGINE", engine, dest="target", required=True, choices=tuple(TARGETS))
    faces = "the most triangles of a model (default: as many as it has)"
    _value(export, "--faces", "N", faces, type=_count)
    levels = f"levels of detail beside the model itself, up to {MOST_LEVELS} (default: 0)"
    _value(export, "--lods", "N", levels, type=int, default=0)
    collision = "none (default), hull: one convex mesh, or several"
    _value(export, "--collision", "WHICH", collision, choices=COLLISIONS, default="none")
    _value(export, "--texture", "N", "the most pixels of a side of a texture", type=_count)
    _value(export, "-o --output", "DIR", "the folder for the files", type=Path, required=True)
    _flag(export, "--overwrite", "replace files of the same name")


def _variation(variation: Parser) -> None:
    _job(variation)
    prompt = "another prompt; all other settings stay; - reads it"
    _value(variation, "--prompt", "TEXT", prompt, default="", type=_text)
    _max_credits(variation)
    _spends(variation)
    _approve(variation)
    _outputs(variation)


def _optimize(optimize: Parser) -> None:
    _model(optimize, "MODEL")
    level = "light, moderate (default) or aggressive"
    choices = [level.value for level in OptimizationLevel]
    _value(optimize, "--level", "LEVEL", level, choices=choices, default="moderate")
    _max_credits(optimize)
    _spends(optimize)
    _outputs(optimize)


def _animate(animate: Parser) -> None:
    _model(animate, "MODEL")
    motion = "what it does, in English; can be repeated"
    _value(animate, "--motion", "TEXT", motion, action="append", required=True)
    _value(animate, "--height", "M", "the height of the character, in meters", type=float)
    _flag(animate, "--in-place", "take the way over the floor out of the clips")
    _max_credits(animate)
    _flag(animate, "--pay-again", "also order what was ordered before (costs Credits again)")
    _spends(animate, "start without asking, also if Mint returns no price")
    file = "the file to write: .blend or .glb"
    _value(animate, "-o --output", "FILE", file, type=_output_file, required=True)
    _flag(animate, "--overwrite", "replace it without asking")


def _doctor(doctor: Parser) -> None:
    report = "also print a report for support, without the API key and the prompts"
    _flag(doctor, "--report", report)


def _library(library: Parser) -> None:
    help = "save what is new; continues an interrupted run"
    _value(library, "what", "sync", help, choices=("sync",))
    folder = "the asset library's folder; your own files in it are not changed"
    _value(library, "folder", "DIR", folder, type=Path)
    _value(library, "--kind", None, "only models or only Worlds", choices=("model", "world"))
    _value(library, "--only", "ID", "only the asset with this id (needs --kind)")
    _flag(
        library,
        "--listing",
        "also list all assets in the folder, so that a web server makes it a remote asset"
        " library (needs Blender 5.2 or later)",
    )


def _assets(assets: Parser) -> None:
    _value(assets, "files", "FILE.blend", "what to read", type=Path, nargs="+")
    _flag(assets, "--csv", "a table for a spreadsheet")


class Command(NamedTuple):
    """A command: where its function is in this package, its line in the help, and its options.

    `more` stands below its own help, `usage` above it in place of what argparse writes.
    """

    function: str
    help: str
    add_options: Callable[[Parser], None] = _no_options
    more: str = ""
    usage: str = ""


_USAGE = "show Credits, totals, and the last 30 days on this computer"
_MCP = "serve tools for an agent on standard input and output (MCP)"
COMMANDS = {
    "generate": Command(
        "generate.generate",
        "generate a model or a World and write its file",
        _generate,
        GENERATE,
        "[options]",
    ),
    "estimate": Command(
        "generate.estimate",
        "show what a generation would cost; free, starts nothing",
        _request,
        usage="[options]",
    ),
    "batch": Command(
        "batch.command.batch",
        "generate every line of a file; run it again to continue",
        _batch,
        BATCH,
    ),
    "jobs": Command("jobs.list_jobs", "list the jobs, newest first", _jobs),
    "resume": Command("jobs.resume", "resume one job, or all interrupted and queued jobs", _resume),
    "approve": Command("jobs.decide", "approve the Preview and generate the result", _decision),
    "revise": Command("jobs.decide", "request another Preview", _revise),
    "retry": Command("jobs.decide", "retry a failed job (costs Credits again)", _decision),
    "cancel": Command("jobs.cancel", "cancel jobs, here and at Mint", _cancel),
    "dismiss": Command("jobs.dismiss", "remove jobs from the list; files are kept", _some_jobs),
    "place": Command(
        "jobs.place", "write a result, of a job or of the library, into a file", _place
    ),
    "convert": Command(
        "generate.convert",
        "save a model in other formats",
        _convert,
        CONVERT,
        "[options] ASSET_OR_JOB",
    ),
    "export": Command(
        "export.export",
        "export models for a game engine or in another format (free)",
        _export,
        EXPORT,
        "[options] FILE|JOB|MODEL",
    ),
    "variation": Command(
        "generate.variation",
        "generate a job once more, optionally with another prompt (costs Credits)",
        _variation,
    ),
    "optimize": Command(
        "generate.optimize",
        "have Mint make a model with fewer polygons (costs Credits once)",
        _optimize,
    ),
    "animate": Command(
        "generate.animate",
        "rig and animate a model (costs Credits)",
        _animate,
        ANIMATE,
        "[options] MODEL",
    ),
    "models": Command("account.list_assets", "list the models of this API project", _library_list),
    "worlds": Command("account.list_assets", "list the Worlds of this API project", _library_list),
    "usage": Command("account.usage", _USAGE),
    "check": Command("account.check", "check the API key and show its account"),
    "doctor": Command(
        "doctor.doctor", "find out what is wrong with the set-up; free, changes nothing", _doctor
    ),
    "library": Command(
        "asset_library.library", "keep an asset library of this API project up to date", _library
    ),
    "assets": Command("asset_library.assets", "list what in .blend files came from Mint", _assets),
    "mcp": Command("commands.mcp", _MCP),
}
"""All commands, in the order of the help. A module is imported only when its command runs."""


class _Parser(argparse.ArgumentParser):
    """Names what may be meant by a command or an option that does not exist."""

    def error(self, message: str) -> NoReturn:
        """Print the error and end with status 2."""
        wrong = re.search(r"invalid choice: '([^']+)'|unrecognized arguments: (--[\w-]+)", message)
        known = [*COMMANDS, *self._option_string_actions]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for added in action.choices.values():
                    known += added._option_string_actions
        if wrong and (similar := get_close_matches(wrong[1] or wrong[2], known, n=1)):
            message = f"{message}. Did you mean {similar[0]}?"
        super().error(message)


def parser(program: str, words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of all commands; `program` is what is typed before them.

    If `words` begin with a command, only that one is known: the others take time.
    """
    root = _Parser(
        prog=program,
        description="Generate 3D Models and Worlds from text with Mint (mint.gg).",
        epilog=(f"Options of a command: {program} COMMAND --help\n\n{_exits()}\n{help_text()}"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action=_PrintVersion, help="print name and version, and exit")
    commands = root.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        command = COMMANDS[name]
        added = commands.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=command.more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.usage:
            added.usage = f"{added.prog} {command.usage}"
        _all(added)
        command.add_options(added)
    return root


def _exits() -> str:
    """Return the table of exit statuses."""
    rows = ["exit status:"]
    for status, meaning in MEANINGS.items():
        row = f"  {status.value:<5}{meaning.replace('`', '')}"
        rows.append(textwrap.fill(row, 78, subsequent_indent=" " * 7))
    return "\n".join([*rows, ""])

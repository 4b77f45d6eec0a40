# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate a model and a World with the stand-in service; run by `scripts/dev.py demo`.

Each step is a command that a user would type, so the demo is also a tour of the command line.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mint_blender.application.session import open_job_service
from mint_blender.cli import main as mint
from mint_blender.delivery import blender_runtime
from mint_blender.jobs.job import Job
from mint_blender.jobs.presentation.job_view import JobView

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "demo"
# The stand-in's clock runs this many times faster than real time.
SPEED = 6
CREDITS = 5000  # the pictures of the manual show them


def main() -> int:
    """Run the demo; return the exit status."""
    blender_runtime.reserve_standard_output()  # discards what Blender prints while it renders
    _clear_folder()
    with stand_in_service() as service:
        os.environ.update(
            MINT_API_KEY=service["key"],
            MINT_API_BASE_URL=service["api"],
            MINT_BLENDER_HOME=str(FOLDER / "journal"),
        )
        _print_heading("A 3D Model with a review of its Preview")
        lamp = _model("a small ceramic lamp with an orange shade", "lamp")
        _print_heading("A World, without a Preview")
        courtyard = _world("a walled courtyard in orange evening light", "courtyard")
    _summary([lamp, courtyard])
    return 0


@dataclass(frozen=True)
class DemoResult:
    """A job of the demo and the files of its result."""

    job: Job
    files: tuple[Path, ...]


def _model(prompt: str, name: str) -> DemoResult:
    blend, picture = FOLDER / f"{name}.blend", FOLDER / f"{name}.png"
    _mint(
        "generate", "--kind", "model", "--prompt", prompt, "--name", "Ceramic lamp",
        "--preset", "fast", "--mode", "review", "-o", str(blend),
        "--render", str(picture), waits=True,
    )  # fmt: skip
    job_id = _newest_job().id
    _mint("revise", job_id, "make the shade blue", waits=True)
    _mint("approve", job_id)
    previews = [
        _keep_preview(Path(kept.path), name, number)
        for number, kept in enumerate(_newest_job().previews, start=1)
    ]
    return DemoResult(_newest_job(), (blend, picture, *previews))


def _world(prompt: str, name: str) -> DemoResult:
    blend, picture = FOLDER / f"{name}.blend", FOLDER / f"{name}.png"
    _mint(
        "generate", "--kind", "world", "--prompt", prompt, "--name", "Courtyard",
        "-o", str(blend), "--render", str(picture),
    )  # fmt: skip
    return DemoResult(_newest_job(), (blend, picture))


def _mint(*arguments: str, waits: bool = False) -> None:
    """Run one command as a user would; with `waits`, it must end at a Preview (exit status 6)."""
    print(
        f"\n$ python3 -m mint_blender {shlex.join(_short(argument) for argument in arguments)}",
        flush=True,
    )
    status = mint(arguments)
    if status != (6 if waits else 0):
        sys.exit(f"The demo stopped: the command ended with exit status {status}.")


def _short(argument: str) -> str:
    return argument.replace(f"{ROOT}{os.sep}", "")


def _newest_job() -> Job:
    with open_job_service() as job_service:
        return job_service.jobs()[0]


def _keep_preview(path: Path, name: str, number: int) -> Path:
    return Path(shutil.copyfile(path, FOLDER / f"{name}-preview-{number}{path.suffix}"))


def _clear_folder() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()


@contextmanager
def stand_in_service() -> Iterator[dict[str, str]]:
    """Run the stand-in service on loopback; yield its addresses and key."""
    command = [sys.executable, "-m", "tests.mint_service", "--speed", str(SPEED)]
    command += ["--credits", str(CREDITS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                sys.exit("The stand-in service did not start. Its output is above.")
            yield json.loads(line)
        finally:
            process.terminate()


def _print_heading(title: str) -> None:
    print(f"\n== {title} {'=' * max(0, 76 - len(title))}", flush=True)


def _summary(results: list[DemoResult]) -> None:
    _print_heading("Results")
    for each in results:
        print(
            f"{each.job.title} ({each.job.kind}, {each.job.request.preset}):"
            f" {JobView(each.job).cost}"
        )
        for path in each.files:
            print(f"    {path.relative_to(ROOT)}  {path.stat().st_size / 1024:,.0f} KB")
    print(f"\n{advice()}")


def advice(*, windows: bool = os.name == "nt") -> str:
    """Return what to do after the demo: open its files, and use Mint itself."""
    python = shlex.quote(sys.executable)
    key, start = (
        ('$env:MINT_API_KEY = "…"', f"& {python}") if windows else ("export MINT_API_KEY=…", python)
    )
    return (
        "Open the .blend files in Blender. The models in them were invented by the stand-in"
        " service.\n\nTo use Mint itself, create a key at platform.mint.gg (beta access: write to"
        f" hello@mint.gg).\nThen, in this folder, which costs Credits:\n\n    {key}\n"
        f'    {start} -m mint_blender generate --prompt "a small ceramic lamp" -o lamp.blend'
        " --render lamp.png\n\ndocs/start/install.md says how to use Mint in Blender's window,"
        " docs/scripts/command-line.md\nhow to install the command mint-blender."
    )


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments: one for each Blender that is tested, and one for the checks.

nox makes them, with uv. They lie in a cache folder outside the clone, named after the locks, so
that a second clone finds them ready. nox itself has them in each clone, and has no lock against
two processes that make the same one at once: both are added here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from scripts.dev import ROOT, VERSION, folder_for

from . import debian, pip_settings
from .say import Trouble, answer, say


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its lock, its session of nox, and the Python that it takes."""

    name: str
    session: str
    python: str
    """A version of Python, as "3.11"."""

    @property
    def lock(self) -> Path:
        """The file with the pinned dependencies."""
        return ROOT / "requirements" / f"{self.name}.txt"

    @property
    def has_blender(self) -> bool:
        """Whether Blender, as the `bpy` module, is in it."""
        return self.name.startswith("bpy-")


ENVIRONMENTS = {
    "bpy-4.2": Environment("bpy-4.2", "tests(4.2)", "3.11"),
    "bpy-4.5": Environment("bpy-4.5", "tests(4.5)", "3.11"),
    "bpy-5.0": Environment("bpy-5.0", "tests(5.0)", "3.11"),
    "bpy-5.2": Environment("bpy-5.2", "tests(5.2)", "3.13"),
    "lint": Environment("lint", "lint", VERSION),
}
BLENDERS = [environment for environment in ENVIRONMENTS.values() if environment.has_blender]

DEFAULTS = {"3.11": "bpy-4.5", "3.13": "bpy-5.2"}
"""Version of Python that somebody has, to the environment that demo and tests use on it."""


def default() -> Environment:
    """Return the one for the Python that runs this, else for another one on this machine."""
    for version in dict.fromkeys((VERSION, *DEFAULTS)):
        if version in DEFAULTS and has_python(version):
            return ENVIRONMENTS[DEFAULTS[version]]
    raise Trouble(
        f"Blender's `bpy` module exists for Python 3.11 and 3.13. This is Python {VERSION}, and "
        "neither of them was found. Install one of them and run this again."
    )


def has_python(version: str) -> bool:
    """Tell whether a Python of this version is on this machine."""
    if version == VERSION:
        return True
    find = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", "--no-project"]
    return answer([*find, "--system", version]).returncode == 0


def folder() -> Path:
    """Return where the environments of these locks lie."""
    return folder_for("envs", *(environment.lock for environment in ENVIRONMENTS.values()))


def ready(environment: Environment, *, install: bool) -> Path:
    """Return the Python of an environment, which is made first when it is not there yet.

    `install` allows Debian packages that Blender needs to be installed without a question.
    """
    if not (python := recorded(environment)):
        with _only_one(environment):
            python = recorded(environment) or _make(environment)
    loads = _record(environment).with_suffix(".loads")
    if environment.has_blender and not loads.exists():
        debian.check_blender(python, install=install)
        loads.touch()
    return python


def recorded(environment: Environment) -> Path | None:
    """Return the Python of an environment that is whole, if it is."""
    try:
        python = Path(_record(environment).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return python if python.exists() else None


def record(environment: Environment, python: Path) -> None:
    """Note that everything is installed: an environment without this was interrupted half-way."""
    if recorded(environment) != python:
        _record(environment).write_text(str(python), encoding="utf-8")


def nox(*arguments: str, extra: Mapping[str, str] | None = None) -> int:
    """Run nox on our sessions and return its exit status."""
    variables = {"UV_PYTHON_DOWNLOADS": "never", **os.environ, **(extra or {})}
    command = [sys.executable, "-m", "nox", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    try:
        return process.wait()
    finally:
        process.wait()  # Ctrl-C is nox's to handle: only it can stop what runs side by side


def _record(environment: Environment) -> Path:
    return folder() / f"{environment.name}.ready"


def _make(environment: Environment) -> Path:
    if not has_python(environment.python):
        raise Trouble(
            f"The environment {environment.name} needs Python {environment.python}, which was not "
            "found on this machine. Install it and run this again."
        )
    _record(environment).unlink(missing_ok=True)  # it may name a Python that is gone
    downloaded, kept = (440, 1100) if environment.has_blender else (60, 250)
    say(f"-- Making the environment {environment.name} in {folder()}")
    say(f"   {downloaded} MB are downloaded, unless uv has them cached; {kept} MB stay on disk.")
    make = ["--reuse-venv=never", "-s", environment.session, "--", "--make"]
    nox(*make, extra=pip_settings.for_uv())
    if not (python := recorded(environment)):
        raise Trouble(f"uv could not install {environment.lock.name}. Its own words are above.")
    return python


@contextmanager
def _only_one(environment: Environment) -> Iterator[None]:
    """Wait until no other process makes this environment, and keep others from it."""
    folder().mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder() / f"{environment.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"-- Another run is making {environment.name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()

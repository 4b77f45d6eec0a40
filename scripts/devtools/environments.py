# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments: for each tested Blender, for lint, fuzzing, and the manual.

nox creates them with uv. Two things are added here: they are in a cache folder outside the clone,
named after the locks, so that all clones share them; and a file lock keeps two processes from
creating the same one at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.dev import ROOT, VERSION, folder_for

from . import debian, pip_settings
from .console import DevError, echo, run_captured


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its name, its nox session, and its Python version."""

    name: str
    session: str
    python: str
    """A Python version such as "3.11"."""

    @property
    def lock(self) -> Path:
        """The file with the pinned dependencies."""
        return ROOT / "requirements" / f"{self.name}.txt"

    @property
    def has_blender(self) -> bool:
        """Whether the `bpy` module is installed in it."""
        return self.name.startswith("bpy-")


ENVIRONMENTS = {
    "bpy-4.2": Environment("bpy-4.2", "tests(4.2)", "3.11"),
    "bpy-4.5": Environment("bpy-4.5", "tests(4.5)", "3.11"),
    "bpy-5.0": Environment("bpy-5.0", "tests(5.0)", "3.11"),
    "bpy-5.2": Environment("bpy-5.2", "tests(5.2)", "3.13"),
    "bpy-5.3": Environment("bpy-5.3", "tests(5.3)", "3.13"),
    "lint": Environment("lint", "lint", VERSION),
    "fuzz": Environment("fuzz", "fuzz", VERSION),
    "docs": Environment("docs", "docs", VERSION),
}
BLENDERS = [environment for environment in ENVIRONMENTS.values() if environment.has_blender]

SEPARATE = frozenset({"fuzz", "docs"})
"""Environments without tests of the add-on: when their lock changes, no other one is made again."""

DEFAULTS = {"3.11": "bpy-4.5", "3.13": "bpy-5.3"}
"""The environment for the demo and the tests, by the installed Python version."""


def default() -> Environment:
    """Return the environment for this Python, or else for another installed one.

    Raises:
        DevError: There is no Python that Blender supports.
    """
    for version in dict.fromkeys((VERSION, *DEFAULTS)):
        if version in DEFAULTS and has_python(version):
            return ENVIRONMENTS[DEFAULTS[version]]
    raise DevError(
        f"Blender's `bpy` module exists for Python 3.11 and 3.13. This is Python {VERSION}, and "
        "neither of them was found. Install one of them and run this again."
    )


def has_python(version: str) -> bool:
    """Return whether this Python version is installed."""
    if version == VERSION:
        return True
    find = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", "--no-project"]
    return run_captured([*find, "--system", version]).returncode == 0


def folder() -> Path:
    """Return the folder of the environments."""
    named_after = [each.lock for name, each in ENVIRONMENTS.items() if name not in SEPARATE]
    return folder_for("envs", *named_after)


def ensure(environment: Environment, *, install: bool) -> Path:
    """Return the Python of an environment, which is created if it does not exist.

    With `install`, Debian packages that Blender needs are installed without asking.
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
    """Return the Python of a completely installed environment, or None."""
    try:
        python = Path(_record(environment).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return python if python.exists() else None


def record(environment: Environment, python: Path) -> None:
    """Record that an environment is completely installed."""
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
        process.wait()  # nox handles Ctrl-C: only it can stop its parallel sessions


def _record(environment: Environment) -> Path:
    name = environment.name
    if name in SEPARATE:
        name = folder_for(name, environment.lock).name
    return folder() / f"{name}.ready"


def _make(environment: Environment) -> Path:
    if not has_python(environment.python):
        raise DevError(
            f"The environment {environment.name} needs Python {environment.python}, which was not "
            "found on this machine. Install it and run this again."
        )
    _record(environment).unlink(missing_ok=True)  # it may name a Python that is gone
    downloaded, kept = (440, 1100) if environment.has_blender else (60, 250)
    echo(f"-- Creating the environment {environment.name} in {folder()}")
    echo(f"   Downloads {downloaded} MB unless uv has them cached, and uses {kept} MB on disk.")
    make = ["--reuse-venv=never", "-s", environment.session, "--", "--make"]
    nox(*make, extra=pip_settings.for_uv())
    if not (python := recorded(environment)):
        raise DevError(f"uv could not install {environment.lock.name}. Its output is above.")
    return python


@contextmanager
def _only_one(environment: Environment) -> Iterator[None]:
    """Hold the lock of this environment; wait while another process creates it."""
    from filelock import FileLock, Timeout  # installed later than the help of dev.py is shown

    folder().mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder() / f"{environment.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        echo(f"-- Another process is creating {environment.name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()

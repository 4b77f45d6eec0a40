# SPDX-License-Identifier: GPL-3.0-or-later
"""The nox sessions, which `scripts/dev.py` runs; see CONTRIBUTING.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import nox

from scripts import dev
from scripts.devtools import environments, manual, pytest_runs

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = environments.folder()
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint"]


@nox.session(allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Run ruff, mypy and codespell."""
    install(session)
    if "--make" in session.posargs:
        return
    run_each(
        session,
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["python", "-m", "scripts.devtools.typed_examples"],
        ["codespell"],
    )


@nox.session(allow_parallel=True)
@nox.parametrize(
    "python",
    [nox.param(one.python, id=one.name.removeprefix("bpy-")) for one in environments.BLENDERS],
)
def tests(session: nox.Session) -> None:
    """Run the tests of one Blender.

    -- [--make | [--level LEVEL] [--strict] [--coverage] [--only PYTEST_ARGUMENTS]]
    """
    python = install(session)
    environment = pytest_runs.environment_of_session(session.name)
    words = session.posargs
    if words == ["--make"]:
        return
    if "--only" in words:
        place = words.index("--only")
        selected = pytest_runs.custom_run(environment, words[place + 1 :])
    else:
        place = len(words)
        level = pytest_runs.Level(words[words.index("--level") + 1])
        selected = pytest_runs.runs_for(environment, environments.default(), level)
    chosen = words[:place]
    if not pytest_runs.run_all(
        python, selected, strict="--strict" in chosen, with_coverage="--coverage" in chosen
    ):
        session.error("Some tests failed; see above.")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Install what fuzzes guided by coverage; `python3 -m tests.fuzzing` runs in it."""
    install(session)


@nox.session(allow_parallel=True)
def docs(session: nox.Session) -> None:
    """Build the manual, check its translations and links: -- [--make | --language LANGUAGE]."""
    install(session)
    if "--make" in session.posargs:
        return
    commands = [manual.build_command(each) for each in manual.languages(session.posargs)]
    commands.append(["python", "-m", "scripts.manual_translations", "check"])
    if "--language" not in session.posargs:  # the languages are linked with each other
        commands.append(["python", "-m", "scripts.devtools.dead_links", str(manual.BUILD)])
    run_each(session, *commands)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write all locks again; pinned versions are kept unless -- --upgrade is given."""
    versions = {one.name: one.python for one in environments.BLENDERS}
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    uv += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
    uv += ["--custom-compile-command", "python3 scripts/dev.py lock", *session.posargs]
    versions |= dict.fromkeys(("lint", "dev", "fuzz", "docs"), "3.11")
    for name, version in versions.items():
        source, target = f"requirements/{name}.in", f"requirements/{name}.txt"
        session.run(*uv, "--python-version", version, source, "-o", target)
    of_windows = [each for each in uv if each != "--universal"]
    of_windows += ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", "3.13"]
    of_windows += ["--override", "requirements/windows-override.in"]
    session.run(*of_windows, "requirements/windows.in", "-o", "requirements/windows.txt")


def run_each(session: nox.Session, *commands: Sequence[str]) -> None:
    """Run commands; a failure does not skip the others, but fails the session."""
    succeeded = True
    for command in commands:
        try:
            session.run(*command)
        except nox.command.CommandFailed:
            succeeded = False
    if not succeeded:
        session.error("See above.")


def install(session: nox.Session) -> Path:
    """Install the locked packages of a session; return its Python."""
    environment = pytest_runs.environment_of_session(session.name)
    session.install("--require-hashes", "-r", str(environment.lock))
    python = dev.python_in(Path(session.virtualenv.location))
    environments.record(environment, python)
    return python

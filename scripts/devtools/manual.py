# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `docs` of `scripts/dev.py`: build the manual in its languages."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from scripts.dev import ROOT
from scripts.languages import manual_languages

from . import environments
from .console import DevError, run_command
from .environments import ENVIRONMENTS

BUILD = ROOT / "build" / "docs"
DOCTREES = ROOT / "build" / "doctrees"


def main(options: argparse.Namespace) -> int:
    """Build the manual as the options of the command say; return 0 for success, else 1."""
    if options.write:
        write_reference(install=options.install)
    status = build(options.language)
    page = folder_of(options.language or "en") / "index.html"
    if not status:
        print(f"-- The manual is in {page}", flush=True)
    if options.open and not status:
        webbrowser.open(page.as_uri())
    return status


def write_reference(*, install: bool) -> None:
    """Write the pages of docs/reference/ from the code.

    Raises:
        DevError: They could not be written.
    """
    python = environments.ensure(environments.default(), install=install)
    if run_command([python, "-m", "scripts.reference_pages"], cwd=ROOT):
        raise DevError("docs/reference/ could not be written. The output is above.")


def build(language: str | None) -> int:
    """Build the manual in one language or in all; return 0 for success, else 1."""
    environments.ensure(ENVIRONMENTS["docs"], install=False)
    words = ["--", "--language", language] if language else []
    return environments.nox("-R", "-s", "docs", *words)


def languages(words: Sequence[str]) -> Sequence[str]:
    """Return the language that the arguments of the session name, or else all.

    English is in build/docs, the others are in folders below it.
    """
    if "--language" in words:
        return [words[list(words).index("--language") + 1]]
    return list(manual_languages())


def folder_of(language: str) -> Path:
    """Return the folder of the pages in a language."""
    return BUILD if language == "en" else BUILD / language


def build_command(language: str) -> list[str]:
    """Return the command that builds the manual in a language; a warning makes it fail."""
    command = ["sphinx-build", "--builder=html", "--fail-on-warning", "--jobs=auto", "--quiet"]
    command += [f"--define=language={language}", f"--doctree-dir={DOCTREES / language}"]
    return [*command, str(ROOT / "docs"), str(folder_of(language))]

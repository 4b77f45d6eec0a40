# SPDX-License-Identifier: GPL-3.0-or-later
"""The price before anything is spent: `estimate`, `--dry-run`, and the question on a terminal."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli.terminal import Terminal

from ..mint_service.runner import ThreadService
from .batch_helpers import Batch
from .command_runner import LAMP, RunMint


def left_behind(home: Path) -> list[str]:
    """Return all rows of the journal, and all files."""
    rows: list[str] = []
    if (home / "journal.sqlite3").exists():
        connection = sqlite3.connect(home / "journal.sqlite3")
        rows = list(connection.iterdump())
        connection.close()
    return [*rows, *sorted(map(str, home.parent.rglob("*")))]


def test_nothing_is_left_behind(mint: RunMint, home: Path, tmp_path: Path) -> None:
    """Each command that spends shows its price with --dry-run, and starts and keeps nothing."""
    picture = tmp_path / "lamp.png"
    output = ("-o", str(tmp_path / "new" / "lamp.glb"))
    before = left_behind(home)
    for words in (("estimate", *LAMP[1:]), (*LAMP, *output, "--dry-run")):
        ran = mint(*words)
        assert ran.status == 0
        assert 'Generate the model "a lamp" (fast, auto): about 248 Credits.' in ran.out
    assert mint("estimate", "--preset", "production", "--json").records == [
        vars(mint_blender.estimate(preset="production")) | {"event": "price"}
    ]
    assert mint_blender.estimate("a hall", kind="world", max_credits=9).credits == 1650
    assert left_behind(home) == before and not home.exists() and not picture.exists()
    assert mint(*LAMP, "--dry-run", "--max-credits", "1").status == 4

    review = ("generate", "--prompt", "a mug", "--mode", "review")
    assert mint(*LAMP).status == 0 and mint(*review).status == 6
    made, waiting = (mint.jobs()[at]["job"] for at in (1, 0))
    assert mint("generate", "--prompt", "a sword [moderation]").status == 1
    failed = mint.job
    before, operations = left_behind(home), len(mint.service.operations())
    for words, says in (
        (("approve", waiting), "Approve a mug: about 648 Credits."),
        (("revise", waiting, "green"), "Revise a mug: about 150 Credits."),
        (("retry", failed), "Retry a sword [moderation]: about 798 Credits."),
        (("variation", made), 'Generate the model "a lamp" (fast, auto): about 248 Credits.'),
        (("convert", made, "--format", "fbx", *output), "as FBX in"),
        (("optimize", made), 'Optimize the model "a lamp" (moderate): about 20 Credits.'),
        (("animate", made, "--motion", "walk", *output), 'Animate the model "a lamp": walk'),
        (("resume",), "Resume 0 jobs: free."),
    ):
        ran = mint(*words, "--dry-run")
        assert ran.status == 0 and says in ran.out, (words, ran)
    assert left_behind(home) == before
    assert len(mint.service.operations()) == operations


def test_a_batch_shows_what_is_left_to_pay(batch: Batch, home: Path) -> None:
    """The lines that are not started count; the folder of the results is not made."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2"})
    before = left_behind(home)
    ran = batch("--dry-run")
    assert ran.status == 0
    assert "2 of 2 lines to pay: about 496 Credits. You have 5,000; 4,504 would be left." in ran.out
    assert left_behind(home) == before
    assert batch("--lines", "1", "--json").records[-1]["done"] == 1
    before = left_behind(home)
    assert "1 of 2 lines to pay: about 248 Credits." in batch("--dry-run").out
    assert left_behind(home) == before
    assert batch("--dry-run", "--max-credits", "247").status == 4


def test_what_standard_input_has(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dash stands for it: as the prompt, or as the lines of a batch."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("a mug\n"))
    assert 'the model "a mug"' in mint("estimate", "--prompt", "-").out
    for text in ('{"prompt": "a mug", "format": "glb"}\n' * 2, "a mug\na lamp"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        assert "2 of 2 lines" in mint("batch", "-", "-o", str(tmp_path / "out"), "--dry-run").out


def test_a_person_on_a_terminal_is_asked(
    batch: Batch, mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question has the price and what would be left. No answer but yes starts anything."""
    asked: list[str] = []
    answers = [False, False, True, True]
    monkeypatch.setattr(Terminal, "is_interactive", property(lambda self: not self.as_json))
    monkeypatch.setattr(Terminal, "asks", lambda self, what: asked.append(what) or answers.pop(0))
    batch.lines({"prompt": "lamp 1"})
    for command in (lambda: mint(*LAMP), batch):
        ran = command()
        assert (ran.status, ran.err.splitlines()[-1]) == (4, "Nothing was started.")
    assert not service.operations()
    assert mint(*LAMP).status == 0 and batch().status == 0
    assert len(service.operations()) == 2 and not answers
    price = "about 248 Credits. You have 5,000; 4,752 would be left. Start it?"
    assert asked[:3] == [
        f'Generate the model "a lamp" (fast, auto): {price}',
        f"1 of 1 lines to pay: {price}",
        asked[0],
    ]
    before = len(service.requests("GET", "/v1/usage"))
    assert mint("resume").status == 0
    assert len(service.requests("GET", "/v1/usage")) == before, "what is free needs no balance"
    assert mint(*LAMP, "--yes").status == 0 and mint(*LAMP, "--json").status == 0

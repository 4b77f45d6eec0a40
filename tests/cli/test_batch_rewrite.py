# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --rewrite` writes finished lines again: it starts nothing and costs nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService
from .batch_helpers import Batch
from .test_with_blender import look

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 4)]
HALL: dict[str, object] = {"prompt": "a hall", "kind": "world", "format": "blend"}


@pytest.fixture
def made(batch: Batch) -> Batch:
    """Return a batch of three lines that is done."""
    batch.lines(*LAMPS)
    assert batch().status == 0
    return batch


def posts(service: ThreadService) -> int:
    """Return how many requests could have started something."""
    return sum(entry.method == "POST" for entry in service.log())


def test_without_network_and_key(made: Batch, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mint's files are on disk: the results come from them, and the sheet is written again."""
    asked = len(made.service.log())
    made.service.stop()
    monkeypatch.delenv("MINT_API_KEY")
    lamp = made.out / "0002-lamp-2.glb"
    original = lamp.read_bytes()
    lamp.write_bytes(b"changed")
    (made.out / "index.html").unlink()
    ran = made("--rewrite")
    assert ran.status == 0 and "3 of 3 lines are written" in ran.error_text
    assert lamp.read_bytes() == original
    assert (made.out / "index.html").is_file()
    assert len(made.service.log()) == asked
    (folder,) = [path.parent for path in (home / "downloads").rglob("*.glb")][:1]
    shutil.rmtree(folder)
    made.service.start()
    ran = made("--rewrite")
    assert ran.status == 3 and "Mint's files for it are not on this machine" in ran.error_text
    assert "2 of 3 lines are written" in ran.error_text
    assert len(list(made.out.glob("*.glb"))) == 3


def test_only_some_lines(made: Batch) -> None:
    """`--lines` chooses them by their numbers; the others stay as they are."""
    out = made.out
    for path in out.glob("*.glb"):
        path.write_bytes(b"changed")
    assert made("--rewrite", "--lines", "1,3-9").status == 0
    assert [path.name for path in out.glob("*.glb") if path.read_bytes() == b"changed"] == [
        "0002-lamp-2.glb"
    ]
    beyond = made("--rewrite", "--lines", "4")
    assert beyond.status == 2 and "there is no line 4. The last one is 3." in beyond.error_text
    assert made("--lines", "3-1").status == 2


@pytest.mark.covers("R-batch-free")
def test_it_never_starts_a_line(made: Batch) -> None:
    """A new line is refused with a sentence; the finished ones are written."""
    before = posts(made.service), made.service.credits()
    made.lines(*LAMPS, {"prompt": "lamp 4"})
    for step in ((), ("--step", "write"), ("--step", "generate")):
        ran = made("--rewrite", *step)
        assert ran.status == 8 and "line 4: This line" in ran.error_text
        assert "3 of 4 lines are" in ran.error_text
    assert (posts(made.service), made.service.credits()) == before


def test_files_that_are_gone_are_downloaded(made: Batch, home: Path) -> None:
    """They are fetched from Mint again, which costs nothing."""
    before = posts(made.service), made.service.credits()
    shutil.rmtree(home / "downloads")
    lamp = made.out / "0001-lamp-1.glb"
    original = lamp.read_bytes()
    lamp.write_bytes(b"changed")
    ran = made("--rewrite")
    assert ran.status == 0 and "files of 3 lines again. This is free." in ran.error_text
    assert lamp.read_bytes() == original
    assert (posts(made.service), made.service.credits()) == before
    assert "done" in made().error_text and posts(made.service) == before[0]


def test_another_look_is_not_paid_for(batch: Batch) -> None:
    """A line keeps its job when only its delivery changes, and each of two equal requests has one."""
    batch.lines({"prompt": "a lamp"}, {"prompt": "a lamp", "render": False})
    assert batch().status == 0
    batch.lines({"prompt": "a lamp"}, {"prompt": "a lamp", "format": "glb", "render": "no"})
    assert batch().status == 0
    assert len(batch.service.operations()) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_another_height_and_format(batch: Batch) -> None:
    """The settings of the file count. The file of the old format stays, and that is said."""
    batch.lines({"prompt": "a lamp"})
    assert batch().status == 0
    for height in (3.0, 5.0):
        batch.lines({"prompt": "a lamp", "format": "blend", "height": height})
        ran = batch("--rewrite")
        assert ran.status == 0
        assert "other settings" not in batch().error_text
        assert ("0001-a-lamp.glb is kept, too" in ran.error_text) is (height == 3.0)
        seen = look(batch.out / "0001-a-lamp.blend")
        assert seen["height"] == pytest.approx(height, rel=1e-3)
    assert (batch.out / "0001-a-lamp.glb").is_file()
    batch.lines({"prompt": "a lamp", "format": "blend", "height": 7.0})
    again = batch()
    assert again.status == 0 and "1 of 1 lines are done" in again.error_text
    assert "1 finished line has other settings now. --rewrite applies them" in again.error_text
    record = json.loads((batch.out / "0001-a-lamp.json").read_text())
    assert record["files"]["result"] == "0001-a-lamp.blend" and record["settings"]["height"] == 5.0
    assert len(batch.service.operations()) == 1


@pytest.mark.blender
@pytest.mark.one_blender
def test_other_parts_of_a_world_are_downloaded(batch: Batch, service: ThreadService) -> None:
    """Splats that were not wanted before are fetched, which costs nothing."""
    batch.lines(HALL)
    assert batch().status == 0
    before = posts(service), service.credits()
    batch.lines({**HALL, "splats": "100k"})
    ran = batch("--rewrite")
    assert ran.status == 0 and "files of 1 lines again" in ran.error_text
    (record,) = batch.out.glob("0001*.json")
    assert json.loads(record.read_text())["settings"]["splats"] == "100k"
    assert (posts(service), service.credits()) == before

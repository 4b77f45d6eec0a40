# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of a batch, as earlier versions wrote it, becomes files of each line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.workflow import look

from .batch_helpers import Batch, start_files, tags_of
from .command_runner import RunMint


def entry(tag: str, **more: Any) -> dict[str, Any]:
    """Return an entry of a line that was never sent, unless `more` says so."""
    record = {"id": "0123456789ab", "first_sent_at": None}
    values = {"line": tag, "job": "0123456789ab", "by": "x", "state": "waiting", "operation": None}
    return values | {"record": record} | more


def write(folder: Path, *entries: object) -> Path:
    """Write a ledger of these entries; a text is written as it is."""
    path = folder / ".mint-batch" / line_files.NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [each if isinstance(each, str) else json.dumps(each) for each in entries]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


SENT = {"record": {"id": "0123456789ab", "first_sent_at": 5.0}}


def test_what_was_sent_gets_a_file(tmp_path: Path) -> None:
    """The latest entry of a line counts; what cannot be read counts as sent."""
    write(
        tmp_path,
        entry("aa.b-1"),
        entry("aa.b-2", **SENT),
        entry("aa.b-3", operation="op_3", state="working"),
        entry("aa.b-4", record=None),
        entry("aa.b-5", **SENT),
        entry("aa.b-5"),
        "{",
        "[]",
        '{"line": "../../x", "operation": "op"}',
        '{"line": "aa.b-6", "operation": "../../me"}',
    )
    line_files.convert(tmp_path)
    started = line_files.started(tmp_path)
    assert {tag: line.operation for tag, line in started.items()} == {
        "aa.b-2": None,
        "aa.b-3": "op_3",
        "aa.b-4": None,
        "aa.b-6": None,
    }
    assert {line.number for line in started.values()} == {1}
    assert not (tmp_path.parent / "x.start.1").exists()


def test_the_batch_is_as_old_as_its_ledger(tmp_path: Path) -> None:
    """What was sent without an answer is looked for from then on; a day is added for wrong clocks."""
    times: tuple[dict[str, object], ...] = (
        {"created_at": 500_000.0},
        {"created_at": 400_000.0},
        {"created_at": "x"},
        {},
    )
    write(tmp_path, *(entry(f"a.b-{n}", record=record) for n, record in enumerate(times)))
    line_files.convert(tmp_path)
    assert line_files.open_batch(tmp_path, now=1e9).created == 400_000.0 - 86_400.0


def test_an_earlier_version_leaves_each_line_alone(tmp_path: Path) -> None:
    """Its latest entry of each line cannot be read: an earlier version starts no such line."""
    path = write(tmp_path, entry("aa.b-1"), entry("aa.b-2", operation="op"))
    before = path.read_bytes()
    line_files.convert(tmp_path)
    added = [json.loads(line) for line in path.read_bytes()[len(before) :].splitlines()]
    assert [each["line"] for each in added] == ["aa.b-1", "aa.b-2"]
    assert {each["record"] for each in added} == {None}


def test_it_is_converted_once(tmp_path: Path) -> None:
    """A second run, and one after a crash in between, changes nothing that is there."""
    path = write(tmp_path, entry("aa.b-1", operation="op_1"))
    line_files.convert(tmp_path)
    files, content = start_files(tmp_path), path.read_bytes()
    line_files.convert(tmp_path)
    assert (start_files(tmp_path), path.read_bytes()) == (files, content)
    (path.parent / "ledger.converted").unlink()
    line_files.convert(tmp_path)
    assert start_files(tmp_path) == files
    assert line_files.started(tmp_path)["aa.b-1"].operation == "op_1"


@pytest.mark.parametrize("is_known", [True, False], ids=["operation", "no answer"])
def test_a_batch_of_an_earlier_version_continues(
    batch: Batch, mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """What another machine sent with it is polled, or looked for; the rest is started."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "elsewhere"))
    assert mint("generate", "--prompt", "lamp 1", "--preset", "fast").status == 0
    (operation,) = batch.service.operations()
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2"})
    first, second = tags_of(batch.file)
    more = {"operation": operation.id} if is_known else SENT
    write(batch.out, entry(first, **more), entry(second))
    ran = batch()
    assert ran.status == 0, ran.err
    assert len(batch.service.operations()) == 2, "only lamp 2 was started"

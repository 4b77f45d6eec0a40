# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: the lines of a file or a text, and the folder that several machines may work on."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.errors import DiskError
from mint_blender.files.file_lock import FileInUse
from mint_blender.jobs.batch_folder import batch_lease, line_files
from mint_blender.jobs.batch_folder.batch_lease import EXPIRES_AFTER, Lease
from mint_blender.jobs.batch_folder.line_files import LineFile
from mint_blender.jobs.batch_lines import (
    BadLineError,
    Line,
    first_complaint,
    lines_of_text,
    read_lines,
)
from mint_blender.jobs.paid_requests.record import (
    PaidRequest,
    PaidVerb,
    new_request,
    of_job,
    of_line,
)

from ..mint.generation_helpers import PIXEL
from .workflow_harness import a_job, operation, with_operation

pytestmark = pytest.mark.windows


def fields(line: Line, *names: str) -> list[object]:
    """Return what a line asks for: members of its request, of its delivery, and its own."""
    known = {**vars(line.request), **vars(line.delivery), **vars(line)}
    return [known[name] for name in names]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (
            '{"prompt": "a hero", "name": "Hero", "kind": "model", "preset": "fast", "mode": "auto",'
            ' "pose": "a_pose", "optimize": "light", "height": 1.8, "render": true,'
            ' "export": "godot"}',
            {"suffix": ".blend"},
        ),
        (
            '{"prompt": "a hall", "kind": "world", "preset": "fast", "splats": "100k", "camera":'
            ' false, "collider": "physics", "panorama": false, "rigid_body": true}',
            {"collider": "PHYSICS"},
        ),
    ],
)
def test_every_field_of_a_line(tmp_path: Path, text: str, more: dict[str, object]) -> None:
    """It is in the request, in the delivery, or the line's own."""
    (tmp_path / "wishes.jsonl").write_text(text, encoding="utf-8")
    (line,) = read_lines(tmp_path / "wishes.jsonl")
    expected = json.loads(text) | more
    assert fields(line, *expected) == list(expected.values())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_values_of_a_table_are_text(tmp_path: Path, delimiter: str) -> None:
    """Numbers and flags are text, empty fields are ignored, and all pictures of a line count.

    Spreadsheets of many countries write semicolons, and commas in numbers; tabs are understood,
    too.
    """
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(PIXEL)
    rows = (
        "prompt,kind,height,optimize,rigid_body,camera,render,image,images",
        "a lamp,,HALF,moderate,,,YES,a.png,b.png https://example.com/b.png",
        "a hall,world,,,yes,no,false,,",
        "a mug,,,,,,,,",
    )
    text = "\n".join(rows).replace(",", delimiter).replace("a lamp", '"a lamp, orange"')
    text = text.replace("HALF", "0.5" if delimiter == "," else "0,5")
    (tmp_path / "wishes.csv").write_text(text, encoding="utf-8")
    lamp, hall, mug = read_lines(tmp_path / "wishes.csv")
    names = ("height", "optimize", "rigid_body", "camera", "render")
    assert fields(lamp, *names) == [0.5, "moderate", False, True, True]
    assert fields(hall, *names) == [None, None, True, False, False]
    assert fields(mug, *names) == [None, None, False, True, None]
    assert lamp.request.prompt == "a lamp, orange"
    local = (str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    assert lamp.request.images == (*local, "https://example.com/b.png")


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"height": "tall"}, 'height must be a number above 0, not "tall"'),
        ({"height": True}, "height must be a number above 0, not true"),
        ({"height": 1, "format": "glb"}, "height applies to a .blend"),
        ({"render": "maybe"}, 'render must be yes or no, not "maybe"'),
        ({"render": 3}, "render must be yes or no, not 3"),
        ({"export": "quake"}, "export must be one of unity, unreal, godot"),
        ({"export": "unity", "format": "glb"}, "export applies to a .blend"),
        ({"optimize": "much"}, "optimize must be one of light, moderate, aggressive"),
        ({"optimize": "light", "kind": "world"}, "optimize applies to a model, not to a world"),
        ({"splats": "100k"}, "splats applies to a world, not to a model"),
        (
            {"collider": "solid", "kind": "world"},
            "collider must be one of auto, physics, visible, none",
        ),
        ({"camera": "no"}, "camera applies to a world, not to a model"),
        ({"output": "../lamp"}, 'output must be the name of a file, not "../lamp"'),
        ({"output": "/lamp"}, 'output must be the name of a file, not "/lamp"'),
        ({"output": ".mint-batch"}, "output must be the name of a file"),
        ({"output": "lamp.glb", "format": "blend"}, "output ends in .glb, which is not its format"),
        ({"max_credits": 0}, "max_credits must be a number above 0, not 0"),
        ({"id": ""}, "id must have 1 to 100 characters"),
        ({"id": True}, "id must be text, not true"),
        ({"meta": "a"}, 'meta must be an object, not "a"'),
        ({"x": "a"}, "unknown field x. Known fields: "),
    ],
)
def test_invalid_fields_are_refused(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    """A value that is invalid or applies to the other kind is an error."""
    with pytest.raises(BadLineError, match=r"wishes.jsonl, line 1: ") as trouble:
        read_lines(_jsonl(tmp_path, {"prompt": "a lamp", **values}))
    assert sentence in str(trouble.value)


def test_a_bad_line_of_objects_is_told_with_its_field(tmp_path: Path) -> None:
    """The field has a name; only what is no JSON has a column."""
    file = tmp_path / "wishes.jsonl"
    lines = (
        '{"prompt": "a lamp"}',
        '{"prompt": "a lamp", "preset": "quick"}',
        '{"prompt": "a lamp" "preset": "fast"}',
        '{"prompt": "a lamp", "shade": 1}',
        '{"prompt": "a lamp", "image": "missing.png"}',
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadLineError) as error:
        read_lines(file)
    told = str(error.value).splitlines()
    expected = ("preset must be", "column 21: not valid JSON", "unknown field shade", "")
    for number, (line, what) in enumerate(zip(told, expected, strict=True), start=2):
        assert line.startswith(f"wishes.jsonl, line {number}: {what}")
    assert "missing.png" in told[3]


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line, and its column in a table; the number of them is limited."""
    table = tmp_path / "wishes.csv"
    table.write_text("prompt,preset\na,quick\nb,fast\nc,fast,d\ne,slow\n", encoding="utf-8")
    with pytest.raises(BadLineError) as trouble:
        read_lines(table)
    first, second, third = str(trouble.value).splitlines()
    assert first.startswith("wishes.csv, line 2: column 2: preset must be one of fast, standard")
    assert second.startswith(
        "wishes.csv, line 4: column 3: this line has more fields than the header."
    )
    assert third.startswith("wishes.csv, line 5: column 2: preset")
    with pytest.raises(BadLineError) as trouble:
        read_lines(_jsonl(tmp_path, *[{"prompt": "a", "preset": "quick"}] * 30))
    assert str(trouble.value).splitlines()[20:] == ["10 more problems."]


def test_a_wrong_header_is_told_once(tmp_path: Path) -> None:
    """Each wrong column at line 1, with what it may mean, then each problem of each line."""
    table = tmp_path / "wishes.csv"
    lines = ["prompt,Name,preset,heightt,preset", "a lamp,Lamp,fast,0.4,fast", "a mug,Mug,,1,slow"]
    table.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadLineError) as trouble:
        read_lines(table)
    header, told = "wishes.csv, line 1: column", str(trouble.value).splitlines()
    assert told[:2] == [
        f"{header} 2: unknown column Name. Did you mean name?",
        f"{header} 4: unknown column heightt. Did you mean height?",
    ]
    assert told[2] == f"{header} 5: the column preset is there twice."
    assert told[3].startswith("wishes.csv, line 3: column 5: preset") and len(told) == 4
    table.write_text("wish,height\na lamp,0.4\na mug,1", encoding="utf-8")
    with pytest.raises(BadLineError) as trouble:
        read_lines(table)
    said = str(trouble.value)
    assert "column 1: unknown column wish." in said and said.count("Known columns: ") == 1
    assert "no column prompt" in str(trouble.value) and "line 2" not in str(trouble.value)
    bad = {"prompt": "a", "preset": "quick", "height": "tall", "kind": "chair"}
    with pytest.raises(BadLineError) as trouble:
        read_lines(_jsonl(tmp_path, bad))
    words = [part.split(": ")[1].split()[0] for part in str(trouble.value).splitlines()]
    assert words == ["preset", "height", "kind"]


def test_what_passes_through(tmp_path: Path) -> None:
    """Columns that begin with x_ and the members of `meta` change nothing else about a line.

    Nor does `render`: the line keeps its tag, and with it its job.
    """
    plain, rendered, other = (
        read_lines(_jsonl(tmp_path, {"prompt": "a lamp", **more}))[0]
        for more in ({}, {"render": "yes"}, {"height": 2})
    )
    assert plain.tag == rendered.tag != other.tag
    more = {"x_shot": "0010", "meta": {"asset": 7, "x_task": "prop"}, "max_credits": 300}
    (line,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp", "output": "lamp.glb", **more}))
    assert line.delivery.meta == (("x_asset", "7"), ("x_shot", "0010"), ("x_task", "prop"))
    assert (line.max_credits, line.title, line.suffix) == (300.0, "lamp", ".glb")
    assert line.tag.partition(".")[0] == plain.tag.partition(".")[0]


def test_an_id_tells_lines_apart(tmp_path: Path) -> None:
    """Equal lines with ids keep their tags and names wherever they stand."""
    one, two = {"prompt": "a lamp", "id": 1}, {"prompt": "a lamp", "id": "two"}
    before = read_lines(_jsonl(tmp_path, one, two))
    after = read_lines(_jsonl(tmp_path, {"prompt": "a mug"}, two, one))
    assert [(each.tag, each.title) for each in before] == [
        (each.tag, each.title) for each in (after[2], after[1])
    ]
    assert before[1].title == "two"
    with pytest.raises(BadLineError, match="line 2: id two is that of line 1 already"):
        read_lines(_jsonl(tmp_path, two, two))


def test_a_text_has_the_lines_of_the_file(tmp_path: Path) -> None:
    """The same prompts with the same settings are the same lines, in Blender and in a file."""
    text = "a lamp\n\n  a mug \u2028 blue\t\na lamp\n"
    (tmp_path / "wishes.txt").write_text(text, encoding="utf-8")
    lines = lines_of_text(text, lambda prompt: {"prompt": prompt})
    assert lines == read_lines(tmp_path / "wishes.txt")
    assert [line.number for line in lines] == [1, 3, 4]
    assert lines_of_text(" \n", lambda prompt: {"prompt": prompt}) == []


def test_the_first_line_that_mint_would_refuse() -> None:
    """It is found before anything is started, also when it is no valid Unicode."""
    lines = lines_of_text("a lamp\na \ud800\n" + "x" * 8001, lambda prompt: {"prompt": prompt})
    number, sentence = first_complaint(lines)
    assert number == 2 and "invalid characters" in sentence
    assert first_complaint(lines[:1]) is None


def _jsonl(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "wishes.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


# -- what machines share about a batch: a lease, and who has started which line


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Act as another machine."""
    return lambda host: monkeypatch.setattr(platform, "node", lambda: host)


ENDED = 99_999_999
"""The number of a process that does not run."""


def abandon(path: Path) -> None:
    """Make the lease older than its lifetime."""
    at = path.stat().st_mtime - EXPIRES_AFTER - 1
    os.utime(path, (at, at))


def test_another_machine_is_refused(tmp_path: Path, on: Callable[[str], None]) -> None:
    """The error names the holder; the folder is free after it is released."""
    path = tmp_path / "lease"
    on("workshop")
    with batch_lease.held(path):
        on("farm")
        with pytest.raises(FileInUse, match="workshop"):
            Lease(path).acquire()
        on("workshop")
    assert not path.exists()
    on("farm")
    with batch_lease.held(path) as holding:
        assert not holding.is_lost
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_lease_is_taken_over(
    tmp_path: Path, on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that was not renewed for a minute can be taken over, and one that was renewed not.

    When the first machine wakes up, it looks before it starts anything: its next renewal is
    seconds away, and another machine may have started the lines by then.
    """
    path = tmp_path / "lease"
    on("laptop")
    asleep = Lease(path)
    asleep.acquire()
    abandon(path)
    asleep.renew()
    assert asleep.is_held()
    on("farm")
    with pytest.raises(FileInUse):
        Lease(path).acquire()
    abandon(path)
    Lease(path).acquire(sleep=lambda seconds: None)
    on("laptop")
    assert asleep.is_held(), "the file is not read for every question"
    later = time.time() + EXPIRES_AFTER
    monkeypatch.setattr(time, "time", lambda: later)
    assert not asleep.is_held()
    asleep.release()
    assert path.exists()


def test_only_one_of_two_machines_takes_over_a_lease(
    tmp_path: Path, on: Callable[[str], None]
) -> None:
    """The machine that later reads another name in the lease gives way."""
    path = tmp_path / "lease"
    on("laptop")
    Lease(path).acquire()
    abandon(path)
    on("farm")

    def meanwhile(seconds: float) -> None:
        path.unlink()
        assert Lease(path).create()

    with pytest.raises(FileInUse):
        Lease(path).acquire(sleep=meanwhile)


def test_a_lease_that_cannot_be_read_for_a_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive may fail a single read; the next renewal finds the lease again."""
    holding = Lease(tmp_path / "lease")
    holding.acquire()

    def fail(path: Path) -> bytes:
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    with monkeypatch.context() as moment:
        moment.setattr(Path, "read_bytes", fail)
        holding.renew()
    holding.renew()
    assert not holding.is_lost
    holding.release()
    assert not (tmp_path / "lease").exists()


def acquire_as(process: int, path: Path) -> None:
    """Acquire a lease as the process of this number does."""
    with pytest.MonkeyPatch.context() as there:
        there.setattr(os, "getpid", lambda: process)
        Lease(path).acquire()


def test_a_living_local_process_keeps_its_lease(tmp_path: Path) -> None:
    """Even where the file system has no locks. When it has ended, the lease is taken over."""
    path = tmp_path / "lease"
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        acquire_as(process.pid, path)
        with pytest.raises(FileInUse):
            Lease(path).acquire()
        process.kill()
        process.wait()
        Lease(path).acquire()


@pytest.mark.parametrize("process", [ENDED, 10**30, -1])
def test_the_lease_of_a_dead_local_process_is_taken_over(tmp_path: Path, process: int) -> None:
    """A process number that no system has is that of a dead process."""
    path = tmp_path / "lease"
    acquire_as(process, path)
    Lease(path).acquire()


def test_an_unreadable_lease_belongs_to_another_machine(tmp_path: Path) -> None:
    """An incomplete or newer lease is respected, and free after a minute."""
    path = tmp_path / "lease"
    path.write_text("{")
    with pytest.raises(FileInUse, match=r"^\?$"):
        Lease(path).acquire()
    abandon(path)
    Lease(path).acquire(sleep=lambda seconds: None)


# -- the files that say which lines of a batch were started, and by whom


TAG = "aa.bb-1"


def request(number: int = 1, *, journal: str = "ours", subject: str | None = None) -> PaidRequest:
    """Return a start of the line by this journal."""
    subject = subject or of_line("batch", TAG)
    return replace(
        new_request(subject, PaidVerb.START, "job", now=1.0, number=number), journal=journal
    )


def take(folder: Path, wanted: PaidRequest) -> bool:
    """Take the line for a start."""
    line = LineFile(line_files.line_id(folder, TAG))
    return line.take(wanted, credential="hash", now=5.0)


def test_the_first_one_has_the_line(tmp_path: Path) -> None:
    """The same journal takes it again after a kill; another one does not, whatever it is called.

    A line that a person starts again is another order; the latest one counts.
    """
    line = LineFile(line_files.line_id(tmp_path, TAG))
    for number, (ours, theirs) in enumerate((("ours", "theirs"), ("theirs", "ours")), start=1):
        for journal in (ours, ours):
            assert take(tmp_path, request(number, journal=journal))
        for journal in (theirs, ""):
            assert not take(tmp_path, request(number, journal=journal))
        line.note_operation(request(number), f"op_{number}")
        found = line_files.started(tmp_path)[TAG]
        assert (found.number, found.home, found.operation) == (number, ours, f"op_{number}")


def test_only_a_line_in_a_folder_has_files(tmp_path: Path) -> None:
    """Any other job leaves no trace in it."""
    assert LineFile(None).take(request(), credential="", now=1.0)
    other = request(subject=of_job("job"))
    assert take(tmp_path, other)
    LineFile(line_files.line_id(tmp_path, TAG)).note_operation(other, "op")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing is sent: another machine could not know it. An earlier attempt may have been."""
    (tmp_path / ".mint-batch").write_text("a file")
    with pytest.raises(DiskError, match="Nothing was sent"):
        take(tmp_path, request())
    with pytest.raises(DiskError) as error:
        take(tmp_path, replace(request(), attempts=1))
    assert "Nothing was sent" not in str(error.value)


def test_what_was_killed_while_it_wrote_is_nobodys(tmp_path: Path) -> None:
    """An empty file, or a damaged one, says that somebody may have sent the line."""
    place = tmp_path / ".mint-batch" / "requests"
    place.mkdir(parents=True)
    for number, content in enumerate((b"", b"{", b"[]", b'{"home": null}', b"\xff"), start=1):
        (place / f"{TAG}.start.{number}").write_bytes(content)
        assert not take(tmp_path, request(number))
    assert line_files.started(tmp_path)[TAG].operation is None


def test_only_names_of_ours_are_read(tmp_path: Path) -> None:
    """Other files in the folder are no starts, whatever they are called."""
    assert take(tmp_path, request())
    place = tmp_path / ".mint-batch" / "requests"
    for name in ("x.start.0", "x.start.01", "x.start.1.part", "X Y.start.1", "x.start.1234567"):
        (place / name).write_text("{}")
    assert set(line_files.started(tmp_path)) == {TAG}
    assert line_files.started(tmp_path / "nothing") == {}


def test_a_job_is_stored_without_what_could_be_sent(tmp_path: Path) -> None:
    """The file of a line says only what Mint has made: no limit, and nothing that can be sent."""
    delivery = replace(
        a_job().delivery, line=line_files.line_id(tmp_path, TAG), output=str(tmp_path / "a.glb")
    )
    job = replace(a_job(), delivery=delivery, max_credits=5.0, requests=(request(),))
    line_files.write_job(with_operation(job, operation("running")))
    (path,) = (tmp_path / ".mint-batch" / "lines").iterdir()
    content = json.loads(path.read_bytes())
    assert str(tmp_path) not in path.read_text()
    assert "decision" not in {*content, *content["record"]}
    read = line_files.read_job(tmp_path, TAG)
    (made,) = read.requests
    assert (made.body, made.credits, made.credential, made.is_open) == (None, None, "", False)
    assert (made.operation, read.decision, read.max_credits) == ("op_1", None, None)
    assert read.delivery == delivery

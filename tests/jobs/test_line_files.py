# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that say which lines of a batch were started, and by whom."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.errors import DiskError
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_folder.line_files import LineFile
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, of_job, of_line

from .workflow_harness import a_job

TAG = "aa.bb-1"


def request(number: int = 1, *, journal: str = "ours", subject: str | None = None) -> PaidRequest:
    """Return a start of the line by this journal."""
    subject = subject or of_line("batch", TAG)
    return replace(
        new_request(subject, PaidVerb.START, "job", now=1.0, number=number), journal=journal
    )


def line(folder: Path) -> LineFile:
    """Return the files of the line in a folder."""
    return LineFile(line_files.line_id(folder, TAG))


def take(folder: Path, wanted: PaidRequest) -> bool:
    """Take the line for a start."""
    return line(folder).take(wanted, credential="hash", now=5.0)


def test_the_first_one_has_the_line(tmp_path: Path) -> None:
    """The same journal takes it again after a kill; another one does not, whatever it is called."""
    assert take(tmp_path, request())
    assert take(tmp_path, request())
    assert not take(tmp_path, request(journal="theirs"))
    assert not take(tmp_path, request(journal=""))
    assert line_files.started(tmp_path)[TAG].home == "ours"


def test_each_start_has_a_file(tmp_path: Path) -> None:
    """A line that a person starts again is another order; the latest one counts."""
    assert take(tmp_path, request(1))
    assert take(tmp_path, request(2, journal="theirs"))
    assert not take(tmp_path, request(2))
    for number, operation in ((1, "op_1"), (2, "op_2")):
        line(tmp_path).note_operation(request(number), operation)
    found = line_files.started(tmp_path)[TAG]
    assert (found.number, found.home, found.operation) == (2, "theirs", "op_2")


def test_what_was_killed_while_it_wrote_is_nobodys(tmp_path: Path) -> None:
    """An empty file, or a damaged one, says that somebody may have sent the line."""
    place = tmp_path / ".mint-batch" / "requests"
    place.mkdir(parents=True)
    for number, content in enumerate((b"", b"{", b"[]", b'{"home": null}', b"\xff"), start=1):
        (place / f"{TAG}.start.{number}").write_bytes(content)
        assert not take(tmp_path, request(number))
    assert line_files.started(tmp_path)[TAG].operation is None


def test_other_jobs_have_no_files(tmp_path: Path) -> None:
    """Neither a job without a folder, nor what is not the start of a line."""
    assert LineFile(None).take(request(), credential="", now=1.0)
    assert take(tmp_path, request(subject=of_job("job")))
    line(tmp_path).note_operation(request(subject=of_job("job")), "op")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent then: another machine could not know it."""
    (tmp_path / ".mint-batch").write_text("a file")
    with pytest.raises(DiskError, match="Nothing was sent"):
        take(tmp_path, request())


def test_only_names_of_ours_are_read(tmp_path: Path) -> None:
    """Other files in the folder are no starts, whatever they are called."""
    assert take(tmp_path, request())
    place = tmp_path / ".mint-batch" / "requests"
    for name in ("x.start.0", "x.start.01", "x.start.1.part", "X Y.start.1", "x.start.1234567"):
        (place / name).write_text("{}")
    assert set(line_files.started(tmp_path)) == {TAG}
    assert line_files.started(tmp_path / "nothing") == {}


def test_a_job_is_stored_without_what_could_be_sent(tmp_path: Path) -> None:
    """The file of a line has no paid request, limit or decision, and reading it makes none."""
    delivery = replace(
        a_job().delivery, line=line_files.line_id(tmp_path, TAG), output=str(tmp_path / "a.glb")
    )
    job = replace(a_job(), delivery=delivery, max_credits=5.0, requests=(request(),))
    line_files.write_job(job)
    (path,) = (tmp_path / ".mint-batch" / "lines").iterdir()
    content = json.loads(path.read_bytes())
    assert str(tmp_path) not in path.read_text()
    assert not {"requests", "decision", "key", "body"} & {*content, *content["record"]}
    read = line_files.read_job(tmp_path, TAG)
    assert read is not None
    assert (read.requests, read.decision, read.max_credits) == ((), None, None)
    assert read.delivery == delivery

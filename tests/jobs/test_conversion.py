# SPDX-License-Identifier: GPL-3.0-or-later
"""Converting a model to other formats, and saving the files."""

from __future__ import annotations

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.errors import DiskError, InvalidFile
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset, TakeSlot
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Format, Kind

from ..mint_service import convert
from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .service_helpers import ended, put
from .workflow_harness import (
    FILES,
    FINISHED_MODEL,
    GLB,
    Convert,
    SendDecision,
    WorkflowHarness,
    asset,
    decided,
    fetch_all,
    kept,
    operation,
    problem,
    retried,
    seen,
)

FBX, OBJ = f"{FILES}a.fbx", f"{FILES}a.obj"
LAMP = Asset.from_json(
    Kind.MODEL,
    {"id": "res_1", "name": "Lamp: red/blue", "status": "succeeded", "assets": {"glbUrl": GLB}},
)
CONVERSION: dict[str, Any] = {"type": "model_conversion", "id": "op_9"}
ALL_FILES = asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ)


def a_conversion() -> Job:
    """Return a new conversion job."""
    formats = (Format.FBX, Format.OBJ)
    return new_conversion(LAMP, formats, Delivery(folder="/out"), now=time.time())


def sending() -> WorkflowHarness:
    """Return a conversion job just before its request is sent."""
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB))
    run.expect(TakeSlot)
    return run.answer()


def converting() -> WorkflowHarness:
    """Return a conversion that Mint has just started."""
    run = sending()
    run.expect(Convert)
    return run.answer(operation("queued", **CONVERSION))


# -- the straight way


OUT = str(Path("/out/Lamp red blue"))


def test_a_conversion_runs_to_its_files() -> None:
    """The model is read, converted under the job's record and polled, and each file is saved."""
    job = a_conversion()
    run = WorkflowHarness(job)
    assert run.expect(ReadAsset).asset_id == "res_1"
    assert run.answer(asset(glbUrl=GLB)).expect(TakeSlot) == TakeSlot(None)
    convert = run.answer().expect(Convert)
    assert (convert.target, convert.key) == ("res_1", job.requests[0].key)
    assert convert.body == {"targetFormats": ["fbx", "obj"]}
    assert run.job.phase is Phase.SENDING
    run.answer(operation("queued", **CONVERSION)).expect(Poll)
    run.answer(seen("running", **CONVERSION)).expect(Poll)
    assert JobView(run.job).state == "Converting"
    run.answer(seen("succeeded", **CONVERSION)).expect(ReadAsset)
    run.answer(ALL_FILES)
    for role, url in ((Role.FBX, FBX), (Role.OBJ, OBJ)):
        assert run.expect(Fetch) == Fetch(role, url, str(role), save_as=OUT)
        run.answer(kept(run.expect(Fetch)))
    assert (run.rests, run.job.phase, run.job.notes) == (True, Phase.PLACED, ())
    assert JobView(run.job).state == "Saved"


# -- interruptions


def test_a_folder_that_cannot_be_written_pauses_the_job() -> None:
    """Resume saves the remaining files, and no new operation is started."""
    run = converting().answer(seen("succeeded", **CONVERSION)).answer(ALL_FILES)
    run.answer(kept(run.expect(Fetch))).fail(DiskError("/out may not be written."))
    assert (run.job.phase, run.job.problem.cause) == (Phase.PAUSED, Cause.FILE)
    run = run.again().answer(seen("succeeded", **CONVERSION)).answer(ALL_FILES)
    assert run.expect(Fetch).role is Role.OBJ


# -- what a person decides


def test_a_failed_conversion_is_retried_with_a_new_key() -> None:
    """The model is not generated again, and formats that exist by then are only downloaded."""
    error = {"code": "conversion_failed", "message": "The mesh is open."}
    run = converting().answer(seen("failed", error=error, **CONVERSION))
    assert run.job.problem.message == (
        "Mint could not convert the model (conversion_failed). Retry, or choose another format. "
        "Mint says: The mesh is open."
    )
    first = run.job.requests[0].key
    run = WorkflowHarness(retried(run.job))
    run.expect(ReadAsset)
    again = run.answer(asset(glbUrl=GLB, objUrl=OBJ)).answer().expect(Convert)
    assert again.body == {"targetFormats": ["fbx"]}
    assert again.key == run.job.requests[1].key != first
    complete = WorkflowHarness(a_conversion()).answer(ALL_FILES)
    assert complete.job.phase is Phase.FETCHING
    complete.expect(ReadAsset)


def test_a_format_that_comes_on_the_second_try_is_not_called_missing() -> None:
    """The model is read again until it has the new addresses; a missing file is reported.

    The note is removed when the file arrives.
    """
    run = converting().answer(seen("succeeded", **CONVERSION))
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset(glbUrl=GLB, objUrl=OBJ))
    assert waits == [0.0, 3.0, 3.0]
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.PLACED
    assert run.job.notes == ("Mint did not create the FBX file.",)
    run = converting().answer(seen("succeeded", **CONVERSION))
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert (run.job.phase, len(run.job.notes)) == (Phase.PAUSED, 2)
    run = WorkflowHarness(run.job).answer(seen("succeeded", **CONVERSION))
    assert fetch_all(run.answer(ALL_FILES)).job.notes == ()


@pytest.mark.parametrize("is_refused", [False, True])
def test_resume_without_an_operation_repeats_the_start(is_refused: bool) -> None:
    """The same request is repeated with the same key, so it cannot be charged twice.

    If that is refused, too, Mint's reason becomes a note, and the operation shows how it stands.
    """
    run = converting().answer(seen("billing_required", **CONVERSION))
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    assert run.expect(SendDecision).target == "op_9"
    again = run.fail(problem(409)).expect(Convert)
    assert (again.key, again.target) == (run.job.requests[0].key, "res_1")
    assert (again.body, run.job.notes) == ({"targetFormats": ["fbx", "obj"]}, ())
    run.fail(problem(409)) if is_refused else run.answer(operation("queued", **CONVERSION))
    assert run.expect(Poll).operation_id == "op_9"
    assert run.answer(seen("billing_required", **CONVERSION)).rests
    assert (run.job.phase, len(run.job.notes)) == (Phase.BILLING, int(is_refused))
    assert run.job.source_asset_id == "res_1"


def test_a_refused_conversion_fails() -> None:
    """The model is looked at, since others can convert it. Then the job fails, with the reason."""
    run = sending().fail(problem(422, detail="the model is failed"))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB))
    assert run.job.phase is Phase.FAILED
    assert "the model is failed" in (run.job.problem.message if run.job.problem else "")


# -- conversions that run against the stand-in service


SERVICE = {"library": {"models": 4, "worlds": 2}}


@pytest.fixture
def lamp(service: ThreadService) -> Asset:
    """Return a finished model of the library, known by its id only."""
    found = next(
        one for one in service.resources() if one.kind == "model" and one.status == "succeeded"
    )
    return Asset.from_json(Kind.MODEL, {"id": found.id, "name": "Lamp"})


def test_all_four_formats_are_saved_in_the_folder(
    lamp: Asset, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """One paid operation saves one complete file per format, without a second copy.

    It runs while all slots for generations are taken.
    """
    config = fast_config(home, slots={Kind.MODEL: 0, Kind.WORLD: 0})
    with closing(JobService(config, account(service))) as job_service:
        job = ended(job_service, job_service.convert(lamp, tuple(Format), tmp_path / "out"))
    assert (job.phase, job.notes, job.cost) == (Phase.PLACED, (), 10)
    saved = {tmp_path / "out" / f"Lamp.{format}" for format in Format}
    assert set((tmp_path / "out").iterdir()) == saved == {Path(kept.path) for kept in job.files}
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1
    assert not [path for path in (home / "downloads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_the_same_conversion_is_not_started_twice(
    job_service: JobService, lamp: Asset, home: Path, service: ThreadService, is_elsewhere: bool
) -> None:
    """The same request continues the open job; an overlapping one is refused.

    This holds for one of another process, even before the journal was read again.
    """
    job_service.allow_online(False)
    folder = home / "out"
    if is_elsewhere:
        first = new_conversion(lamp, (Format.FBX,), Delivery(folder=str(folder)), now=time.time())
        put(home, first)
    else:
        first = job_service.convert(lamp, [Format.FBX], folder)
    with pytest.raises(NotPossible, match="already being converted"):
        job_service.convert(lamp, [Format.OBJ, Format.FBX], home / "elsewhere")
    assert job_service.convert(lamp, [Format.FBX], folder).id == first.id
    assert [job.id for job in job_service.jobs()] == [first.id]
    assert is_elsewhere in (False, job_service.catch_up()), "the window has not shown it yet"
    job_service.allow_online(True)
    assert ended(job_service, first).phase is Phase.PLACED
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1


@pytest.mark.parametrize(
    ("is_refused", "seconds", "number"), [(True, 0, 1), (False, 0, None), (False, 601, 2)]
)
def test_an_earlier_conversion_that_was_given_up(
    job_service: JobService,
    lamp: Asset,
    tmp_path: Path,
    is_refused: bool,
    seconds: float,
    number: int | None,
) -> None:
    """Refused, it is ordered as it was. Mint may carry out an unanswered one for ten minutes.

    Another format is another order.
    """
    job_service.allow_online(False)
    requests = job_service.journal.paid_requests
    first = job_service.convert(lamp, [Format.FBX], tmp_path / "out")
    key = first.requests[0].key
    requests.begin(key, now=time.time() - seconds, credential="of a key", body="{}")
    if is_refused:
        requests.refuse(key, is_final=False)
    requests.cancel(key)
    job_service.cache.save(first.moved(Phase.CANCELED))
    if number is None:
        for formats in ([Format.FBX], [Format.OBJ, Format.FBX]):
            with pytest.raises(NotPossible, match="may still carry out the earlier conversion"):
                job_service.convert(lamp, formats, tmp_path / "out")
        assert job_service.convert(lamp, [Format.OBJ], tmp_path / "out").requests[0].is_open
        return
    (request,) = job_service.convert(lamp, [Format.FBX], tmp_path / "out").requests
    assert (request.number, request.is_open) == (number, True)
    assert request.key == key or requests.get(key).state is State.OVER


def test_what_cannot_be_converted(job_service: JobService, lamp: Asset, tmp_path: Path) -> None:
    """No job is created."""
    with pytest.raises(NotPossible, match="at least one format"):
        job_service.convert(lamp, [], tmp_path)
    with pytest.raises(NotPossible, match="Only models"):
        job_service.convert(replace(lamp, kind=Kind.WORLD), [Format.FBX], tmp_path)
    assert job_service.jobs() == []


# -- files for other programs: recognized by their bytes, and saved without overwriting anything


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a downloaded file."""
    path = tmp_path / "job" / "fbx.fbx"
    path.parent.mkdir()
    path.write_bytes(b"; FBX 7.4.0")
    return path


CONTENTS: list[tuple[str, bytes, str | None]] = [
    *((format, content, f".{format}") for format, content in convert.CONVERTED.items()),
    ("obj", b"PK\x03\x04 and so on", ".zip"),
    ("fbx", b"", None),
    ("obj", b"<!doctype html>", None),
    ("stl", b'{"error": 1}', None),
    ("usdz", b"v 1 2 3", None),
]


@pytest.mark.parametrize(("format", "content", "suffix"), CONTENTS)
def test_a_file_is_recognized_by_its_content(
    format: str, content: bytes, suffix: str | None, tmp_path: Path
) -> None:
    """Each format keeps its ending, and so does an archive. Anything else is refused."""
    path = tmp_path / "file"
    path.write_bytes(content)
    if suffix is None:
        with pytest.raises(InvalidFile, match=f"not in {format.upper()} format"):
            fetch_file.suffix_for(path, format)
    else:
        assert fetch_file.suffix_for(path, format) == suffix


def no_links(*_: object) -> None:
    """Refuse a link, as some file systems do."""
    raise OSError(errno.EPERM, "not here")


@pytest.mark.windows
@pytest.mark.parametrize("has_links", [True, False])
def test_existing_files_are_not_overwritten(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    """A number is added to the name as often as needed; the folder is made.

    Without hard links, the file gets its name when it is complete.
    """
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    wanted = tmp_path / "new" / "lamp v1.2.fbx"
    wanted.parent.mkdir()
    wanted.write_bytes(b"mine")
    second = wanted.with_name("lamp v1.2 2.fbx")
    if os.name == "nt":  # where links need a privilege
        second.write_bytes(b"mine, too")
    else:
        second.symlink_to(tmp_path / "nowhere")
    saved = fetch_file.copy_to_free_name(source, wanted)
    assert saved.name == "lamp v1.2 3.fbx"
    assert saved.read_bytes() == source.read_bytes()
    assert wanted.read_bytes() == b"mine"
    assert len(list(wanted.parent.iterdir())) == 3, "nothing half done lies about"


@pytest.mark.windows
def test_the_same_bytes_are_not_saved_twice(source: Path, tmp_path: Path) -> None:
    """A save that is repeated after its end finds the file complete."""
    wanted = tmp_path / "lamp.fbx"
    assert {fetch_file.copy_to_free_name(source, wanted) for _ in range(2)} == {wanted}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["lamp.fbx"]


@pytest.mark.windows
def test_a_folder_that_cannot_be_written_is_named(source: Path, tmp_path: Path) -> None:
    """The message names the folder, and nothing is lost."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="could not be written"):
        fetch_file.copy_to_free_name(source, tmp_path / "file" / "lamp.fbx")
    assert source.exists()


def test_of_two_conversions_at_once_one_is_ordered(
    home: Path, lamp: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both programs have looked for an earlier one before either has committed its own."""
    looked = threading.Barrier(2)
    latest = PaidRequests.latest

    def look(self: PaidRequests, subject: str, verb: PaidVerb) -> PaidRequest | None:
        found = latest(self, subject, verb)
        with suppress(threading.BrokenBarrierError):
            looked.wait(1.0)  # which is too short where a lock lets only one of them look
        return found

    def convert(_: int) -> str:
        with closing(JobService(fast_config(home), Account("key"))) as job_service:
            job_service.allow_online(False)
            return job_service.convert(lamp, [Format.FBX], tmp_path / "out").id

    monkeypatch.setattr(PaidRequests, "latest", look)
    with ThreadPoolExecutor(2) as threads:
        ids = set(threads.map(convert, range(2)))
    with closing(Journal(home)) as journal:
        assert [job.id for job in journal.jobs()] == list(ids)


def test_another_format_does_not_end_the_first_conversion(offline: JobService) -> None:
    """Both are ordered, each with a record of its own: neither is forgotten, or sent unseen."""
    first = offline.convert(FINISHED_MODEL, [Format.FBX], Path("/out"))
    second = offline.convert(FINISHED_MODEL, [Format.OBJ], Path("/out"))
    offline.reread()
    for job in (first, second):
        request = offline.job(job.id).start_request
        assert request is not None and request.is_open and request.number == 1

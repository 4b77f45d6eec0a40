# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversions that run against the stand-in service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Format, Kind

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service with models and worlds."""
    with running_service(speed=1000, library={"models": 4, "worlds": 2}, credits=1e6) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def lamp(service: ThreadService) -> Asset:
    """Return a finished model of the library, known by its id only."""
    found = next(
        one for one in service.resources() if one.kind == "model" and one.status == "succeeded"
    )
    return Asset.from_json(Kind.MODEL, {"id": found.id, "name": "Lamp"})


Brought = Callable[..., Job]


@pytest.fixture
def convert_and_wait(job_service: JobService, lamp: Asset, tmp_path: Path) -> Brought:
    """Return a function that converts the model and waits for the job."""

    def convert(*formats: Format, folder: Path = tmp_path / "out") -> Job:
        job = job_service.convert(lamp, formats, folder)
        job_service.watch([job.id])
        return job_service.job(job.id)

    return convert


def test_all_four_formats_are_saved_in_the_folder(
    convert_and_wait: Brought, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """One paid operation saves one complete file per format, without a second copy."""
    job = convert_and_wait(*Format)
    assert (job.phase, job.notes) == (Phase.PLACED, ())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Lamp.fbx",
        "Lamp.obj",
        "Lamp.stl",
        "Lamp.usdz",
    ]
    assert {kept.path for kept in job.files} == {str(path) for path in (tmp_path / "out").iterdir()}
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1
    assert job.cost == 10
    assert not [path for path in (home / "downloads").rglob("*") if path.is_file()]


def test_a_second_conversion_only_downloads_and_overwrites_nothing(
    convert_and_wait: Brought, service: ThreadService, tmp_path: Path
) -> None:
    """Existing formats are not paid again, and a user's file of that name is kept."""
    convert_and_wait(Format.OBJ)
    (tmp_path / "out" / "Lamp.obj").write_text("my own work")
    job = convert_and_wait(Format.OBJ)
    assert job.phase is Phase.PLACED
    assert (tmp_path / "out" / "Lamp.obj").read_text() == "my own work"
    assert [Path(kept.path).name for kept in job.files] == ["Lamp 2.obj"]
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1


def test_the_same_conversion_is_not_started_twice(
    job_service: JobService, lamp: Asset, service: ThreadService, tmp_path: Path
) -> None:
    """The same request continues the open job; an overlapping one is refused."""
    job_service.allow_online(False)
    first = job_service.convert(lamp, [Format.FBX], tmp_path / "out")
    assert job_service.convert(lamp, [Format.FBX], tmp_path / "out").id == first.id
    with pytest.raises(NotPossible, match="already being converted"):
        job_service.convert(lamp, [Format.OBJ, Format.FBX], tmp_path / "elsewhere")
    job_service.allow_online(True)
    job_service.watch([first.id])
    assert job_service.job(first.id).phase is Phase.PLACED
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1


def test_a_conversion_of_another_process_is_not_started_again(
    job_service: JobService, home: Path, lamp: Asset, tmp_path: Path
) -> None:
    """This holds even before the journal was read again."""
    job_service.allow_online(False)
    theirs = new_conversion(lamp, (Format.FBX,), Delivery(folder=str(tmp_path / "out")), now=1.0)
    journal = Journal(home)
    journal.add(theirs)
    journal.close()
    with pytest.raises(NotPossible, match="already being converted"):
        job_service.convert(lamp, [Format.FBX], tmp_path / "elsewhere")
    assert job_service.convert(lamp, [Format.FBX], tmp_path / "out").id == theirs.id
    assert [job.id for job in job_service.jobs()] == [theirs.id]
    assert job_service.catch_up(), "the window has not shown yet what was read there"


def test_of_two_conversions_at_once_one_is_ordered(
    home: Path, lamp: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both programs have looked for an earlier one before either has committed its own."""
    looked = threading.Barrier(2)
    latest = PaidRequests.latest

    def look(self: PaidRequests, subject: str, verb: PaidVerb) -> PaidRequest | None:
        found = latest(self, subject, verb)
        with suppress(threading.BrokenBarrierError):
            looked.wait(1.0)
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


def test_a_file_in_place_of_the_folder_is_reported(
    convert_and_wait: Brought, job_service: JobService, service: ThreadService, tmp_path: Path
) -> None:
    """When the obstacle is gone, resume saves the file at no cost."""
    (tmp_path / "out").write_text("in the way")
    job = convert_and_wait(Format.STL)
    assert job.phase is Phase.PAUSED
    assert job.problem is not None and str(tmp_path / "out") in job.problem.message
    (tmp_path / "out").unlink()
    job_service.resume(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.PLACED
    assert (tmp_path / "out" / "Lamp.stl").stat().st_size > 84
    assert len(service.requests("POST", "/v1/models/*:convert")) == 1


def test_an_asset_that_cannot_be_converted_is_refused(
    job_service: JobService, lamp: Asset, tmp_path: Path
) -> None:
    """No job is created."""
    with pytest.raises(NotPossible, match="at least one format"):
        job_service.convert(lamp, [], tmp_path)
    with pytest.raises(NotPossible, match="Only models"):
        job_service.convert(replace(lamp, kind=Kind.WORLD), [Format.FBX], tmp_path)
    assert job_service.jobs() == []


def test_a_conversion_takes_no_slot(
    home: Path, service: ThreadService, lamp: Asset, tmp_path: Path
) -> None:
    """A conversion runs while all slots for generations are taken, and takes none."""
    job_service = JobService(
        fast_config(home, slots={Kind.MODEL: 0, Kind.WORLD: 0}), account(service)
    )
    job = job_service.convert(lamp, [Format.FBX], tmp_path / "out")
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.PLACED
    assert job_service.close(20)

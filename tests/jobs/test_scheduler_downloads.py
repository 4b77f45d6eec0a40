# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler and its downloads: on threads of the pool, so that no poll waits for a file, and a
late one changes nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import InvalidPicture
from mint_blender.jobs.engine.messages import Fetched, Wake
from mint_blender.jobs.job import Decision, Job, Phase, Role, Verb
from mint_blender.jobs.transfers import fetch_file, file_queries
from mint_blender.jobs.workflow.effects import Fetch
from mint_blender.mint.schema import Mode

from .office import Office
from .telling import FILES, asset, operation, problem, working


class HeldDownloads:
    """Downloads that bring nothing before the gate is set; for the order of things, not for bytes."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun: list[Path] = []
        self.stops: list[Callable[[], bool]] = []


class HeldDownloader(Downloader):
    """What one thread of the pool has."""

    def __init__(self, held: HeldDownloads) -> None:
        super().__init__()
        self._held = held

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        self._held.stops.append(more["stop"])
        self._held.begun.append(target)
        assert self._held.gate.wait(20)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(
            b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
        )
        return target


@pytest.fixture
def held() -> HeldDownloads:
    """The downloads of the office below."""
    return HeldDownloads()


@pytest.fixture
def office(home: Path, held: HeldDownloads) -> Iterator[Office]:
    """An office whose downloads hang."""
    office = Office(home, downloader=lambda local: HeldDownloader(held))
    yield office
    held.gate.set()
    office.close()


def until(office: Office, condition: Callable[[], bool]) -> None:
    """Take in what the download threads say until something is so."""
    for _ in range(200):
        office.run()
        if condition():
            return
        try:
            office.scheduler.receive(office.inbox.get(timeout=0.1))
        except queue.Empty:
            pass
    raise AssertionError("it did not come to that")


def in_review() -> Job:
    """A job whose preview is to be fetched."""
    told = operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
    return replace(working(Mode.REVIEW), phase=Phase.REVIEW, operation=told)


def cancel(office: Office, job: Job) -> None:
    """A click while something is on its way."""
    office.journal.decide(job.id, Decision(Verb.CANCEL, "click"))
    office.scheduler.receive(Wake(job.id, 2))


def test_a_slow_download_delays_no_poll(office: Office, held: HeldDownloads) -> None:
    """While one job's file hangs, the others are polled to the second."""
    slow = in_review()
    office.add(slow, working())
    office.run(30)
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    held.gate.set()
    until(office, lambda: office.job(slow).has_preview)
    assert len(held.begun) == 1


def test_a_slow_preview_in_passing_delays_not_even_its_own_job(
    office: Office, held: HeldDownloads
) -> None:
    """In auto mode the picture comes beside the polls: while it hangs they follow the schedule, and
    it is taken in when it has come.
    """
    job = working()
    office.mint.says = lambda what, which: operation(
        "running", id=which, assets={"previewImageUrl": f"{FILES}p.webp"}
    )
    office.add(job)
    office.run(30)
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    held.gate.set()
    office.scheduler.receive(office.inbox.get(timeout=20))
    office.run(15)
    assert office.job(job).has_preview
    office.run(60)
    assert len(held.begun) == 1


def test_a_preview_that_still_hangs_when_the_result_is_there_is_given_up(
    office: Office, held: HeldDownloads
) -> None:
    """The result's files wait for no picture that merely passed by; the picture is told to stop."""
    told = {"previewImageUrl": f"{FILES}p.webp", "glbUrl": f"{FILES}a.glb"}
    status = ["running"]
    office.mint.says = lambda what, which: (
        asset(**told) if what == "asset" else operation(status[0], id=which, assets=told)
    )
    office.add(working())
    office.run(5)
    until(office, lambda: bool(held.begun))
    assert [path.stem for path in held.begun] == ["preview-1"]
    assert not held.stops[0]()
    status[0] = "succeeded"
    office.run(15)
    until(office, lambda: len(held.begun) == 2)
    assert held.begun[1].stem == "model"
    assert held.stops[0]()
    assert not held.stops[1]()


def test_a_late_download_is_ignored(office: Office, held: HeldDownloads) -> None:
    """A click came while the picture was on its way: its late arrival disturbs nothing that is told
    by then.
    """
    job = in_review()
    office.add(job)
    office.run(1)
    office.mint.says = lambda what, which: operation("running", Mode.REVIEW)
    cancel(office, job)
    office.run(1)
    held.gate.set()
    office.scheduler.receive(office.inbox.get(timeout=20))
    office.run(1)
    assert office.job(job).phase is Phase.WORKING
    assert office.job(job).files == ()


def test_an_answer_to_an_earlier_desk_is_ignored(home: Path) -> None:
    """Stories are numbered across schedulers: what the scheduler of an earlier thread had sent for
    is nobody's answer now.
    """
    first = Office(home)
    first.add(working())
    first.close()
    office = Office(home)
    job = working()
    office.add(job)
    for serial in range(5):
        office.scheduler.receive(Fetched(job.id, serial, "preview-1", operation("running")))  # type: ignore[arg-type]  # nobody looks into it
    office.run(1)
    assert office.job(job).phase is Phase.WORKING
    office.close()


def test_one_download_of_a_job_at_a_time(office: Office, held: HeldDownloads) -> None:
    """A download that nobody wants any more may hold its file for a moment: the next one of that
    job begins afterwards.
    """
    job = in_review()
    office.add(job)
    office.run(1)
    office.mint.says = lambda what, which: problem(404) if what == "cancel" else job.operation
    cancel(office, job)
    office.run(5)
    assert len(held.begun) == 1, "it waits"
    held.gate.set()
    until(office, lambda: office.job(job).has_preview)
    assert len(held.begun) == 2
    assert held.begun[0] == held.begun[1]


def test_a_mistake_in_a_download_concerns_one_job(home: Path) -> None:
    """Also on a thread of the pool nothing breaks but that one file."""

    class Broken(Downloader):
        def fetch(self, *arguments: Any, **more: Any) -> Path:
            raise KeyError("oh")

    office = Office(home, downloader=lambda local: Broken())
    job = in_review()
    office.add(job)
    until(office, lambda: office.job(job).notes != ())
    assert office.job(job).phase is Phase.REVIEW
    assert "Something in the add-on went wrong (KeyError)" in office.job(job).notes[0]
    office.close()


class GivingDownloader(Downloader):
    """Answers every address with the same bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._content)
        return target


@pytest.mark.parametrize("beginning", [b"\x76\x2f\x31\x01", b"II*\0", b"BM"])
def test_a_picture_that_blender_would_open_unmeasured_is_no_picture(
    home: Path, beginning: bytes
) -> None:
    """Whatever it comes as: a format whose header is not read here is refused, and what was paid
    for is set aside.
    """
    downloader = GivingDownloader(beginning + bytes(100))

    def fetched(role: Role) -> Path:
        want = Fetch(role, f"{FILES}p.webp", str(role))
        return Path(
            fetch_file.fetch(
                want, home, downloader=downloader, stop=lambda: False, progress=lambda *_: None
            ).path
        )

    for role in (Role.PREVIEW, Role.PICTURE, Role.PANORAMA):
        with pytest.raises(InvalidPicture, match="in the format"):
            fetched(role)
    with pytest.raises(InvalidPicture, match="in the format"):
        file_queries.thumbnail(f"{FILES}p.webp", home, downloader, lambda: False)
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == [
        f"{role}.refused.webp" for role in ("panorama", "picture", "preview")
    ]

# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler's downloads run on threads: no poll waits for them, late results are ignored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import InvalidPicture
from mint_blender.jobs.engine.thread_messages import DownloadEnded, Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.transfers import fetch_file, file_queries
from mint_blender.jobs.workflow.effects import Fetch
from mint_blender.mint.schema import Mode

from .engine_harness import EngineHarness, until
from .workflow_harness import FILES, asset, job_in_review, operation, problem, working


class HeldDownloads:
    """Downloads that finish only after the gate is set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun: list[Path] = []
        self.stops: list[Callable[[], bool]] = []


class HeldDownloader(Downloader):
    """The downloader of one thread of the pool."""

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
    """Return the downloads of the engine below."""
    return HeldDownloads()


@pytest.fixture
def engine(home: Path, held: HeldDownloads) -> Iterator[EngineHarness]:
    """Yield an engine whose downloads hang."""
    engine = EngineHarness(home, downloader=lambda local: HeldDownloader(held))
    yield engine
    held.gate.set()
    engine.close()


def cancel(engine: EngineHarness, job: Job) -> None:
    """Cancel a job while something is pending."""
    engine.journal.decide(job.id, Decision(Verb.CANCEL, "click"))
    engine.scheduler.receive(Wake(job.id, 2))


def test_a_slow_download_delays_no_poll(engine: EngineHarness, held: HeldDownloads) -> None:
    """While one job's file hangs, the others are polled on schedule."""
    slow = job_in_review()
    engine.add(slow, working())
    engine.run(30)
    assert engine.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    held.gate.set()
    until(engine, lambda: engine.job(slow).has_preview)
    assert len(held.begun) == 1


def test_a_slow_preview_in_auto_mode_delays_no_poll_of_its_job(
    engine: EngineHarness, held: HeldDownloads
) -> None:
    """The Preview is stored when it arrives."""
    job = working()
    engine.mint.says = lambda what, which: operation(
        "running", id=which, assets={"previewImageUrl": f"{FILES}p.webp"}
    )
    engine.add(job)
    engine.run(30)
    assert engine.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    held.gate.set()
    engine.scheduler.receive(engine.inbox.get(timeout=20))
    engine.run(15)
    assert engine.job(job).has_preview
    engine.run(60)
    assert len(held.begun) == 1


def test_a_hanging_preview_is_dropped_when_the_result_is_ready(
    engine: EngineHarness, held: HeldDownloads
) -> None:
    """The result's files do not wait for it, and its download is stopped."""
    run = {"previewImageUrl": f"{FILES}p.webp", "glbUrl": f"{FILES}a.glb"}
    status = ["running"]
    engine.mint.says = lambda what, which: (
        asset(**run) if what == "asset" else operation(status[0], id=which, assets=run)
    )
    engine.add(working())
    engine.run(5)
    until(engine, lambda: bool(held.begun))
    assert [path.stem for path in held.begun] == ["preview-1"]
    assert not held.stops[0]()
    status[0] = "succeeded"
    engine.run(15)
    until(engine, lambda: len(held.begun) == 2)
    assert held.begun[1].stem == "model"
    assert held.stops[0]()
    assert not held.stops[1]()


def test_a_late_download_is_ignored(engine: EngineHarness, held: HeldDownloads) -> None:
    """A decision made during the download wins, and the late file changes nothing."""
    job = job_in_review()
    engine.add(job)
    engine.run(1)
    engine.mint.says = lambda what, which: operation("running", Mode.REVIEW)
    cancel(engine, job)
    engine.run(1)
    held.gate.set()
    engine.scheduler.receive(engine.inbox.get(timeout=20))
    engine.run(1)
    assert engine.job(job).phase is Phase.WORKING
    assert engine.job(job).files == ()


def test_an_answer_to_an_earlier_scheduler_is_ignored(home: Path) -> None:
    """Runs are numbered across schedulers, so an old answer belongs to no run."""
    first = EngineHarness(home)
    first.add(working())
    first.close()
    engine = EngineHarness(home)
    job = working()
    engine.add(job)
    for serial in range(5):
        engine.scheduler.receive(DownloadEnded(job.id, serial, "preview-1", operation("running")))  # type: ignore[arg-type]  # nobody looks into it
    engine.run(1)
    assert engine.job(job).phase is Phase.WORKING
    engine.close()


def test_a_job_has_one_download_at_a_time(engine: EngineHarness, held: HeldDownloads) -> None:
    """The next download of a job waits until the stopped one released its file."""
    job = job_in_review()
    engine.add(job)
    engine.run(1)
    engine.mint.says = lambda what, which: problem(404) if what == "cancel" else job.operation
    cancel(engine, job)
    engine.run(5)
    assert len(held.begun) == 1, "it waits"
    held.gate.set()
    until(engine, lambda: engine.job(job).has_preview)
    assert len(held.begun) == 2
    assert held.begun[0] == held.begun[1]


def test_an_exception_in_a_download_pauses_one_job(home: Path) -> None:
    """Other jobs continue."""

    class Broken(Downloader):
        def fetch(self, *arguments: Any, **more: Any) -> Path:
            raise KeyError("oh")

    engine = EngineHarness(home, downloader=lambda local: Broken())
    job = job_in_review()
    engine.add(job)
    until(engine, lambda: engine.job(job).notes != ())
    assert engine.job(job).phase is Phase.REVIEW
    assert "The add-on failed unexpectedly (KeyError)" in engine.job(job).notes[0]
    engine.close()


class GivingDownloader(Downloader):
    """Returns the same bytes for every address."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._content)
        return target


@pytest.mark.parametrize("beginning", [b"\x76\x2f\x31\x01", b"II*\0", b"BM"])
def test_a_picture_of_an_unchecked_format_is_rejected(home: Path, beginning: bytes) -> None:
    """A format whose header we do not read is rejected, and the file is kept."""
    downloader = GivingDownloader(beginning + bytes(100))

    def fetched(role: Role) -> Path:
        effect = Fetch(role, f"{FILES}p.webp", str(role))
        return Path(
            fetch_file.fetch(
                effect, home, downloader=downloader, stop=lambda: False, progress=lambda *_: None
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

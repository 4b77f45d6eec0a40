# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads of a job: on threads, with links that expire, and from an earlier process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.files.errors import InvalidPicture, LinkExpired
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.effects import Fetch, Poll
from mint_blender.mint.schema import Mode, PollResult

from ..files.build_glb import box
from ..files.file_host import FileHost
from ..mint_service import pictures
from .engine_harness import EngineHarness, Engines, Held, PictureDownloader, until
from .workflow_harness import (
    FILES,
    WorkflowHarness,
    a_job,
    asset,
    job_in_review,
    kept,
    operation,
    problem,
    seen,
    shown,
    started,
    working,
)


class HeldDownloads(Held):
    """Downloads that hang, the files that they begin, and the functions that stop them."""

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[Callable[[], bool]] = []

    def hang(self, url: str, target: Path, *, stop: Callable[[], bool], **more: object) -> None:
        """Hang as one of the downloads."""
        self.stops.append(stop)
        self.wait(target.stem)


@pytest.fixture
def held() -> HeldDownloads:
    """Return the downloads of the engine below."""
    return HeldDownloads()


@pytest.fixture
def engine(engines: Engines, held: HeldDownloads) -> EngineHarness:
    """Return an engine whose downloads hang."""
    return engines(downloader=lambda local: PictureDownloader(before=held.hang))


def cancel(engine: EngineHarness, job: Job) -> None:
    """Cancel a job while something is pending."""
    engine.journal.decide(job.id, Decision(Verb.CANCEL, "click"))
    engine.scheduler.receive(Wake(job.id, 2))


def test_a_slow_preview_delays_no_poll(engine: EngineHarness, held: HeldDownloads) -> None:
    """In auto mode, the job is polled on schedule. The Preview is stored when it arrives."""
    job = working()
    pictures = {"previewImageUrl": f"{FILES}p.webp"}
    engine.mint.says = lambda what, which: operation("running", id=which, assets=pictures)
    engine.add(job)
    engine.run(30)
    assert engine.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    held.gate.set()
    engine.scheduler.receive(engine.inbox.get(timeout=60))
    engine.run(75)
    assert engine.job(job).has_preview
    assert len(held.hanging) == 1


def test_a_hanging_preview_is_dropped(engine: EngineHarness, held: HeldDownloads) -> None:
    """The result's files do not wait for it, and its download is stopped."""
    run: dict[str, Any] = {"previewImageUrl": f"{FILES}p.webp", "glbUrl": f"{FILES}a.glb"}
    status = ["running"]
    engine.mint.says = lambda what, which: (
        asset(**run) if what == "asset" else operation(status[0], id=which, assets=run)
    )
    engine.add(working())
    engine.run(5)
    until(engine, lambda: held.hanging == ["preview-1"])
    assert not held.stops[0]()
    status[0] = "succeeded"
    engine.run(15)
    until(engine, lambda: held.hanging == ["preview-1", "model"])
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
    assert (engine.job(job).phase, engine.job(job).files) == (Phase.WORKING, ())


@pytest.mark.windows
def test_a_job_has_one_download_at_a_time(engine: EngineHarness, held: HeldDownloads) -> None:
    """The next download of a job waits until the stopped one released its file."""
    job = job_in_review()
    engine.add(job)
    until(engine, lambda: len(held.hanging) == 1)
    engine.mint.says = lambda what, which: problem(404) if what == "cancel" else job.operation
    cancel(engine, job)
    engine.run(5)
    assert len(held.hanging) == 1, "it waits"
    held.gate.set()
    until(engine, lambda: engine.job(job).has_preview)
    assert held.hanging == ["preview-1", "preview-1"]


def test_an_exception_in_a_download_pauses_one_job(engines: Engines) -> None:
    """Other jobs continue."""

    def fail(*_: object, **more: object) -> None:
        raise KeyError("oh")

    engine = engines(downloader=lambda local: PictureDownloader(before=fail))
    job = job_in_review()
    engine.add(job)
    until(engine, lambda: engine.job(job).notes != ())
    assert engine.job(job).phase is Phase.REVIEW
    assert "The add-on failed unexpectedly (KeyError)" in engine.job(job).notes[0]


def fetch(role: Role, url: str, name: str, folder: Path, downloader: Downloader) -> Path:
    """Download a file of a job; return its path."""
    effect = Fetch(role, url, name)
    file = fetch_file.fetch(
        effect, folder, downloader=downloader, stop=lambda: False, progress=lambda *_: None
    )
    return Path(file.path)


@pytest.mark.windows
@pytest.mark.parametrize("beginning", [b"\x76\x2f\x31\x01", b"II*\0", b"BM"])
def test_a_picture_of_an_unchecked_format_is_rejected(home: Path, beginning: bytes) -> None:
    """A format whose header we do not read is rejected, and the file is kept."""
    downloader = PictureDownloader(beginning + bytes(100))
    for role in (Role.PREVIEW, Role.PICTURE, Role.PANORAMA):
        with pytest.raises(InvalidPicture, match="in the format"):
            fetch(role, f"{FILES}p.webp", str(role), home, downloader)
    with pytest.raises(InvalidPicture, match="in the format"):
        fetch_file.thumbnail(f"{FILES}p.webp", home, downloader, lambda: False)
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == [
        f"{role}.refused.webp" for role in ("panorama", "picture", "preview")
    ]


# -- expired download links are renewed, and nothing is downloaded or paid twice


GONE = LinkExpired("The link has expired.")


def expired(answer: PollResult | Exception) -> WorkflowHarness:
    """Return a job at its Preview, whose link has expired, after this answer for a fresh one."""
    run = started(a_job(mode=Mode.REVIEW)).answer(shown())
    run.expect(Fetch)
    run.fail(GONE).expect(Poll)
    return run.fail(answer) if isinstance(answer, Exception) else run.answer(answer)


@pytest.mark.parametrize("answer", [problem(404), shown(None), shown(f"{FILES}q.webp")])
def test_a_preview_whose_link_cannot_be_renewed_is_a_note(answer: PollResult | Exception) -> None:
    """The user can still decide: Mint is away, has no picture, or a link that works no better."""
    run = expired(answer)
    if run.effect is not None:
        assert run.expect(Fetch).url == f"{FILES}q.webp"
        run.fail(GONE)
    said = "The preview picture could not be downloaded. The link has expired."
    assert (run.rests, run.job.phase, run.job.notes) == (True, Phase.REVIEW, (said,))


def test_a_preview_that_is_gone_shows_what_was_decided_elsewhere() -> None:
    """When a fresh link is asked for and no Preview waits any more, the job follows Mint."""
    for status, phase in (("canceled", Phase.CANCELED), ("failed", Phase.FAILED)):
        run = expired(seen(status, Mode.REVIEW))
        assert (run.rests, run.job.phase, run.job.notes) == (True, phase, ())
    run = expired(seen("running", Mode.REVIEW))
    assert (run.job.phase, type(run.effect)) == (Phase.WORKING, Poll)


def test_what_mint_says_beside_a_fresh_link_is_kept() -> None:
    """Somebody may have revised the Preview elsewhere, which counts for the limits."""
    run = expired(shown(f"{FILES}q.webp", credits={"finalized": 300}))
    run.answer(kept(run.expect(Fetch)))
    assert (run.job.operation.credits.finalized, run.job.phase) == (300, Phase.REVIEW)
    assert [file.url for file in run.job.previews] == [f"{FILES}q.webp"]


def test_a_thumbnail_is_recognized_by_a_renewed_link() -> None:
    """The query is ignored only where the path identifies the content."""
    path = "https://cdn.mint.gg/images/models/lamp-0123456789abcdef.webp"
    queries = ("?expires=1&signature=a", "?expires=2&signature=b", "")
    assert len({thumbnail_name(path + query) for query in queries}) == 1
    names = {thumbnail_name(f"https://cdn.example/picture?id={number}") for number in (1, 2)}
    assert len(names) == 2


# -- one file of a job is downloaded, or taken from an earlier process


@pytest.fixture
def loader() -> Iterator[Downloader]:
    """Yield a downloader that may download from this computer."""
    with Downloader(local_files=True) as loader:
        yield loader


def test_a_preview_is_never_taken_for_another_one(tmp_path: Path, loader: Downloader) -> None:
    """A process was killed after its download; meanwhile Mint has made another Preview."""
    earlier, later = (pictures.webp((shade, shade, shade)) for shade in (0.1, 0.9))
    with FileHost() as host:
        fetch(Role.PREVIEW, host.put("/a.webp", earlier), "preview-2", tmp_path, loader)
        path = fetch(Role.PREVIEW, host.put("/b.webp", later), "preview-2", tmp_path, loader)
    assert path.read_bytes() == later
    assert [each.name for each in tmp_path.iterdir()] == ["preview-2.webp"]


def test_a_model_is_not_downloaded_twice(tmp_path: Path, loader: Downloader) -> None:
    """A process was killed after its download: the next one takes the file."""
    with FileHost() as host:
        url = host.put("/a.glb", box())
        names = [fetch(Role.MODEL, url, "model", tmp_path, loader).name for _ in range(2)]
        assert names == ["model.glb", "model.glb"] and len(host.asked) == 1

# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a job: which are downloaded, how, and what is kept and said of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import pytest

from mint_blender.files import errors
from mint_blender.files.download import Downloader
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.files.errors import InvalidPicture, LinkExpired
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs import rejected_files
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Delivery, LocalFile, Role
from mint_blender.jobs.notes import note
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset
from mint_blender.message import Message
from mint_blender.mint.schema import Kind, Mode, OptimizationLevel, PollResult

from ..files.build_glb import box, pack
from ..files.file_host import FileHost
from ..mint_service import pictures
from .engine_harness import EngineHarness, Engines, Held, PictureDownloader, until
from .workflow_harness import (
    FILES,
    GLB,
    PREVIEW,
    READS,
    THUMB,
    Optimize,
    WorkflowHarness,
    a_job,
    asset,
    fetch_all,
    job_in_review,
    kept,
    operation,
    problem,
    seen,
    shown,
    started,
    with_operation,
    working,
)


def collecting(
    workflow_config: WorkflowConfig = WorkflowConfig(), job: Job | None = None, **files: Any
) -> WorkflowHarness:
    """Return a run of a finished job whose resource offers these files."""
    job = job or working()
    run = WorkflowHarness(
        with_operation(replace(job, phase=Phase.FETCHING), operation("succeeded", kind=job.kind)),
        workflow_config,
    )
    run.expect(ReadAsset)
    return run.answer(asset(job.kind, **files))


WORLD_FILES: dict[str, Any] = {"colliderMeshUrl": GLB, "panoUrl": PREVIEW, "thumbnailUrl": THUMB}
BOTH: dict[str, Any] = {"glbUrl": GLB, "optimizedGlbUrl": f"{FILES}o.glb", "thumbnailUrl": THUMB}


@pytest.mark.covers("C3-optimized")
def test_the_optimized_file_where_it_can_be_read() -> None:
    """A Blender with Draco and WebP takes the optimized file, without a remark."""
    run = collecting(READS, **BOTH)
    effect = run.expect(Fetch)
    assert (effect.url, effect.note) == (f"{FILES}o.glb", None)
    run.answer(kept(effect, needs=tuple(sorted(OPTIMIZED_NEEDS))))
    assert run.expect(Fetch).role is Role.PICTURE


@pytest.mark.covers("C2-original")
def test_the_original_file_where_the_optimized_one_cannot_be_read() -> None:
    """A Blender without Draco takes the original file and says why."""
    run = collecting(WorkflowConfig(readable=frozenset({"EXT_texture_webp"})), **BOTH)
    effect = run.expect(Fetch)
    assert effect.url == GLB
    assert effect.note is not None and "Draco" in effect.note


def test_the_file_itself_decides() -> None:
    """If the optimized file needs more than expected, the original is downloaded too.

    The original is used from then on, and the reason is kept.
    """
    run = collecting(READS, **BOTH)
    run.answer(kept(run.expect(Fetch), needs=("EXT_meshopt_compression",)))
    effect = run.expect(Fetch)
    assert effect.url == GLB
    assert effect.note.startswith("The original file is used.")
    run.answer(kept(effect))
    fetch_all(run)
    assert run.job.phase is Phase.READY
    newest = run.job.file(Role.MODEL)
    assert newest.url == GLB


def optimizing() -> WorkflowHarness:
    """A finished model that shall be optimized first."""
    job = replace(working(), optimize=OptimizationLevel.MODERATE)
    run = collecting(READS, job, glbUrl=GLB, thumbnailUrl=THUMB)
    run.expect(Optimize)
    return run


def test_an_optimization_elsewhere_is_not_awaited_forever() -> None:
    """The model is read at growing intervals; after an hour the original is used."""
    run = optimizing().fail(problem(409, "model-optimization-in-progress"))
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert waits[:4] == pytest.approx([1.0, 1.6, 2.56, 4.096])
    assert waits[-1] == 30.0
    assert 60 * 60 <= sum(waits) <= 65 * 60
    assert run.expect(Fetch).url == GLB
    assert fetch_all(run).job.notes == (
        "Mint is still optimizing the model, so the original file is used. You can import the "
        "optimized one later.",
    )


def test_an_optimized_file_that_is_there_later_is_not_called_missing() -> None:
    """The notes about the first file are removed when another one is downloaded."""
    run = optimizing().answer(operation("failed", id="op_2"))
    job = fetch_all(run).job
    assert [note.split(",")[0] for note in job.notes] == ["The model was not optimized"]
    landing = Message("The original file is used: there is no optimized one.")
    job = job.with_note(landing.with_code("file_choice")).with_note("Something else.")
    again = WorkflowHarness(job.moved(Phase.FETCHING, files=()), READS).answer(asset(**BOTH))
    assert again.expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(again).job.notes == ("Something else.",)


def test_what_is_said_of_a_fetched_file_stays() -> None:
    """Told again after a kill, the original is here, and the reason for it is as true as before."""
    run = optimizing().fail(problem(409, "model-cannot-be-optimized"))
    run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    run.answer(kept(run.expect(Fetch)))
    again = run.again(READS).answer(asset(**BOTH))
    assert fetch_all(again).job.notes == run.job.notes != ()


def test_a_fetched_file_is_not_fetched_again() -> None:
    """After a restart only what is missing is fetched."""
    run = collecting(glbUrl=GLB, thumbnailUrl=THUMB)
    run.answer(kept(run.expect(Fetch)))
    again = run.again()
    again.expect(ReadAsset)
    assert again.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB)).expect(Fetch).role is Role.PICTURE


@pytest.mark.parametrize(
    ("delivery", "names"),
    [
        (Delivery(splats="500k"), ["collider", "panorama", "splats-500k", "picture"]),
        (Delivery(splats="100k", collider="NONE"), ["panorama", "splats-100k", "picture"]),
        (Delivery(collider="NONE"), ["panorama", "picture"]),
    ],
)
def test_a_world_brings_what_was_asked_for(delivery: Delivery, names: list[str]) -> None:
    """Each part once. Each tier of splats is a file of its own: what lies on disk stays."""
    tiers = {tier: f"{FILES}{tier}" for tier in ("100k", "500k")}
    run = collecting(job=working(kind=Kind.WORLD, delivery=delivery), **WORLD_FILES, spzUrls=tiers)
    files = fetch_all(run).job.files
    assert [PurePath(file.path).stem for file in files] == names
    assert {file.url for file in files} <= {GLB, PREVIEW, THUMB, f"{FILES}{delivery.splats}"}
    assert (run.job.phase, run.job.notes) == (Phase.READY, ())


def test_a_part_that_could_not_be_fetched_is_waited_for() -> None:
    """The connection is not the file: Retry brings the part, which nobody would miss otherwise."""
    run = collecting(job=working(kind=Kind.WORLD), colliderMeshUrl=GLB, panoUrl=PREVIEW)
    run.answer(kept(run.expect(Fetch))).fail(errors.DownloadFailed("It broke."))
    assert run.job.phase is not Phase.READY


@pytest.mark.covers("C16-settling")
def test_a_resource_that_settles_is_asked_again() -> None:
    """A fresh resource without files is asked three times, 3 s apart."""
    run = collecting()
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset())
    assert waits == [3.0, 3.0]
    assert run.job.phase is Phase.PAUSED, "it is paid for"
    assert "the result contains no file" in run.job.problem.message


def offering_files() -> Job:
    """Return a job whose finished operation offers a file itself."""
    done = operation("succeeded", assets={"glbUrl": GLB})
    return with_operation(replace(working(), phase=Phase.FETCHING), done)


def test_the_operations_files_serve_where_the_resource_has_none() -> None:
    """A resource that stays empty does not hide what the operation itself offers."""
    run = WorkflowHarness(offering_files())
    while isinstance(run.effect, ReadAsset):
        run.answer(asset())
    assert run.expect(Fetch).url == GLB


@pytest.mark.parametrize("status", [403, 404])
def test_a_resource_that_cannot_be_read_is_no_end(status: int) -> None:
    """The operation's own files are used, and a note says why."""
    run = WorkflowHarness(offering_files())
    run.fail(problem(status))
    assert run.expect(Fetch).url == GLB
    assert run.job.notes[0].startswith("The details of the result could not be read.")
    run.answer(kept(run.expect(Fetch)))
    again = WorkflowHarness(run.job.moved(Phase.FETCHING, files=())).answer(
        asset(glbUrl=GLB, thumbnailUrl=THUMB)
    )
    assert fetch_all(again).job.notes == (), "the next time it could be read"


# -- the notes about each part of a World: at most one, and a correct one


PARTS = {Role.COLLIDER: "collider mesh", Role.PANORAMA: "panorama", Role.SPLATS: "splats"}
BAD = {
    Role.COLLIDER: errors.InvalidGlb,
    Role.PANORAMA: errors.InvalidPicture,
    Role.SPLATS: errors.TooLarge,
}
STATES = ("missing", "bad", "gone", "good")
ALL_GOOD = dict.fromkeys(PARTS, "good")
REMARK = "No RAD file came with this World."

States = dict[Role, str]


def fetching(status: str = "succeeded") -> Job:
    """A World that Mint has made, all of whose parts are wanted."""
    job = working(kind=Kind.WORLD, delivery=Delivery(splats="100k"))
    return with_operation(replace(job, phase=Phase.FETCHING), operation(status, kind=Kind.WORLD))


def fetched_again(job: Job) -> Job:
    """Return the job after `JobService.fetch_again`.

    It was in a scene meanwhile, whose note is kept.
    """
    return job.with_note(REMARK).moved(Phase.FETCHING, files=job.previews)


def run_until_thumbnail(run: WorkflowHarness, states: States, time: str) -> WorkflowHarness:
    """Run until the thumbnail is requested, with each part missing, rejected, good or gone."""
    run.expect(ReadAsset)
    offered = {role: f"{FILES}{role}" for role, state in states.items() if state != "missing"}
    world = asset(
        Kind.WORLD,
        colliderMeshUrl=offered.get(Role.COLLIDER),
        panoUrl=offered.get(Role.PANORAMA),
        spzUrls={"100k": offered[Role.SPLATS]} if Role.SPLATS in offered else {},
        thumbnailUrl=THUMB,
    )
    run.answer(world)
    while (effect := run.expect(Fetch)).role is not Role.PICTURE:
        if states[effect.role] == "bad":
            run.fail(BAD[effect.role](f"It was damaged the {time} time."))
        elif states[effect.role] == "gone":
            # a fresh address, which is as dead
            run.fail(errors.LinkExpired("It is not there.")).expect(ReadAsset)
            run.answer(world).expect(Fetch)
            run.fail(errors.LinkExpired(f"It was not there the {time} time."))
        else:
            run.answer(kept(effect))
    return run


def end(run: WorkflowHarness) -> Job:
    """The small picture comes as well."""
    job = run.answer(kept(run.expect(Fetch))).job
    assert run.rests and job.phase is Phase.READY
    return job


def notes(states: States, time: str) -> tuple[str, ...]:
    """What is to be said of such parts, and nothing else."""
    said = {
        "missing": "This world has no {}.",
        "bad": f"The {{}} cannot be used. It was damaged the {time} time.",
        "gone": f"The {{}} could not be downloaded. It was not there the {time} time.",
    }
    found = states.items()
    return tuple(said[state].format(PARTS[role]) for role, state in found if state in said)


COMBINED = [dict(zip(PARTS, states, strict=True)) for states in itertools.product(STATES, repeat=3)]
ARRIVING = [states for states in COMBINED if "good" in states.values()]


def rest(states: States, before: States) -> States:
    """Return the states of the parts that were not good before: those are not fetched again."""
    return {role: state for role, state in states.items() if before[role] != "good"}


@pytest.mark.parametrize("first", ARRIVING, ids=lambda states: "-".join(states.values()))
def test_the_notes_of_all_parts(first: States) -> None:
    """They are right after a download, a second one, and a kill; no part matters to another."""
    job = end(run_until_thumbnail(WorkflowHarness(fetching()), first, "first"))
    assert job.notes == notes(first, "first")
    run = run_until_thumbnail(WorkflowHarness(fetching()), first, "first")
    for second in ARRIVING:
        broken_off = end(run_until_thumbnail(run.again(), second, "second"))
        assert broken_off.notes == notes(rest(second, first), "second")
        again = run_until_thumbnail(WorkflowHarness(fetched_again(job)), second, "second")
        killed = run_until_thumbnail(again.again(), first, "third")
        assert end(again).notes == (REMARK, *notes(second, "second"))
        assert end(killed).notes == (REMARK, *notes(rest(first, second), "third"))


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_partial_success_is_explained_once(before: str, after: str) -> None:
    """The note of a missing part explains it; otherwise one general note does."""
    first, second = {**ALL_GOOD, Role.PANORAMA: before}, {**ALL_GOOD, Role.PANORAMA: after}
    job = end(run_until_thumbnail(WorkflowHarness(fetching("partially_succeeded")), first, "first"))
    assert job.notes == (notes(first, "first") or (note("unused_parts_missing"),))
    again = end(run_until_thumbnail(WorkflowHarness(fetched_again(job)), second, "second"))
    assert again.notes == (REMARK, *(notes(second, "second") or (note("unused_parts_missing"),)))


def test_a_missing_thumbnail_is_reported_once() -> None:
    """Its note is replaced when the reason changes, and removed when it arrives."""
    job = fetching()
    remarks: list[str] = []
    for reason in ("It broke.", "It broke again."):
        run = run_until_thumbnail(WorkflowHarness(job), ALL_GOOD, "first")
        job = run.fail(errors.DownloadFailed(reason)).job
        assert job.notes == (*remarks, f"The picture could not be downloaded. {reason}")
        job, remarks = fetched_again(job), [REMARK]
    run = run_until_thumbnail(WorkflowHarness(job), ALL_GOOD, "third")
    assert end(run).notes == (REMARK,)


def test_a_world_without_any_file_pauses() -> None:
    """The job was paid for, so it can continue when the addresses work again."""
    run = run_until_thumbnail(WorkflowHarness(fetching()), dict.fromkeys(PARTS, "gone"), "first")
    run.fail(errors.LinkExpired("It is not there.")).expect(ReadAsset)  # the small picture
    run.fail(errors.DownloadFailed("It broke."))
    assert run.job.phase is Phase.PAUSED and run.job.problem is not None
    assert run.job.problem.message == "It was not there the first time. Resume does that."
    again = WorkflowHarness(run.job)
    again.expect(Poll)
    again.answer(seen("succeeded", kind=Kind.WORLD))
    assert end(run_until_thumbnail(again, ALL_GOOD, "second")).notes == ()


# -- a downloaded file that fails our check is kept, and nothing is bought again for it


HTML = b"<html>This link has expired.</html>"
BAD_GLB = pack({"asset": {"version": "3.0"}})


def fetched(effect: Fetch, folder: Path, content: bytes) -> LocalFile:
    """Return the result of a download of these bytes."""
    return fetch_file.fetch(
        effect,
        folder,
        downloader=PictureDownloader(content),
        stop=lambda: False,
        progress=lambda *_: None,
    )


def refusal(effect: Fetch, folder: Path, content: bytes) -> errors.InvalidFile:
    """Return the error of a download of these bytes."""
    with pytest.raises(errors.InvalidFile) as caught:
        fetched(effect, folder, content)
    return caught.value


@pytest.mark.parametrize("role", [Role.MODEL, Role.SPLATS, Role.PANORAMA, Role.FBX])
def test_a_rejected_file_is_kept_and_its_path_shown(tmp_path: Path, role: Role) -> None:
    """Its name is one that the next download does not take for a good file."""
    endings = {Role.MODEL: "glb", Role.SPLATS: "spz", Role.PANORAMA: "webp", Role.FBX: "fbx"}
    name = f"model.refused.{endings[role]}"
    error = refusal(Fetch(role, f"{FILES}a", "model"), tmp_path, HTML)
    assert error.kept == tmp_path / name
    assert str(error).endswith(f" The file was kept at {tmp_path / name}.")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, HTML)]


def test_repeated_downloads_keep_each_rejected_file_once(tmp_path: Path) -> None:
    """Other bytes are kept beside them; a good file has its own name."""
    effect = Fetch(Role.MODEL, GLB, "model")
    for content in (BAD_GLB, BAD_GLB, HTML, BAD_GLB):
        refusal(effect, tmp_path, content)
    assert Path(fetched(effect, tmp_path, box()).path) == tmp_path / "model.glb"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "model.glb": box(),
        "model.refused.glb": BAD_GLB,
        "model.refused-2.glb": HTML,
    }


def test_a_file_that_is_only_copied_must_be_complete(tmp_path: Path) -> None:
    """Another program may read what we would not import, but no incomplete file."""
    effect = Fetch(Role.MODEL, GLB, "model", only_copied=True)
    assert fetched(effect, tmp_path, BAD_GLB).needs == ()
    Path(tmp_path / "model.glb").unlink()
    refusal(effect, tmp_path, BAD_GLB[:-1])


def fetching_model(target: Delivery = Delivery()) -> WorkflowHarness:
    """Return a job whose model is finished and about to be downloaded."""
    run = WorkflowHarness(working(delivery=target)).answer(seen("succeeded"))
    return run.answer(asset(glbUrl=GLB))


def test_a_rejected_model_pauses_the_job() -> None:
    """Resume only downloads; the message names the file and does not advise to pay again."""
    kept_at = Path("/home/model.refused.glb")
    refused = errors.InvalidGlb("Cannot import model.glb: it is not glTF 2.0.").kept_at(kept_at)
    workflow = fetching_model().fail(refused)
    job = workflow.job
    assert workflow.rests and job.phase is Phase.PAUSED
    assert job.problem.cause is Cause.IMPORT
    assert str(kept_at) in job.problem.message and "at no cost" in job.problem.message
    assert "generate" not in job.problem.message.lower()
    assert [(kept.role, kept.path) for kept in job.refused] == [(Role.MODEL, str(kept_at))]
    again = workflow.again()
    again.expect(Poll)
    again.answer(seen("succeeded")).expect(ReadAsset)
    again.answer(asset(glbUrl=GLB)).expect(Fetch)
    good = LocalFile(Role.MODEL, "/home/model.glb", GLB)
    done = again.answer(good)
    assert done.job.file(Role.MODEL) == good and done.job.refused == ()


def test_the_output_decides_whether_a_model_is_only_copied() -> None:
    """A .glb output is a copy, unless a rendered picture is wanted too."""
    for target, only_copied in (
        (Delivery(output="a.glb"), True),
        (Delivery(output="a.glb", render="a.png"), False),
        (Delivery(), False),
    ):
        effect = fetching_model(target).expect(Fetch)
        assert effect.only_copied is only_copied


def test_the_rejected_file_is_preferred_for_raw_output(tmp_path: Path) -> None:
    """The accepted file is used if no rejected one exists, and none if neither does."""
    good, bad = tmp_path / "model.glb", tmp_path / "model.refused.glb"
    job = replace(
        a_job(),
        files=(LocalFile(Role.MODEL, str(good), GLB),),
        refused=(LocalFile(Role.MODEL, str(bad), GLB),),
    )
    assert rejected_files.raw_file(job) is None
    good.write_bytes(box())
    assert rejected_files.raw_file(job) == good
    bad.write_bytes(BAD_GLB)
    assert rejected_files.raw_file(job) == bad


# -- downloads on threads, with links that expire, and from an earlier process


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

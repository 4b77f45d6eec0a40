# SPDX-License-Identifier: GPL-3.0-or-later
"""Results are prepared by a child process, one after the other; whatever fails is one answer."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import blender_runtime, import_job, preparation
from mint_blender.delivery.preparation import CRASHED, NOT_PREPARED, TOO_SLOW, Preparations
from mint_blender.jobs.child_process import ChildEnded, ChildProcess
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import DeliveryResult, LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.serialization import dump_result
from mint_blender.message import Message
from mint_blender.scene.prepared import PreparedResult
from mint_blender.scene.staging_scene import SceneUnits

from ..scene import glb_fixtures
from ..ui import sample_jobs

UNITS = SceneUnits()
ANSWER = dump_result(DeliveryResult()) | {"extent": [[0, 0, 0], [1, 1, 1]]}
REFUSED = DeliveryResult(problem=Message("It has no triangles."))


def make_job(prompt: str = "a lamp", path: Path = Path("model.glb")) -> Job:
    """Return a job whose file is on disk."""
    return sample_jobs.a_job(Phase.READY, prompt, model=path, now=1.0)


class FakeChild:
    """A child process whose answers are given by the test."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | None = None
        self.exit_status: int | None = None
        self.is_ended = False

    def send(self, order: dict[str, Any]) -> None:
        self.requests.append(order)

    def poll(self) -> dict[str, Any] | None:
        if self.exit_status is not None:
            raise ChildEnded
        answer, self.answer = self.answer, None
        return answer

    def end(self) -> None:
        self.is_ended = True


class Bench:
    """Preparations by fake children, at a time that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[FakeChild] = []
        self.error: OSError | None = None
        self.now = 0.0
        self.preparations = Preparations(self.start, lambda: self.now)
        self.result = self.preparations.result

    def start(self) -> Any:
        if self.error is not None:
            raise self.error
        self.children.append(FakeChild())
        return self.children[-1]

    def request(self, *jobs: Job, units: SceneUnits = UNITS) -> None:
        for job in jobs:
            self.preparations.request(job, units, self.folder)

    def answer(self, answer: dict[str, Any] = ANSWER) -> None:
        """Let the first child answer the request that it has."""
        self.children[0].answer = answer
        assert self.preparations.poll()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_one_child_prepares_results_one_after_the_other(bench: Bench) -> None:
    """The second request is sent once the first is answered."""
    first, second = make_job(), make_job("a mug")
    bench.request(first, second)
    (child,) = bench.children
    assert len(child.requests) == 1 and bench.preparations.is_pending(second.id)
    assert not bench.preparations.poll()
    bench.answer()
    assert len(child.requests) == 2
    result = bench.result(first, UNITS)
    assert isinstance(result, PreparedResult) and result.extent == ((0, 0, 0), (1, 1, 1))
    assert bench.result(second, UNITS) is None and bench.preparations.is_busy


def test_requests_are_sent_once(bench: Bench) -> None:
    """Asking again at each beat costs nothing; other units, which are built in, need another file."""
    job, inches = make_job(), SceneUnits(scale_length=0.0254)
    for units in (UNITS, inches):
        assert bench.result(job, units) is None
        bench.request(job, job, units=units)
        bench.answer()
        bench.request(job, units=units)
        assert isinstance(bench.result(job, units), PreparedResult)
    assert len(bench.children[0].requests) == 2


def test_other_files_are_prepared_anew(bench: Bench) -> None:
    """The picture may follow later, but a file that replaces the model is imported itself."""
    job = make_job()
    bench.request(replace(job, phase=Phase.FETCHING))
    bench.answer()
    picture = LocalFile(Role.PICTURE, "picture.webp", "https://files.example/a.webp")
    with_picture = replace(job, files=(*job.files, picture))
    assert isinstance(bench.result(with_picture, UNITS), PreparedResult)
    original = replace(job, files=(*job.files, make_job(path=Path("original.glb")).files[0]))
    assert bench.result(original, UNITS) is None
    bench.request(original)
    assert len(bench.children[0].requests) == 2
    bench.answer()
    assert isinstance(bench.result(original, UNITS), PreparedResult)


def test_a_crash_is_a_sentence_and_the_next_result_gets_a_new_child(bench: Bench) -> None:
    """It is not imported here instead: this Blender would crash, too."""
    job = make_job()
    bench.request(job, make_job("a mug"))
    bench.children[0].exit_status = -11
    assert bench.preparations.poll()
    assert bench.result(job, UNITS) == DeliveryResult(problem=CRASHED)
    assert [len(child.requests) for child in bench.children] == [1, 1]


def test_a_child_that_ended_because_it_was_idle_is_replaced(bench: Bench) -> None:
    """Also one that ends just when it is sent a request."""
    bench.preparations.warm_up()
    bench.children[0].exit_status = 0
    bench.request(make_job())
    bench.children[1].exit_status = 0
    assert not bench.preparations.poll()
    assert [len(child.requests) for child in bench.children] == [0, 1, 1]


def test_a_child_that_cannot_be_started_leaves_the_direct_way(bench: Bench) -> None:
    """There is no sentence then: the result can still be imported in this Blender."""
    bench.error = FileNotFoundError("no Blender")
    bench.preparations.warm_up()
    assert bench.preparations.could_not_start
    job = make_job()
    bench.request(job)
    assert bench.result(job, UNITS) == NOT_PREPARED and not bench.preparations.is_busy
    assert bench.preparations.could_not_start
    bench.error = None
    bench.preparations.warm_up()
    assert not bench.preparations.could_not_start


def test_a_child_that_takes_too_long_is_ended(bench: Bench) -> None:
    """It is not imported here instead: this window would stand still as long."""
    job = make_job()
    bench.request(job)
    bench.now = preparation.TIME_LIMIT + 1
    assert bench.preparations.poll() and bench.children[0].is_ended
    assert bench.result(job, UNITS) == DeliveryResult(problem=TOO_SLOW)


@pytest.mark.parametrize(
    "answer, failure", [(dump_result(REFUSED), REFUSED), ({"mistake": "ValueError"}, NOT_PREPARED)]
)
def test_what_the_child_could_not_import_is_a_failure(
    bench: Bench, answer: dict[str, Any], failure: DeliveryResult
) -> None:
    """A refused file is a sentence; an unknown error leaves the direct way."""
    job = make_job()
    bench.request(job)
    bench.answer(answer)
    assert bench.result(job, UNITS) == failure


def test_closing_ends_the_child_and_deletes_what_was_prepared(bench: Bench) -> None:
    """So does discarding one result."""
    first, second = make_job(), make_job("a mug")
    for job in (first, second):
        bench.request(job)
        Path(bench.children[0].requests[-1]["target"]).write_bytes(b"blend")
        bench.answer()
    for count in (2, 1):
        assert len(list(bench.folder.iterdir())) == count
        bench.preparations.discard(first.id)
    bench.preparations.close()
    assert not list(bench.folder.iterdir()) and bench.children[0].is_ended


def test_progress_follows_the_time_that_earlier_results_took(bench: Bench) -> None:
    """It is an estimate: it never says that a result is done, and one that waits has none."""
    for name, size in (("small", 1_000_000), ("large", 100_000_000)):
        with (bench.folder / name).open("wb") as file:
            file.truncate(size)
    first = make_job("a mug", bench.folder / "small")
    second = make_job("a lamp", bench.folder / "large")
    progress = bench.preparations.progress
    assert progress(first.id) is None
    bench.request(first, second)
    assert (progress(first.id), progress(second.id)) == (0, None)
    bench.now = 0.2  # so the second one, a hundred times as large, should take 20 seconds
    bench.answer()
    assert progress(first.id) is None
    bench.now += 10
    assert progress(second.id) == pytest.approx(0.5)
    bench.now += 60
    assert progress(second.id) == 0.95


@pytest.mark.feature("import in a background Blender")
def test_a_real_child_prepares_what_the_scene_appends(tmp_path: Path) -> None:
    """From the GLB to the object in the scene, and the prepared file is gone afterwards."""
    real, units = Preparations(), SceneUnits.of(bpy.context.scene)
    job = make_job(path=glb_fixtures.simple(tmp_path / "model.glb"))
    real.request(job, units, tmp_path / "prepared")
    try:
        until = time.monotonic() + 120
        while (source := real.result(job, units)) is None and time.monotonic() < until:
            real.poll()
            time.sleep(0.02)
        assert isinstance(source, PreparedResult), source
        placed = import_job.place(job, prepared=source)
        assert placed.root.name == "lamp" and placed.root["mint_job_id"] == job.id
    finally:
        real.close()
    assert not list((tmp_path / "prepared").iterdir())


@pytest.mark.thorough
def test_a_real_child_ends_when_it_is_idle() -> None:
    """The process ends by itself, with status 0."""
    code = preparation.CODE.replace(str(preparation.IDLE_LIMIT), "0.1")
    child = ChildProcess(blender_runtime.bare_background_command(code))
    try:
        child._process.wait(120)
        assert child.exit_status == 0
    finally:
        child.end()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Results are prepared by a child process, one after the other; whatever fails is one answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job, preparation  # noqa: E402
from mint_blender.delivery.preparation import CRASHED, NOT_PREPARED, TOO_SLOW, Preparations  # noqa: E402
from mint_blender.jobs.child_process import ChildEnded, ChildProcess  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import DeliveryResult, LocalFile, Role  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.storage.serialization import dump_result  # noqa: E402
from mint_blender.message import Message  # noqa: E402
from mint_blender.scene.prepared import PreparedResult  # noqa: E402
from mint_blender.scene.staging_scene import SceneUnits  # noqa: E402

from ..scene import glb_fixtures  # noqa: E402
from ..ui import sample_jobs  # noqa: E402

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


class Children:
    """Start fake children and remember them."""

    def __init__(self) -> None:
        self.started: list[FakeChild] = []
        self.error: OSError | None = None

    def __call__(self) -> Any:
        if self.error is not None:
            raise self.error
        self.started.append(FakeChild())
        return self.started[-1]


@pytest.fixture
def clock() -> list[float]:
    """Return the time, which the test sets."""
    return [0.0]


@pytest.fixture
def preparations(children: Children, clock: list[float]) -> Preparations:
    return Preparations(children, lambda: clock[0])


@pytest.fixture
def children() -> Children:
    return Children()


def test_one_child_prepares_results_one_after_the_other(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """The second request is sent once the first is answered."""
    first, second = make_job(), make_job("a mug")
    for job in (first, second):
        preparations.request(job, UNITS, tmp_path)
    (child,) = children.started
    assert len(child.requests) == 1 and preparations.is_pending(second.id)
    assert not preparations.poll()
    child.answer = ANSWER
    assert preparations.poll() and len(child.requests) == 2
    result = preparations.result(first, UNITS)
    assert isinstance(result, PreparedResult) and result.extent == ((0, 0, 0), (1, 1, 1))
    assert preparations.result(second, UNITS) is None and preparations.is_busy


def test_requests_are_sent_once(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """Asking again at each beat costs nothing; other units, which are built in, need another file."""
    job, inches = make_job(), SceneUnits(scale_length=0.0254)
    for units in (UNITS, inches):
        assert preparations.result(job, units) is None
        for _ in range(3):
            preparations.request(job, units, tmp_path)
        children.started[0].answer = ANSWER
        preparations.poll()
        preparations.request(job, units, tmp_path)
        assert isinstance(preparations.result(job, units), PreparedResult)
    assert len(children.started[0].requests) == 2


def test_other_files_are_prepared_anew(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """The picture may follow later, but a file that replaces the model is imported itself."""
    job = make_job()
    preparations.request(replace(job, phase=Phase.FETCHING), UNITS, tmp_path)
    children.started[0].answer = ANSWER
    preparations.poll()
    picture = LocalFile(Role.PICTURE, "picture.webp", "https://files.example/a.webp")
    with_picture = replace(job, files=(*job.files, picture))
    assert isinstance(preparations.result(with_picture, UNITS), PreparedResult)
    original = replace(job, files=(*job.files, make_job(path=Path("original.glb")).files[0]))
    assert preparations.result(original, UNITS) is None
    preparations.request(original, UNITS, tmp_path)
    assert len(children.started[0].requests) == 2
    children.started[0].answer = ANSWER
    preparations.poll()
    assert isinstance(preparations.result(original, UNITS), PreparedResult)


def test_a_crash_is_a_sentence_and_the_next_result_gets_a_new_child(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """It is not imported here instead: this Blender would crash, too."""
    job, other = make_job(), make_job("a mug")
    preparations.request(job, UNITS, tmp_path)
    preparations.request(other, UNITS, tmp_path)
    children.started[0].exit_status = -11
    assert preparations.poll()
    assert preparations.result(job, UNITS) == DeliveryResult(problem=CRASHED)
    assert len(children.started) == 2 and len(children.started[1].requests) == 1


def test_a_child_that_ended_because_it_was_idle_is_replaced(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """Also one that ends just when it is sent a request."""
    preparations.warm_up()
    children.started[0].exit_status = 0
    job = make_job()
    preparations.request(job, UNITS, tmp_path)
    assert len(children.started) == 2
    children.started[1].exit_status = 0
    assert not preparations.poll()
    assert len(children.started) == 3 and len(children.started[2].requests) == 1


def test_a_child_that_cannot_be_started_leaves_the_direct_way(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """There is no sentence then: the result can still be imported in this Blender."""
    children.error = FileNotFoundError("no Blender")
    preparations.warm_up()
    assert preparations.could_not_start
    job = make_job()
    preparations.request(job, UNITS, tmp_path)
    assert preparations.result(job, UNITS) == NOT_PREPARED and not preparations.is_busy
    assert preparations.could_not_start
    children.error = None
    preparations.warm_up()
    assert not preparations.could_not_start


def test_a_child_that_takes_too_long_is_ended(
    preparations: Preparations, children: Children, clock: list[float], tmp_path: Path
) -> None:
    """It is not imported here instead: this window would stand still as long."""
    job = make_job()
    preparations.request(job, UNITS, tmp_path)
    clock[0] = preparation.TIME_LIMIT + 1
    assert preparations.poll() and children.started[0].is_ended
    assert preparations.result(job, UNITS) == DeliveryResult(problem=TOO_SLOW)


@pytest.mark.parametrize(
    "answer, failure", [(dump_result(REFUSED), REFUSED), ({"mistake": "ValueError"}, NOT_PREPARED)]
)
def test_what_the_child_could_not_import_is_a_failure(
    preparations: Preparations,
    children: Children,
    tmp_path: Path,
    answer: dict[str, Any],
    failure: DeliveryResult,
) -> None:
    """A refused file is a sentence; an unknown error leaves the direct way."""
    job = make_job()
    preparations.request(job, UNITS, tmp_path)
    children.started[0].answer = answer
    preparations.poll()
    assert preparations.result(job, UNITS) == failure


def test_closing_ends_the_child_and_deletes_what_was_prepared(
    preparations: Preparations, children: Children, tmp_path: Path
) -> None:
    """So does discarding one result."""
    first, second = make_job(), make_job("a mug")
    for job in (first, second):
        preparations.request(job, UNITS, tmp_path)
        Path(children.started[0].requests[-1]["target"]).write_bytes(b"blend")
        children.started[0].answer = ANSWER
        preparations.poll()
    assert len(list(tmp_path.iterdir())) == 2
    preparations.discard(first.id)
    assert len(list(tmp_path.iterdir())) == 1
    preparations.close()
    assert not list(tmp_path.iterdir()) and children.started[0].is_ended


@pytest.fixture
def real() -> Any:
    """Preparations by a real child process, ended afterwards."""
    preparations = Preparations()
    yield preparations
    preparations.close()


def wait_until(condition: Callable[[], bool], real: Preparations) -> None:
    """Poll until it is true; a child takes seconds to start."""
    import time

    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        real.poll()
        time.sleep(0.02)


@pytest.mark.feature("import in a background Blender")
def test_a_real_child_prepares_what_the_scene_appends(real: Preparations, tmp_path: Path) -> None:
    """From the GLB to the object in the scene, and the prepared file is gone afterwards."""
    job = make_job(path=glb_fixtures.simple(tmp_path / "model.glb"))
    units = SceneUnits.of(bpy.context.scene)
    real.request(job, units, tmp_path / "prepared")
    wait_until(lambda: real.result(job, units) is not None, real)
    source = real.result(job, units)
    assert isinstance(source, PreparedResult), source
    placed = import_job.place(job, prepared=source)
    assert placed.root.name == "a lamp" and placed.root["mint_job_id"] == job.id
    real.discard(job.id)
    assert not list((tmp_path / "prepared").iterdir())


def test_a_real_child_that_is_killed_is_a_crash(
    real: Preparations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says that nothing in the open file has changed."""
    code = "import os, sys\nsys.stdin.readline()\nos.kill(os.getpid(), 9)"
    monkeypatch.setattr(preparation, "CODE", code)
    job = make_job(path=glb_fixtures.simple(tmp_path / "model.glb"))
    real.request(job, UNITS, tmp_path / "prepared")
    wait_until(lambda: real.result(job, UNITS) is not None, real)
    assert real.result(job, UNITS) == DeliveryResult(problem=CRASHED)


def test_a_real_child_ends_when_it_is_idle() -> None:
    """The process ends by itself, with status 0."""
    code = preparation.CODE.replace(str(preparation.IDLE_LIMIT), "0.1")
    from mint_blender.delivery import blender_runtime

    child = ChildProcess(blender_runtime.bare_background_command(code))
    try:
        child._process.wait(120)
        assert child.exit_status == 0
    finally:
        child.end()


def test_progress_follows_the_time_that_earlier_results_took(
    preparations: Preparations, children: Children, clock: list[float], tmp_path: Path
) -> None:
    """It is an estimate: it never says that a result is done, and one that waits has none."""
    for name, size in (("small", 1_000_000), ("large", 100_000_000)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    first = make_job("a mug", tmp_path / "small")
    second = make_job("a lamp", tmp_path / "large")
    assert preparations.progress(first.id) is None
    for job in (first, second):
        preparations.request(job, UNITS, tmp_path)
    assert (preparations.progress(first.id), preparations.progress(second.id)) == (0, None)
    clock[0] = 0.2  # so the second one, a hundred times as large, should take 20 seconds
    children.started[0].answer = ANSWER
    preparations.poll()
    assert preparations.progress(first.id) is None
    clock[0] += 10
    assert preparations.progress(second.id) == pytest.approx(0.5)
    clock[0] += 60
    assert preparations.progress(second.id) == 0.95

# SPDX-License-Identifier: GPL-3.0-or-later
"""What judges random steps: the books, the driver's doubles, and the checks after each step."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from tests.mint_service.records import Operation
from tests.window.blender_window import BlenderError

from . import judge
from .driver import Broken, Crashed, Driver
from .steps import WEIGHTS, Step, steps

pytestmark = [pytest.mark.blender, pytest.mark.nightly]

PROMPT = "a lamp"


def operation(**changes: Any) -> Operation:
    """Return a generation that Mint has worked on, and that Credits were spent for."""
    made = Operation("1", "model_generation", "auto", PROMPT)
    return replace(made, finalized=248.0, **changes)


def job() -> Job:
    """Return the job of that prompt."""
    return new_job(GenerationRequest(Kind.MODEL, PROMPT), Delivery(), now=0.0)


def facts(*words: str, of: str = "1") -> list[dict[str, Any]]:
    """Return facts about one job."""
    return [{"what": word, "job": of, "prompt": PROMPT, "asset": "2"} for word in words]


MINE = job()
JOBS = {MINE.id: MINE}
TWO = [operation(), operation(id="3")]
REVISION = {"what": "revise", "job": MINE.id, "feedback": "in green"}
REVISED = [operation(feedback=["in green"])]
OPTIMIZATION = [operation(type="model_optimization", resource="2")]
WALK = [operation(type="model_animation", resource="2")]
WALKS = [{"what": "animate", "asset": "2", "motions": ["walk"]}] * 2


@pytest.mark.parametrize(
    ("clicks", "operations", "broken"),
    [
        (facts("start", "start"), TWO, []),
        ([*facts("start"), *facts("retry", of=MINE.id)], TWO, []),
        (facts("start"), TWO, [f"2 operations for 1 clicks: {PROMPT}"]),
        ([*facts("start"), REVISION], REVISED, []),
        (
            [*facts("start"), {**REVISION, "job": "another"}],
            REVISED,
            [f"1 revisions for 0 clicks: {PROMPT}"],
        ),
        (
            [*facts("start"), {**REVISION, "feedback": "in gre"}],
            REVISED,
            ["nobody has written {'in green'}"],
        ),
        (facts("optimize"), OPTIMIZATION, []),
        ([], OPTIMIZATION, ["1 follow-ups for 0 clicks: 2"]),
        (WALKS, WALK, []),
        (WALKS, WALK * 2, ["2 follow-ups for 1 clicks: 2"]),
    ],
)
def test_what_is_paid_twice_is_found(
    clicks: list[dict[str, Any]], operations: list[Operation], broken: list[str]
) -> None:
    """Mint has at most one operation, Preview or motion for each click, with the words that were sent."""
    assert judge.paid_twice(clicks, JOBS, operations) == broken


def test_a_lost_job_and_its_operation_are_found() -> None:
    """The journal does not know what was clicked, and nobody knows what was paid for."""
    found = judge.lost(facts("made"), {}, [operation(status="running")])
    assert found == ["the job 1 is gone", f"no job knows the operation 1 (running): {PROMPT}"]


def test_a_failed_operation_is_forgotten_when_the_job_is_tried_again() -> None:
    """Nothing was paid for it, and the job follows the new one."""
    mine = job()
    jobs, failed = {mine.id: mine}, operation(status="failed")
    retry = [*facts("made", of=mine.id), *facts("retry", of=mine.id)]
    assert judge.lost(retry[:1], jobs, [failed]) != []
    assert judge.lost(retry, jobs, [failed]) == []
    assert judge.lost(retry, jobs, [operation(status="succeeded")]) != []


def test_a_result_is_placed_once() -> None:
    """A second time needs a click, or a kill before the journal knew of the first one."""
    once = facts("placing", "placed")
    assert judge.placed_twice([*once, *facts("place"), *once]) == []
    assert judge.placed_twice([*once, {"what": "kill"}, *once]) == []
    again = [*once, *facts("recorded"), {"what": "kill"}, *once]
    assert judge.placed_twice(again) == ["the result of 1 was placed 2 times"]
    assert judge.placed_twice([*once, *once]) == ["the result of 1 was placed 2 times"]


def test_a_torn_fact_is_left_out(tmp_path: Path) -> None:
    """A killed process may leave half a line."""
    (tmp_path / "facts.jsonl").write_text('{"what": "kill"}\n{"wha', encoding="utf-8")
    assert judge.read_facts(tmp_path) == [{"what": "kill"}]


def test_a_seed_gives_its_steps() -> None:
    """They are the same each time, others for another seed, and each kind is among them."""
    first = list(islice(steps(1), 3000))
    assert first == list(islice(steps(1), 3000)) != list(islice(steps(2), 3000))
    assert {each.name for each in first} == set(WEIGHTS)


# -- what the driver makes of a Blender that answers no more; the window is a double


@pytest.fixture
def standing_still() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that does nothing more."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def driver_of(process: subprocess.Popen[bytes], folder: Path, said: str) -> Driver:
    """Return a driver whose Blender is this process, and does not answer."""

    def ask(*_: Any, **__: Any) -> Any:
        raise BlenderError(f"Blender does not answer:\n{said}")

    def kill() -> None:
        process.kill()
        process.wait()

    log = folder / "log"
    log.touch()
    window: Any = SimpleNamespace(process=process, ask=ask, kill=kill, close=kill, log_file=log)
    nothing: Any = None
    driver: Any = Driver(nothing, folder, folder, None)
    driver.window, driver.start = window, lambda: window
    return cast("Driver", driver)


def test_a_stop_in_glx_counts_apart(
    standing_still: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """The round continues with another Blender, and what was in progress is judged as after a kill."""
    driver = driver_of(standing_still, tmp_path, "Minor opcode: 5 (X_GLXMakeCurrent)")
    driver._step(Step("open_file", 1), kill_after=None)
    assert (driver.tally.glx_stops, driver.tally.kills) == (1, 0)
    assert standing_still.poll() is not None
    assert '"kill"' in (tmp_path / "facts.jsonl").read_text("utf-8")


def test_any_other_stop_is_a_failure(
    standing_still: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a deadlock of the add-on."""
    monkeypatch.setattr(standing_still, "wait", lambda timeout: timeout_of(timeout))
    driver = driver_of(standing_still, tmp_path, "Info: Mint: Ready")
    with pytest.raises(Broken, match="open_file: Blender does not answer"):
        driver._step(Step("open_file", 1), kill_after=None)
    monkeypatch.undo()


def timeout_of(seconds: float) -> int:
    """Wait for nothing, in vain."""
    raise subprocess.TimeoutExpired("blender", seconds)


def test_an_end_is_a_crash(standing_still: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Also one with an error of GLX."""
    standing_still.kill()
    standing_still.wait()
    driver = driver_of(standing_still, tmp_path, "X_GLXMakeCurrent")
    with pytest.raises(Crashed, match="Blender ended with status -9 in open_file"):
        driver._step(Step("open_file", 1), kill_after=None)


# -- the checks after each step find what the add-on must not change


HERE = ("Scene", "OBJECT", "Cube")


@pytest.fixture
def checks() -> Any:
    """Return the module, without complaints of earlier tests."""
    from .inside import facts, snapshot

    facts.take_violations()
    return snapshot


def complaints() -> list[str]:
    """Return what was complained about."""
    from .inside import facts

    return facts.take_violations()


def test_a_result_that_is_there_twice(checks: Any) -> None:
    """A result that was placed once may be there once more, and no more."""
    before = checks.Snapshot(frozenset(), Counter(), HERE)
    one, two = (before._replace(results=Counter({"1": count})) for count in (1, 2))
    placed = [checks.Placement("1", replaces=False)]
    checks.check_added(before, one, placed, "now")
    assert complaints() == []
    checks.check_added(before, two, placed, "now")
    assert complaints() == ["now: 2 results of the job 1, expected 1"]
    checks.check_added(before, one, [], "now")
    assert complaints() == ["now: 1 results of the job 1, expected 0"]


def test_what_the_add_on_must_keep(checks: Any) -> None:
    """The user's objects, results, mode and active object."""
    before = checks.Snapshot(frozenset({"Cube"}), Counter({"1": 1}), HERE)
    checks.check_kept(before, before, [], "now")
    assert complaints() == []
    edited = ("Scene", "EDIT", "Cube")
    changed: list[dict[str, Any]] = [{"own": frozenset()}, {"results": Counter()}, {"here": edited}]
    for changes in changed:
        checks.check_kept(before, before._replace(**changes), [], "now")
        assert len(complaints()) == 1


def test_an_undo_that_takes_too_much(checks: Any) -> None:
    """It removes the result, and nothing else."""
    before = checks.Snapshot(frozenset({"Cube"}), Counter({"1": 1}), HERE)
    after = before._replace(results=Counter())
    placed = checks.Placement("1", replaces=False)
    checks.check_undone(before, after, placed)
    assert complaints() == []
    checks.check_undone(before, after._replace(own=frozenset()), placed)
    checks.check_undone(before, before, placed)
    assert len(complaints()) == 2


def test_only_the_block_out_is_hidden(checks: Any) -> None:
    """A result may hide the object whose place it takes; an undo shows that again."""
    before = checks.Snapshot(frozenset({"Cube", "Cone"}), Counter(), HERE)
    after = before._replace(results=Counter({"1": 1}), hidden=frozenset({"Cube"}))
    placed = checks.Placement("1", replaces=False, block_out="Cube")
    checks.check_kept(before, after, [placed], "now")
    checks.check_undone(after, before, placed)
    assert complaints() == []
    checks.check_kept(before, after, [placed._replace(block_out="Cone")], "now")
    assert complaints() == ["now: objects of the user were hidden: ['Cube']"]
    checks.check_undone(after, before._replace(hidden=after.hidden), placed)
    assert len(complaints()) == 1


def test_objects_of_a_result_are_not_the_users(
    checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has a root of a result above it belongs to the result; its block-out does not."""
    import bpy

    root, child, own = (bpy.data.objects.new(name, None) for name in ("root", "child", "own"))
    child.parent, root["mint_job_id"], own["mint_model"] = root, "1", root
    for each in (root, child, own):
        bpy.context.scene.collection.objects.link(each)
    # a wheel has no windows, which `take` asks for the mode
    monkeypatch.setattr(checks, "scene", lambda: bpy.context.scene)
    monkeypatch.setattr(checks, "active", lambda: None)
    monkeypatch.setattr(checks, "mode", lambda: "OBJECT")
    found = checks.take()
    assert (found.own, found.results) == (frozenset({"own"}), Counter({"1": 1}))

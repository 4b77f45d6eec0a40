# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface: `generate` and what continues it, `usage`, `models`, `worlds`, `jobs`."""

from __future__ import annotations

import os
import pydoc
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

import mint_blender
from mint_blender import api_values
from mint_blender.application import session
from mint_blender.application.reviews import Preview
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine.task import StillUnreachable
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.notes import note
from mint_blender.jobs.phases import Phase
from mint_blender.message import Message
from mint_blender.mint import errors
from mint_blender.mint.errors import KeyMissing, KeyRefused
from mint_blender.mint.schema import Format, Kind, Mode, OptimizationLevel, Pose, Preset

from ..jobs.workflow_harness import a_job
from ..mint_service.runner import ThreadService, running_service
from .command_runner import ROOT, RunMint

Signed = ThreadService


def test_jobs_reads_the_journal_only(signed_in: Signed, mint: RunMint) -> None:
    """It yields what `jobs` prints, newest first, and asks Mint nothing."""
    assert mint_blender.usage().credits.total_available == 5000
    assert [*mint_blender.jobs(), *mint_blender.models(), *mint_blender.worlds()] == []
    mint("generate", "--prompt", "a lamp")
    mint("generate", "--prompt", "a vase", "--mode", "review")
    asked = len(signed_in.log())
    newest, oldest = mint_blender.jobs()
    for job, printed in zip((newest, oldest), mint.jobs(), strict=True):
        assert (job.job_id, job.state, job.credits) == tuple(
            printed[name] for name in ("job", "state", "credits")
        )
    assert (newest.phase, newest.title, newest.is_mine) == ("review", "a vase", True)
    assert newest.files["preview"].is_file()
    assert oldest.phase == "ready" and oldest.created_at <= newest.created_at
    assert len(signed_in.log()) == asked


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"prompt": " "}, "The prompt is empty"),
    ({"kind": "mesh"}, "^'mesh' is not a kind: model, world$"),
    ({"preset": "quick"}, "^'quick' is not a preset: fast, standard, production$"),
    ({"optimize": "much"}, "^'much' is not a level: light, moderate, aggressive$"),
    ({"splats": "100k"}, "Only Worlds have splats"),
    ({"kind": "world", "height": 2}, "Only models"),
    ({"kind": "world", "optimize": "light"}, "Only models can be optimized"),
    ({"height": -1}, "height is a number above 0"),
    ({"height": "0.4"}, "height is a number above 0"),
    ({"max_credits": "2000"}, "max_credits is a number, not '2000'"),
    ({"max_credits": float("nan")}, "max_credits is a number, not nan"),
    ({"request_id": 7}, "request_id is a text that is not empty, not 7"),
    ({"request_id": " "}, "text that is not empty, not ' '"),
    ({"location": (1, 2)}, "three numbers"),
    ({"location": (1, 2, float("nan"))}, "three numbers"),
    ({"images": ["none.png"]}, "none.png"),
    ({"images": "none.png"}, "none.png"),
    ({"mode": "review"}, "needs a function review"),
)


@pytest.mark.blender
@pytest.mark.one_blender
def test_an_invalid_request_raises_value_error(signed_in: Signed) -> None:
    """A wrong value raises ValueError before anything is sent."""
    for arguments, sentence in REFUSED:
        with pytest.raises(ValueError, match=sentence):
            mint_blender.generate(**{"prompt": "a lamp", **arguments})
    with pytest.raises(ValueError, match="Describe what to change"):
        mint_blender.Revise(" ")
    assert not signed_in.log()


@pytest.mark.blender
@pytest.mark.one_blender
def test_missing_and_refused_keys(signed_in: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function raises an error that names a missing or refused key."""
    monkeypatch.setenv("MINT_API_KEY", "")
    for call in (
        mint_blender.usage,
        lambda: mint_blender.generate("a lamp"),
        lambda: list(mint_blender.models()),
    ):
        with pytest.raises(KeyMissing):
            call()
    monkeypatch.setenv("MINT_API_KEY", "mint_wrong")
    with pytest.raises(KeyRefused):
        mint_blender.usage()
    says = "does not accept the API key"
    with pytest.raises(mint_blender.GenerationStopped, match=says) as stopped:
        mint_blender.generate("a lamp")
    assert (stopped.value.phase, stopped.value.cause) == ("paused", "key")


def test_without_blender_nothing_is_paid(signed_in: Signed, mint: RunMint) -> None:
    """What places a result looks for `bpy` before anything is sent."""
    mint("generate", "--prompt", "a lamp", "--mode", "review")
    job, asked = next(mint_blender.jobs()).job_id, len(signed_in.log())
    for call in (
        lambda: mint_blender.generate("a lamp"),
        lambda: mint_blender.approve(job),
        lambda: mint_blender.resume(job),
        lambda: mint_blender.place(job),
    ):
        with pytest.raises(mint_blender.NotPossible, match=r"pip install bpy.*Nothing was started"):
            call()
    assert len(signed_in.log()) == asked


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_price_above_the_limit(signed_in: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price above the limit raises TooExpensive; max_credits does not lift the preferences'."""
    with pytest.raises(mint_blender.TooExpensive, match="more than the limit of 1"):
        mint_blender.generate("a lamp", max_credits=1)
    monkeypatch.setattr(session, "limits", lambda: Limits(each=1))
    with pytest.raises(mint_blender.TooExpensive, match="your limit of 1 Credits per generation"):
        mint_blender.generate("a lamp", max_credits=100_000)
    assert not signed_in.operations()


def test_the_package_explains_itself() -> None:
    """All names are there, `help` has a page, and the errors are those that calls raise."""
    for name in mint_blender.__all__:
        assert getattr(mint_blender, name).__doc__, name
    assert set(mint_blender.__all__) <= set(dir(mint_blender))
    assert issubclass(mint_blender.KeyMissing, mint_blender.MintError)
    page = pydoc.plain(pydoc.render_doc(mint_blender))
    for word in ("class GenerationStopped", "class Revise", "generate(prompt", "resume(job)"):
        assert word in page, word
    classes = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
    ours = {name for name, value in classes.items() if issubclass(value, errors.MintError)}
    assert ours <= set(mint_blender.__all__)
    with pytest.raises(AttributeError):
        _ = mint_blender.log  # type: ignore[attr-defined]


def test_programs_read_why_it_stopped() -> None:
    """An exception has the problem's cause, code and values, and notes have theirs."""
    said = Message("The generation failed at Mint ({code}).", code="moderation")
    problem, late = Problem(Cause.WORK, said, "moderation"), note("too_late", verb="cancel")
    job = replace(a_job(), phase=Phase.FAILED, problem=problem, notes=(late,))
    stopped = mint_blender.GenerationStopped(job)
    assert (stopped.job_id, stopped.phase) == (job.id, "failed")
    assert (stopped.cause, stopped.code) == ("work", "moderation")
    assert stopped.params == {"code": "moderation"}
    assert [(each.code, each.params) for each in stopped.notes] == [(late.code, late.params)]
    unreachable = mint_blender.GenerationStopped(job, StillUnreachable("Mint cannot be reached."))
    assert (unreachable.cause, unreachable.code) == ("unreachable", "unreachable")
    assert unreachable.params == {"problem": "Mint cannot be reached."}


@pytest.mark.blender
@pytest.mark.feature("scripts with generate()")
@pytest.mark.parametrize("kind", ["model", "world"])
def test_a_result_is_placed_in_the_scene(signed_in: Signed, kind: api_values.KindName) -> None:
    """`placed.objects` are the new objects in the current scene; a World has a background, too."""
    import bpy

    bpy.ops.mesh.primitive_cube_add()
    before = set(bpy.context.scene.objects)
    with pytest.raises(mint_blender.GenerationStopped, match="moderation"):
        mint_blender.generate("a lamp [moderation]", kind=kind)
    assert set(bpy.context.scene.objects) == before
    placed = mint_blender.generate("a small lamp", kind=kind, preset="fast", name="Lamp")
    assert set(placed.objects) == set(bpy.context.scene.objects) - before
    assert any(created.type == "MESH" for created in placed.objects)
    assert (bpy.context.scene.world is not None) is (kind == "world")
    job = next(mint_blender.jobs())
    assert (placed.job_id, placed.title, placed.credits) == (job.job_id, "Lamp", job.credits)
    assert placed.credits
    assert all(path.is_file() for path in placed.files.values())


@pytest.mark.blender
@pytest.mark.one_blender
def test_review_is_asked_at_each_preview(signed_in: Signed) -> None:
    """`review` is called at each Preview, with its own picture, until it approves or cancels."""
    seen: list[Preview] = []

    def review(preview: Preview) -> mint_blender.Revise | mint_blender.Approve:
        seen.append(preview)
        return mint_blender.Revise("make it blue") if len(seen) == 1 else mint_blender.Approve()

    assert mint_blender.generate("a lamp", mode="review", review=review).objects
    assert [preview.number for preview in seen] == [1, 2]
    assert len({preview.path for preview in seen if preview.path.is_file()}) == 2
    assert [operation.feedback for operation in signed_in.operations()] == [["make it blue"]]
    for answer in ("cancel", mint_blender.Cancel()):
        with pytest.raises(mint_blender.GenerationStopped, match="Canceled") as stopped:
            mint_blender.generate("a lamp", mode="review", review=_answering(answer))
        assert stopped.value.job_id
        assert signed_in.operations()[-1].status == "canceled"


def _answering(answer: Any) -> Any:
    """Return a function for `review` that gives this answer."""
    return lambda preview: answer


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_review_that_decides_nothing_sends_nothing(signed_in: Signed) -> None:
    """Anything but a decision raises before anything is sent, and the Preview still waits."""
    says = r"Return Approve\(\), Cancel\(\).*the Preview still waits"
    for answer in ("Approve", "make it blue", "", None, True):
        with pytest.raises(ValueError, match=says):
            mint_blender.generate(
                "a lamp", mode="review", request_id="lamp", review=_answering(answer)
            )
    (operation,) = signed_in.operations()
    assert (operation.status, operation.feedback) == ("preview_ready", [])


@pytest.mark.blender
def test_where_a_result_goes(signed_in: Signed) -> None:
    """It has its height, stands exactly where it should, and goes into its collection."""
    import bpy

    where: dict[str, Any] = {"height": 0.4, "location": (2.0, 3.0, 0.5), "collection": "Props"}
    placed = [mint_blender.generate(each, preset="fast", **where) for each in ("lamp", "mug")]
    bpy.context.view_layer.update()
    for result in placed:
        assert result.root.location[:] == pytest.approx((2.0, 3.0, 0.5))
        low, high = result.bounds or ((), ())
        assert (low[2], high[2]) == pytest.approx((0.5, 0.9), rel=1e-3)
    props = bpy.data.collections["Props"]
    assert {result.collection for result in placed} == set(props.children)
    assert "Mint" not in bpy.data.collections
    again = mint_blender.place(placed[0], height=1.0, location=(0, 0, 0), collection=props)
    assert again.collection in set(props.children) and again.root not in placed[0].objects
    assert len(signed_in.operations()) == 2


@pytest.mark.blender
@pytest.mark.covers("R-python-ids")
def test_the_same_id_is_the_same_job(signed_in: Signed, home: Path) -> None:
    """A repeated call pays nothing, also from a scene that has nothing of it; another is refused."""
    import bpy

    lamp: dict[str, Any] = {"preset": "fast", "request_id": "lamp-01"}
    placed = mint_blender.generate("a lamp", **lamp)
    before = set(bpy.data.objects)
    assert mint_blender.generate("a lamp", **lamp).root == placed.root
    assert set(bpy.data.objects) == before
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    again = mint_blender.generate("a lamp", height=0.2, **lamp)
    assert again.job_id == placed.job_id and again.objects
    says = r"with another request\. Nothing was started"
    for other in ({"prompt": "a stool"}, {"prompt": "a lamp", "optimize": "light"}):
        with pytest.raises(mint_blender.NotPossible, match=says):
            mint_blender.generate(**{**lamp, **other})
    assert len(signed_in.operations()) == 1
    with closing(sqlite3.connect(home / "journal.sqlite3")) as journal, journal:
        journal.execute("UPDATE jobs SET record = '[]'")
    with pytest.raises(mint_blender.NotPossible, match=r"cannot be read\. Nothing was started"):
        mint_blender.generate("a lamp", **lamp)
    assert len(signed_in.operations()) == 1
    mint_blender.generate("a lamp", preset="fast")
    assert len(signed_in.operations()) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_an_id_continues_what_waits(signed_in: Signed) -> None:
    """A job that waits for a decision goes on, and one that failed or was canceled stays so."""
    for _ in range(2):
        with pytest.raises(mint_blender.GenerationStopped, match="moderation"):
            mint_blender.generate("a lamp [moderation]", request_id="bad")
    assert len(signed_in.operations()) == 1
    with pytest.raises(mint_blender.GenerationStopped, match="Preview") as stopped:
        mint_blender.resume(_in_review())
    assert stopped.value.phase == "review"
    second = mint_blender.revise(stopped.value, "make it blue")
    assert (second.number, second.job_id) == (2, stopped.value.job_id)
    assert mint_blender.approve(second).objects
    with pytest.raises(mint_blender.NotPossible):
        mint_blender.cancel(second)
    canceled = _in_review()
    mint_blender.cancel(next(mint_blender.jobs()))
    job = next(mint_blender.jobs())
    assert (job.job_id, job.phase) == (canceled, "canceled")
    no_job: Any = signed_in.operations()[-1]
    for call in (mint_blender.cancel, mint_blender.resume, mint_blender.place):
        with pytest.raises(mint_blender.NotPossible, match="nothing"):
            call("nothing")
        with pytest.raises(ValueError, match=r"is not a job\. Name it by its id"):
            call(no_job)


def test_a_type_checker_knows_the_choices() -> None:
    """They are Mint's."""
    for name, choices in (
        ("Kind", Kind),
        ("Preset", Preset),
        ("Mode", Mode),
        ("Pose", Pose),
        ("Level", OptimizationLevel),
        ("Format", Format),
    ):
        assert get_args(getattr(api_values, f"{name}Name")) == tuple(map(str, choices))


def test_a_model_is_saved_in_other_formats(
    signed_in: Signed, mint: RunMint, tmp_path: Path
) -> None:
    """The result names the files in the folder, and the cost."""
    mint("generate", "--prompt", "a lamp")
    result = mint_blender.convert(mint.job, "fbx", tmp_path / "new")
    assert result.files["fbx"].parent == tmp_path / "new" and result.files["fbx"].is_file()
    assert result.credits == 10
    with pytest.raises(ValueError, match="'doc' is not a format"):
        mint_blender.convert(result, ["doc"], tmp_path)  # type: ignore[list-item]


def test_an_optimized_model_is_written_without_blender(
    signed_in: Signed, mint: RunMint, tmp_path: Path
) -> None:
    """It is paid once, within the limit; afterwards it is free, by its job or as an asset."""
    mint("generate", "--prompt", "a lamp")
    orders = ("POST", "/v1/models/*:optimize")
    file = tmp_path / "lamp.glb"
    with pytest.raises(mint_blender.TooExpensive):
        mint_blender.optimize(mint.job, "light", file, max_credits=1)
    with pytest.raises(ValueError, match="'much' is not a level"):
        mint_blender.optimize(mint.job, "much", file)  # type: ignore[call-overload]
    assert not mint.service.requests(*orders)
    result = mint_blender.optimize(mint.job, "light", file)
    assert result.credits == 20 and result.files["output"] == file and file.is_file()
    (model,) = mint_blender.models()
    again = mint_blender.optimize(model, "light", file, overwrite=True)
    assert again.credits is None and len(mint.service.requests(*orders)) == 1


@pytest.mark.blender
@pytest.mark.one_blender
def test_an_optimized_model_takes_the_place_of_the_model(signed_in: Signed) -> None:
    """It stands where the model was, which is hidden."""
    import bpy

    placed = mint_blender.generate("a lamp", preset="fast", location=(1, 2, 0))
    lighter = mint_blender.optimize(placed, "light")
    assert lighter.credits == 20 and tuple(lighter.root.location[:2]) == (1, 2)
    meshes = {each for each in bpy.context.view_layer.objects if each.type == "MESH"}
    shown = {each for each in meshes if each.visible_get()}
    assert shown and shown == meshes & {*lighter.objects}


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_failed_job_is_started_again(signed_in: Signed) -> None:
    """It costs Credits again, and what fails again raises the same."""
    with pytest.raises(mint_blender.GenerationStopped) as failed:
        mint_blender.generate("a sword [moderation]")
    with pytest.raises(mint_blender.GenerationStopped) as again:
        mint_blender.retry(failed.value)
    assert (again.value.job_id, again.value.phase) == (failed.value.job_id, "failed")
    assert len(signed_in.operations()) == 2


def _in_review() -> str:
    """Return a job that waits at its Preview: the function that reviews it has failed."""

    def review(preview: Preview) -> str:
        raise LookupError(preview.job_id)

    with pytest.raises(LookupError) as failed:
        mint_blender.generate("a chest", mode="review", review=review)
    return str(failed.value.args[0])


@pytest.mark.blender
def test_a_result_is_written_to_a_file(signed_in: Signed, tmp_path: Path) -> None:
    """A file is written beside the scene, replaced only on purpose, and has the height."""
    import bpy

    placed = mint_blender.generate("a lamp", preset="fast")
    before = set(bpy.data.objects)
    written = mint_blender.place(placed, tmp_path / "lamps" / "lamp.glb")
    assert written.files["output"].read_bytes() == placed.files["model"].read_bytes()
    with pytest.raises(mint_blender.NotPossible, match="exists already"):
        mint_blender.place(placed, written.files["output"])
    placed.files["model"].unlink()  # downloaded again
    blend = mint_blender.place(placed, tmp_path / "lamp.blend", height=0.4)
    assert blend.files["output"].is_file() and set(bpy.data.objects) == before
    with pytest.raises(ValueError, match="has to end in"):
        mint_blender.place(placed, tmp_path / "lamp.obj")
    assert len(signed_in.operations()) == 1


@pytest.mark.blender
@pytest.mark.one_blender
def test_progress_is_told(signed_in: Signed) -> None:
    """A script hears the phases, and how much of them is done."""
    told: list[tuple[str, float | None, float | None]] = []
    mint_blender.generate("a lamp", progress=lambda *words: told.append(words))
    phases = list(dict.fromkeys(phase for phase, _, _ in told))
    assert phases[-1] == "ready" and "working" in phases
    assert all(done is None or 0 <= done <= 1 for _, done, _ in told)
    assert any(done is not None for phase, done, _ in told if phase == "working")
    assert any(left is not None for phase, _, left in told if phase == "working")


@pytest.mark.blender
@pytest.mark.one_blender
def test_ctrl_c_names_the_job(signed_in: Signed) -> None:
    """It ends with one sentence that says how to continue; then nothing is paid twice."""

    def press(phase: str, *_: float | None) -> None:
        if phase == "working":
            raise KeyboardInterrupt

    with pytest.raises(mint_blender.Interrupted) as pressed:
        mint_blender.generate("a lamp", request_id="lamp", progress=press)
    sentence = str(pressed.value)
    assert f'mint_blender.resume("{pressed.value.job_id}")' in sentence
    assert 'request_id="lamp"' in sentence and "\n" not in sentence
    assert mint_blender.resume(pressed.value).job_id == pressed.value.job_id
    assert len(signed_in.operations()) == 1


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_script_does_something_else_meanwhile(signed_in: Signed, tmp_path: Path) -> None:
    """Started jobs run side by side; each is waited for, saved, or canceled by its handle."""
    lamp = mint_blender.start("a lamp", preset="fast", height=0.4)
    chest = mint_blender.start("a chest", mode="review", review=_answering("approve"))
    stool = mint_blender.start("a stool", mode="review", review=_answering("approve"))
    with pytest.raises(TimeoutError, match="It continues"):
        chest.wait(timeout=-1)
    stool.cancel()
    assert stool.phase == "canceled"
    placed = lamp.wait()
    assert lamp.wait() is placed and placed.job_id == lamp.job_id
    assert (lamp.phase, lamp.cost) == ("placed", placed.credits)
    written = chest.save(tmp_path / "chest.glb")
    assert written.files["output"].is_file() and written.credits == chest.cost
    with mint_blender.start("a vase") as vase:
        pass
    assert mint_blender.resume(vase).job_id == vase.job_id
    ordered = [operation.prompt for operation in signed_in.operations()]
    assert len(set(ordered)) == len(ordered)


def test_a_file_needs_no_blender(signed_in: Signed, tmp_path: Path) -> None:
    """A started model is saved as .glb; only placing it is refused, and nothing is lost by that."""
    lamp = mint_blender.start("a lamp", preset="fast")
    with pytest.raises(mint_blender.NotPossible, match=r"there is no Blender here.*call save\(\)"):
        lamp.wait()
    assert lamp.save(tmp_path / "lamp.glb").files["output"].is_file()
    (model,) = mint_blender.models()
    assert mint_blender.place(model, tmp_path / "again.glb").files["output"].is_file()
    assert len(signed_in.operations()) == 1


def test_two_accounts_in_one_process(
    signed_in: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each client has its own key, address, jobs and library, also while the other one works."""
    monkeypatch.setenv("MINT_API_KEY", "mint_wrong")
    with running_service(speed=2000) as other:
        ours = mint_blender.Client(api_key=signed_in.key)
        theirs = mint_blender.Client(api_key=other.key, base_url=other.api, timeout=30)
        started = theirs.start("a vase", preset="fast")
        ours.start("a lamp", preset="fast").save(tmp_path / "lamp.glb")
        started.save(tmp_path / "vase.glb")
        assert [model.prompt for model in theirs.models()] == ["a vase"]
        assert [model.prompt for model in ours.models()] == ["a lamp"]
        assert {(job.title, job.is_mine) for job in theirs.jobs()} == {
            ("a vase", True),
            ("a lamp", False),
        }
    assert len(signed_in.operations()) == 1
    with pytest.raises(ValueError, match="api_key is empty"):
        mint_blender.Client(api_key=" ")


def test_without_blender_several_threads_generate(signed_in: Signed, tmp_path: Path) -> None:
    """Each with a client of its own; all of them pay once."""

    def generate(name: str) -> str:
        client = mint_blender.Client(api_key=signed_in.key, base_url=signed_in.api)
        with client.start(name, preset="fast") as started:
            return started.save(tmp_path / f"{name}.glb").title

    names = ["lamp", "mug", "stool", "vase"]
    with ThreadPoolExecutor(len(names)) as threads:
        assert list(threads.map(generate, names)) == names
    assert sorted(operation.prompt for operation in signed_in.operations()) == names
    assert len(list(tmp_path.glob("*.glb"))) == len(names)


@pytest.mark.blender
@pytest.mark.one_blender
def test_with_blender_other_threads_only_read(signed_in: Signed, tmp_path: Path) -> None:
    """What uses Blender is refused at once in them, and nothing is sent."""
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(mint_blender.usage).result().credits.total_available == 5000
        asked = len(signed_in.log())
        for call in (
            lambda: mint_blender.generate("a lamp"),
            lambda: mint_blender.start("a lamp"),
            lambda: mint_blender.resume("1234"),
            lambda: mint_blender.place("1234"),
            lambda: mint_blender.sync_library(tmp_path),
        ):
            with pytest.raises(mint_blender.NotPossible, match="main thread only"):
                thread.submit(call).result()
    assert len(signed_in.log()) == asked


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_script_writes_the_library(signed_in: Signed, tmp_path: Path) -> None:
    """Each model is written once; the second call has nothing to do."""
    mint_blender.generate("a lamp", preset="fast")
    told: list[str] = []
    library = tmp_path / "library"
    written = mint_blender.sync_library(library, progress=lambda name, *_: told.append(name))
    assert [file.name for file in written.saved] == told
    assert written.saved == [*library.rglob("*.blend")]
    again = mint_blender.sync_library(library, kind="model")
    assert (again.saved, again.unchanged) == ([], 1)
    assert mint_blender.sync_library(library, kind="world").unchanged == 0


def test_a_batch_from_a_script(signed_in: Signed, tmp_path: Path) -> None:
    """It returns how each line has ended, and repeated, continues without paying twice."""
    file = tmp_path / "props.jsonl"
    file.write_text(
        '{"prompt": "a lamp", "format": "glb"}\n{"prompt": "[moderation]", "format": "glb"}'
    )
    told: list[dict[str, Any]] = []
    with pytest.raises(mint_blender.NotPossible, match="no line 9"):
        mint_blender.batch(file, tmp_path / "out", lines="9")
    with pytest.raises(ValueError, match=r'^jobs: "0" must be a whole number, at least 1\.$'):
        mint_blender.batch(file, tmp_path / "out", jobs=0)
    for _ in range(2):
        lamp, sword = mint_blender.batch(file, tmp_path / "out", progress=told.append)
        assert lamp.output and lamp.output.suffix == ".glb" and lamp.output.is_file()
        assert (lamp.number, lamp.phase, lamp.problem) == (1, "placed", "")
        assert (sword.number, sword.phase, sword.output) == (2, "failed", None)
        assert "moderation" in sword.problem
    assert any(event["event"] == "state" for event in told)
    assert len(signed_in.operations()) == 2


@pytest.mark.thorough
@pytest.mark.blender
@pytest.mark.one_blender
def test_of_two_calls_that_race_one_starts(signed_in: Signed) -> None:
    """Two processes with one id have one job, and both place it."""
    code = (
        "import mint_blender\n"
        "placed = mint_blender.generate('a lamp', preset='fast', request_id='lamp')\n"
        "print(placed.job_id, len(placed.objects), flush=True)\n"
        "import os; os._exit(0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = {process.communicate(timeout=240)[0].splitlines()[-1] for process in running}
    assert len(printed) == 1
    assert len(signed_in.operations()) == 1

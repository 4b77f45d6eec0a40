# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface: `mint_blender.generate`, `usage`, `models`, `worlds`, `job_records`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli import session
from mint_blender.cli.results import Preview
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine.task import StillUnreachable
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.notes import note
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import NotPossible
from mint_blender.message import Message
from mint_blender.mint.errors import KeyMissing, KeyRefused

from ..jobs.workflow_harness import a_job
from ..mint_service.runner import ThreadService
from .command_runner import RunMint

Signed = ThreadService


def test_what_mint_knows(signed_in: Signed) -> None:
    """`usage` has the Credits that the panel shows, and both lists have all assets."""
    assert mint_blender.usage().credits.total_available == 5000
    assert [*mint_blender.models(), *mint_blender.worlds()] == []


def test_job_records_reads_the_journal_only(signed_in: Signed, mint: RunMint) -> None:
    """It yields what `jobs --json` prints, newest first, and asks Mint nothing."""
    assert list(mint_blender.job_records()) == []
    mint("generate", "--prompt", "a lamp")
    mint("generate", "--prompt", "a vase", "--mode", "review")
    asked = len(signed_in.log())
    newest, oldest = mint_blender.job_records()
    assert [newest, oldest] == mint("jobs", "--json").records
    assert (newest["phase"], newest["previews"]) == ("review", 1)
    assert Path(newest["files"]["preview"]).is_file()
    assert oldest["phase"] == "ready"
    assert len(signed_in.log()) == asked


REFUSED = {
    "an empty prompt": ({"prompt": " "}, "The prompt is empty"),
    "an unknown preset": ({"prompt": "a lamp", "preset": "quick"}, "quick"),
    "an unknown level": ({"prompt": "a lamp", "optimize": "much"}, "much"),
    "a world made lighter": (
        {"prompt": "a hall", "kind": "world", "optimize": "light"},
        "Only models can be optimized",
    ),
    "review without anybody who looks": (
        {"prompt": "a lamp", "mode": "review"},
        "needs a function review",
    ),
}


@pytest.mark.parametrize("arguments, sentence", REFUSED.values(), ids=REFUSED.keys())
def test_an_invalid_request_raises_value_error(
    signed_in: Signed, arguments: dict[str, object], sentence: str
) -> None:
    """A wrong value raises ValueError before anything is sent."""
    with pytest.raises(ValueError, match=sentence):
        mint_blender.generate(**arguments)
    assert not signed_in.log()


def test_a_price_above_the_limit(signed_in: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price above the limit raises TooExpensive; max_credits does not lift the preferences'."""
    with pytest.raises(mint_blender.TooExpensive, match="more than the limit of 1"):
        mint_blender.generate("a lamp", max_credits=1)
    monkeypatch.setattr(session, "limits", lambda: Limits(each=1))
    with pytest.raises(mint_blender.TooExpensive, match="your limit of 1 Credits per generation"):
        mint_blender.generate("a lamp", max_credits=100_000)
    assert not signed_in.operations()


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
    with pytest.raises(
        mint_blender.GenerationStopped, match="does not accept the API key"
    ) as stopped:
        mint_blender.generate("a lamp")
    assert (stopped.value.phase, stopped.value.cause) == ("paused", "key")


def test_programs_read_why_it_stopped() -> None:
    """An exception has the problem's cause, code and values, and notes have theirs."""
    problem = Problem(
        Cause.WORK,
        Message("The generation failed at Mint ({code}).", code="moderation"),
        "moderation",
    )
    job = replace(
        a_job(), phase=Phase.FAILED, problem=problem, notes=(note("too_late", verb="cancel"),)
    )
    stopped = mint_blender.GenerationStopped(job)
    assert (stopped.job_id, stopped.phase) == (job.id, "failed")
    assert stopped.cause == "work"
    assert stopped.code == "moderation"
    assert stopped.params == {"code": "moderation"}
    assert [(each.code, each.params) for each in stopped.notes] == [
        ("too_late", {"verb": "cancel"})
    ]
    unreachable = mint_blender.GenerationStopped(job, StillUnreachable("Mint cannot be reached."))
    assert (unreachable.cause, unreachable.code) == ("unreachable", "unreachable")
    assert unreachable.params == {"problem": "Mint cannot be reached."}


@pytest.mark.blender
@pytest.mark.feature("scripts with generate()")
def test_a_model_is_placed_in_the_scene(signed_in: Signed) -> None:
    """`placed.objects` are the new objects in the current scene."""
    import bpy

    bpy.ops.mesh.primitive_cube_add()
    before = set(bpy.context.scene.objects)
    placed = mint_blender.generate("a small ceramic lamp", kind="model", preset="fast")
    assert set(placed.objects) == set(bpy.context.scene.objects) - before
    assert any(each.type == "MESH" for each in placed.objects)


@pytest.mark.blender
def test_a_world_is_placed_in_the_scene(signed_in: Signed) -> None:
    """The scene gets geometry and a background."""
    import bpy

    placed = mint_blender.generate("a greenhouse", kind="world", preset="fast")
    assert any(each.type == "MESH" for each in placed.objects)
    assert bpy.context.scene.world is not None


@pytest.mark.blender
def test_review_is_asked_at_each_preview(signed_in: Signed) -> None:
    """`review` is called at each Preview, with its own picture, until it returns "approve"."""
    seen: list[Preview] = []

    def review(preview: Preview) -> str:
        seen.append(preview)
        return "make it blue" if len(seen) == 1 else "approve"

    placed = mint_blender.generate("a lamp", mode="review", review=review)
    assert placed.objects
    assert [preview.number for preview in seen] == [1, 2]
    assert len({preview.path for preview in seen}) == 2
    assert all(preview.path.is_file() for preview in seen)
    assert [operation.feedback for operation in signed_in.operations()] == [["make it blue"]]


@pytest.mark.blender
def test_a_review_can_cancel(signed_in: Signed) -> None:
    """The answer “cancel” cancels the job at Mint and raises an error with the job's id."""
    with pytest.raises(mint_blender.GenerationStopped, match="Canceled") as stopped:
        mint_blender.generate("a lamp", mode="review", review=lambda preview: "cancel")
    assert stopped.value.job_id
    assert [operation.status for operation in signed_in.operations()] == ["canceled"]


@pytest.mark.blender
def test_an_empty_review_leaves_the_job_waiting(signed_in: Signed) -> None:
    """An empty answer is refused, and the Preview still waits."""
    with pytest.raises(NotPossible):
        mint_blender.generate("a lamp", mode="review", review=lambda preview: "")
    assert [operation.status for operation in signed_in.operations()] == ["preview_ready"]


@pytest.mark.blender
def test_a_failure_raises_and_leaves_the_scene_alone(signed_in: Signed) -> None:
    """The message contains the reason, and the scene is unchanged."""
    import bpy

    before = set(bpy.context.scene.objects)
    with pytest.raises(mint_blender.GenerationStopped, match="moderation"):
        mint_blender.generate("a lamp [moderation]")
    assert set(bpy.context.scene.objects) == before

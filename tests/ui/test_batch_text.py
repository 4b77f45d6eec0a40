# SPDX-License-Identifier: GPL-3.0-or-later
"""A text of the Text Editor as a batch, in background mode: one result for each line."""

from __future__ import annotations

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.scene import tags
from mint_blender.scene.model import grid_layout
from mint_blender.scene.model.grid_layout import Footprint
from mint_blender.ui import session

MINT = {"switches": ("poll-hint",), "retry_after": 0.05}


def write(*lines: str, name: str = "Prompts") -> None:
    """Add a text of these lines."""
    bpy.data.texts.new(name).write("\n".join(lines))


def roots() -> list[bpy.types.Object]:
    """Return the placed results, in the order of the prompts."""
    return sorted(
        (each for each in bpy.context.scene.objects if tags.read(each) is not None),
        key=lambda each: str(each["mint_prompt"]),
    )


def test_each_line_is_a_job(service: ThreadService) -> None:
    """Blank lines are ignored, preset and mode are those of all, results are in a row."""
    write("lamp 1", "", "   lamp 2  ", "\t", "lamp 3")
    bpy.context.scene.cursor.location = (5, 1, 0)
    assert bpy.ops.mint.batch_text(text="Prompts", preset="FAST") == {"FINISHED"}
    bodies = [entry.body for entry in service.requests("POST", "/v1/models:generate")]
    assert sorted(body["prompt"] for body in bodies) == ["lamp 1", "lamp 2", "lamp 3"]
    assert {body["generationPreset"] for body in bodies} == {"fast"}
    assert [tuple(each.location) for each in roots()] == [(5, 1, 0), (7, 1, 0), (9, 1, 0)]


def test_a_style_is_added_to_each_line(service: ThreadService) -> None:
    """It is an argument, and the form's style counts only in the dialog, where it is seen."""
    write("lamp 1", "lamp 2, clay")
    bpy.context.window_manager.mint.style = "low poly"
    assert bpy.ops.mint.batch_text(preset="FAST", style="clay") == {"FINISHED"}
    assert bpy.ops.mint.generate(prompt="lamp 3", preset="FAST") == {"FINISHED"}
    sent = [entry.body["prompt"] for entry in service.requests("POST", "/v1/models:generate")]
    assert sorted(sent) == ["lamp 1, clay", "lamp 2, clay", "lamp 3"]


def test_results_can_be_placed_manually() -> None:
    """With Place Manually nothing is imported; what is placed later is side by side, too."""
    write("lamp 1", "lamp 2")
    assert bpy.ops.mint.batch_text(text="Prompts", landing="READY") == {"FINISHED"}
    assert roots() == []
    assert [job.phase.value for job in session.service().jobs()] == ["ready", "ready"]
    for job in session.service().jobs():
        bpy.ops.mint.place(job_id=job.id)
    one, other = (grid_layout.footprint(each) for each in roots())
    assert one is not None and other is not None and not one.touches(other)


def test_worlds_are_side_by_side() -> None:
    """They are wider than the space between results, and none of them replaces the scene's background."""
    write("a hall", "a yard")
    before = bpy.context.scene.world
    assert bpy.ops.mint.batch_text(text="Prompts", kind="WORLD") == {"FINISHED"}
    one, other = (grid_layout.footprint(each) for each in roots())
    assert one is not None and other is not None and not one.touches(other)
    assert bpy.context.scene.world == before


def test_failed_lines_do_not_stop_the_others() -> None:
    """The others are imported; then the operator raises with each reason."""
    write("lamp 1", "a sword [moderation]", "lamp 2", "a mug [start-fails]")
    with pytest.raises(RuntimeError) as trouble:
        bpy.ops.mint.batch_text(text="Prompts")
    said = str(trouble.value)
    assert "2 of 4 jobs failed" in said
    assert "a sword [moderation]: Failed: Mint's moderation rejected" in said
    assert "a mug [start-fails]: Failed" in said
    assert len(roots()) == 2


def test_a_batch_stops_at_the_previews() -> None:
    """In review mode every line stops at its Preview, and that is not a failure."""
    write("lamp 1", "lamp 2")
    assert bpy.ops.mint.batch_text(text="Prompts", mode="REVIEW") == {"FINISHED"}
    assert [job.phase.value for job in session.service().jobs()] == ["review", "review"]


@pytest.mark.parametrize(
    "lines, text, sentence",
    [
        (["lamp"], "Nowhere", "There is no text “Nowhere” in this file."),
        (["", "  "], "Prompts", "This text contains no prompts"),
        (["lamp", "x" * 8001], "Prompts", "Line 2: The prompt has 8001 characters"),
    ],
)
def test_an_invalid_batch_is_refused(
    service: ThreadService, lines: list[str], text: str, sentence: str
) -> None:
    """The error comes before anything is sent."""
    write(*lines)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.mint.batch_text(text=text)
    assert not service.log()


def test_positions_of_results() -> None:
    """There are ten in a row, then the next row; a wide result moves right as far as needed."""
    assert grid_layout.cell((1, 2, 3), 0, 2) == (1, 2, 3)
    assert grid_layout.cell((1, 2, 3), 12, 2) == (5, 4, 3)
    own = Footprint(0, 1, 0, 1)
    assert grid_layout.free_shift(own, [Footprint(1, 2, 0, 1), Footprint(0, 1, 5, 6)]) == 0
    assert grid_layout.free_shift(own, [Footprint(0.5, 2, 0, 1)]) == pytest.approx(2.1)
    others = [Footprint(3, 4, 0, 1), Footprint(-1, 2.5, 0, 1)]
    assert grid_layout.free_shift(own, others) == pytest.approx(4.1)

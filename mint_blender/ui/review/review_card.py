# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the review card: a Preview as large as the window allows, and the decision about it."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import bpy

from ...jobs.job import Job
from ...jobs.paid_requests.record import PaidVerb
from ...jobs.phases import BUSY, Phase, Verb
from ...jobs.presentation.job_view import JobView
from ...jobs.service import JobService
from ...message import Message, sentences
from .. import icons, session, text_wrap
from ..account import billing_watch
from ..icons import icon_number
from ..job_list import grouped_jobs, panel, placed_results
from ..pricing import limit_dialog, paid_clicks
from ..pricing.price_dialog import left_words, with_price
from ..translations import translated
from ..typed_context import ui_scale
from . import card_state

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "review"
"""What drawing notes (`paid_clicks.note`), and the owner of the icons."""
WIDTH = 600
"""Pixels, at scale 1."""
_PADDING = 8.0  # pixels that Blender leaves around an icon, at any scale
_SHARE = 0.6
"""The most of the height of the window that the picture may have."""
_IN_A_ROW = 5
_APPROVE = 1.5  # times the height of a button

_REVISE = Message("Revise")
_APPROVE_WORD = Message("Approve")
_WITHOUT_CHANGE = Message("Approve Without This Change")
_SHOW = Message("Show")
_RETRY = Message("Retry…")
_DECIDED = {
    Verb.APPROVE.value: Message("Approved"),
    Verb.REVISE.value: Message("Your change was sent"),
}
"""What was decided; how far that is, is said as everywhere."""
_ONLY_NEWEST = Message("Only the newest Preview can be approved")
_NO_PICTURE = Message("The picture of this Preview is not here. Look at it on mint.gg first.")
_MORE_DETAIL = Message("The Preview may show more detail than the final result.")
_ONLY_NEW = Message("Once revised, only the new Preview can be approved.")


def draw(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw the card of a job, whatever has become of it since the card was opened."""
    number = card_state.shown_number(job)
    newest = card_state.newest(job)
    is_undecided = card_state.is_undecided(job)
    text = card_state.draft(job.id)
    prices = service.budget.of_review(job)
    paid_clicks.note(NAME, (job.id, number, newest, is_undecided, bool(text.strip()), prices))
    column = layout.column()
    _draw_head(column, job)
    _draw_picture(column, job, number)
    _draw_numbers(column, job, number)
    if is_undecided:
        _draw_revise(column, job, number, text, prices[Verb.REVISE])
        _draw_approve(column, job, number, text, prices[Verb.APPROVE])
    else:
        _draw_state(column, service, job)
    words = translated(_left_words(service, job)) if is_undecided else ""
    column.label(text=words, translate=False)  # always, so that nothing moves
    if number and job.phase is not Phase.FAILED:
        is_writing = is_undecided and bool(text.strip())
        words = translated(_ONLY_NEW if is_writing else _MORE_DETAIL)
        column.label(text=words, translate=False)


def _draw_head(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw what is reviewed, the ways to the other jobs that wait, and the menu.

    Below the picture the menu would have no room: the card often reaches the edge of the window.
    """
    row = layout.split(factor=0.62)
    preset = translated(Message(job.request.preset.value.title()))
    row.label(text=f"{translated(job.title)} · {preset}", translate=False)
    row = row.row(align=True)
    _draw_turning(row, neighbor(job, -1), Message("Previous"), "TRIA_LEFT")
    _draw_turning(row, neighbor(job, 1), Message("Next"), "TRIA_RIGHT")
    row.menu("MINT_MT_review", text="", icon="DOWNARROW_HLT")


def _draw_turning(row: bpy.types.UILayout, to: Job | None, words: Message, icon: str) -> None:
    button = row.row(align=True)
    button.enabled = to is not None
    button.operator(
        "mint.turn_card", text=translated(words), translate=False, icon_value=icon_number(icon)
    ).job_id = to.id if to else ""


def neighbor(job: Job, step: int) -> Job | None:
    """Return the job that waits before (-1) or after (1) this one, in order of their starts."""
    previews = grouped_jobs.grouped().previews
    others = [preview for preview in previews if (preview.created_at - job.created_at) * step > 0]
    return min(others, key=lambda preview: abs(preview.created_at - job.created_at), default=None)


def _draw_picture(layout: bpy.types.UILayout, job: Job, number: int) -> None:
    """Draw the Preview as wide as the card, unless it would be too high for the window.

    A wide one is two squares that overlap: the line with the first one has no height.
    """
    if not number:
        text_wrap.wrapped(layout, _NO_PICTURE, width=round(WIDTH * ui_scale()), icon="INFO")
        return
    path = job.previews[number - 1].path
    share = height(path)
    whole = WIDTH * ui_scale()
    # Blender's height of a button, in pixels
    unit = round(18.0 * ui_scale()) + 2.0 * float(bpy.context.preferences.system.pixel_size)
    width = min(whole - unit, _SHARE * bpy.context.window.height / share)
    side = (width * share + _PADDING) / unit
    icon_numbers = icons_of(path)
    column = layout.column(align=True)
    for place, icon in enumerate(icon_numbers):
        line = column.column(align=True)
        if place < len(icon_numbers) - 1:
            line.ui_units_y = 0.01
        row = line.row(align=True)
        row.alignment = "LEFT"
        space = row.column()
        space.ui_units_x = ((whole - width) / 2 + place * (width - width * share)) / unit
        space.label(text="")
        square = row.column()
        square.ui_units_x = side
        square.template_icon(icon_value=icon, scale=side)


def _draw_numbers(layout: bpy.types.UILayout, job: Job, shown: int) -> None:
    """Draw a button for each Preview, if there are several; the one that is shown is pressed."""
    count = len(job.previews)
    newest = card_state.newest(job)
    if count < 2:
        return
    grid = layout.grid_flow(
        columns=min(count, _IN_A_ROW), row_major=True, even_columns=True, align=True
    )
    for number in range(1, count + 1):
        words = Message("Preview {number}", number=number)
        if number == newest:
            words = Message("Preview {number} · Newest", number=number)
        button = grid.operator(
            "mint.turn_card", text=translated(words), translate=False, depress=number == shown
        )
        button.job_id = job.id
        button.preview = number
    feedback = feedback_before(job, shown) if shown > 1 else job.request.prompt
    words = Message("“{feedback}” led to Preview {number}", feedback=feedback, number=shown)
    line = text_wrap.shortened(translated(words), WIDTH * ui_scale()) if feedback else ""
    layout.label(text=line, translate=False)  # always, so that nothing moves


def feedback_before(job: Job, number: int) -> str:
    """Return the feedback that has led to a Preview; empty if there is none, or it is unknown."""
    if not number:
        return ""
    sent = [
        request
        for request in job.requests
        if request.verb is PaidVerb.REVISE and request.is_answered
    ]
    word = PurePath(job.previews[number - 1].path).stem.rpartition("-")[2]
    if len(sent) != job.revision or not word.isdigit() or not 1 < int(word) <= len(sent) + 1:
        return ""  # some were made elsewhere, or by a new attempt
    body = json.loads(sent[int(word) - 2].body or "{}")
    return str(body.get("feedback", ""))


def _draw_revise(
    layout: bpy.types.UILayout, job: Job, number: int, text: str, price: float | None
) -> None:
    """Draw the field for the feedback, and the button that sends it."""
    row = layout.split(factor=0.65, align=True)
    hint = translated(Message("What should change?"))
    row.prop(bpy.context.window_manager, "mint_feedback", text="", placeholder=hint)
    button = row.row(align=True)
    button.enabled = bool(text.strip())
    words = with_price(paid_clicks.words_on("mint.revise", _REVISE), price)
    revise = button.operator("mint.revise", text=translated(words), translate=False)
    revise.job_id = job.id
    revise.feedback = text
    revise.preview = number
    revise.credits = price or 0.0


def _draw_approve(
    layout: bpy.types.UILayout, job: Job, number: int, text: str, price: float | None
) -> None:
    """Draw the button that approves the newest Preview; why it is gray."""
    button = layout.row()
    button.scale_y = _APPROVE
    newest = card_state.newest(job)
    button.enabled = number == newest or not newest
    action = _WITHOUT_CHANGE if text.strip() else _APPROVE_WORD
    words = with_price(paid_clicks.words_on("mint.approve", action), price)
    if not button.enabled:
        words = _ONLY_NEWEST
    approve = button.operator(
        "mint.approve",
        text=translated(words),
        translate=False,
        icon_value=icon_number("CHECKMARK"),
    )
    approve.job_id = job.id
    approve.preview = newest
    approve.draft = text
    approve.credits = price or 0.0


def _left_words(service: JobService, job: Job) -> str:
    """Return how many Credits Approve leaves free; empty if that is unknown.

    What Mint has reserved of its price before is not taken once more.
    """
    free = billing_watch.free()
    price = service.budget.of_review(job)[Verb.APPROVE]
    taken = service.budget.taken_by_approval(job)
    if free is None or price is None or taken is None:
        return ""
    words = left_words(free, taken)
    if price == taken:
        return words
    reserved = Message("{credits:,.0f} Credits of this are reserved.", credits=price - taken)
    return sentences(reserved, words)


def _draw_state(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw what was decided, or what became of the job, as high as the buttons were."""
    view = placed_results.view_of(service, job)
    words, share = panel.state_of(service, view)
    has_ended = job.phase in {Phase.PLACED, Phase.FAILED}
    head = words if has_ended else _DECIDED.get(_last_verb(job), "")
    icon = icon_number("INFO" if head else "NONE")
    layout.label(text=translated(head), translate=False, icon_value=icon)
    row = layout.row(align=True)
    row.scale_y = _APPROVE
    if view.job.phase is Phase.PLACED and not view.folder:
        show = row.operator("mint.select_result", text=translated(_SHOW), translate=False)
        show.job_id = job.id
        return
    if job.phase is Phase.FAILED:
        _draw_failure(layout, row, view)
        return
    if share is not None:
        row.progress(text=translated(words), translate=False, factor=share)
    else:
        row.label(text=translated(words), translate=False)


def _draw_failure(layout: bpy.types.UILayout, row: bpy.types.UILayout, view: JobView) -> None:
    """Draw the button that starts the job again, and why it has failed."""
    if Verb.RETRY in view.verbs:
        retry = row.operator("mint.retry", text=translated(_RETRY), translate=False)
        retry.job_id = view.job.id
    if view.problem:
        text_wrap.wrapped(layout, view.problem, width=round(WIDTH * ui_scale()))


def _last_verb(job: Job) -> str:
    """Return what was decided last, while that is being done."""
    if job.decision is not None:
        return job.decision.verb.value
    return job.requests[-1].verb.value if job.phase in BUSY and job.requests else ""


SIDE = 1024
"""The most pixels of the longer side that are kept of a picture."""

_MOST_PIXELS = 4096 * 4096
_MOST_OTHERS = 8
_RIGHT = " right"  # in the name of the icon of the right end


class _State:
    def __init__(self) -> None:
        self.heights: dict[str, float | None] = {}
        """By file: the height of the picture as a share of its width; None: it cannot be read."""

    def close(self) -> None:
        """Forget the files, so that nothing is painted any more."""
        self.heights.clear()


def _heights() -> dict[str, float | None]:
    return session.state(_State).heights


def height(path: str) -> float:
    """Return how high a picture is drawn, as a share of its width: at most 1."""
    return _heights().get(path) or 1.0


def icons_of(path: str) -> tuple[int, ...]:
    """Return the icon number of a Preview, or those of the left and right end of a wide one."""
    ends = (icons.cache().icon(NAME, path), icons.cache().icon(NAME, path + _RIGHT))
    return tuple(filter(None, ends)) or (icons.of_file(path),)


def keep(job: Job) -> None:
    """Make the icons of the Previews of a job, and free those that were shown long ago.

    An open card may still draw those that were shown last, also while it is being closed.
    """
    heights = _heights()
    wanted = [preview.path for preview in job.previews]
    for path in wanted:
        heights[path] = heights.pop(path) if path in heights else _make(path)
    for path in list(heights)[: -len(wanted) - _MOST_OTHERS]:
        del heights[path]
        icons.cache().erase(NAME, path)
        icons.cache().erase(NAME, path + _RIGHT)


def follow(service: JobService) -> None:
    """Make the icon of a Preview that arrives, and close the card when the result is placed."""
    if _heights():
        job = next((job for job in service.jobs() if job.id == card_state.shown_id()), None)
        if job is not None:
            keep(job)
            if job.phase is Phase.PLACED:
                _close_card()


def _close_card() -> None:
    """Close the card, which would cover its result; not below a dialog that asks for Credits."""
    key = card_state.window()
    if key and limit_dialog.in_front() is None:
        card_state.opened(0)
        limit_dialog.close_popups(key)


def _make(path: str) -> float | None:
    """Make the icons of a picture; return the height of both as a share of their width."""
    pixels = _read(path)
    if pixels is None:
        return None
    _paint(path, pixels)
    rows, columns = pixels.shape[:2]
    return rows / columns if _is_wide(pixels) else 1.0


def _paint(path: str, pixels: NDArray[np.float32]) -> None:
    if _is_wide(pixels):
        rows = len(pixels)
        icons.cache().paint(NAME, path, pixels[:, :rows])
        icons.cache().paint(NAME, path + _RIGHT, pixels[:, -rows:])
    else:
        icons.cache().paint(NAME, path, in_square(pixels))


def _is_wide(pixels: NDArray[np.float32]) -> bool:
    """Return whether two squares are drawn."""
    rows, columns = pixels.shape[:2]
    return rows < columns <= 2 * rows


def _read(path: str) -> NDArray[np.float32] | None:
    """Return the pixels of a picture: rows from below, RGBA from 0 to 1; None: not readable.

    A large one is scaled down to `SIDE`.
    """
    import numpy as np

    try:
        image = bpy.data.images.load(path)
    except RuntimeError:  # it was deleted
        return None
    try:
        width, height = image.size
        if not 0 < width * height <= _MOST_PIXELS or image.is_float or image.channels != 4:
            return None
        share = SIDE / max(width, height)
        if share < 1.0:
            image.scale(max(1, round(width * share)), max(1, round(height * share)))
            width, height = image.size
        stored: Any = image.pixels
        pixels = np.empty(width * height * 4, np.float32)
        stored.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)


def in_square(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture in the middle of a transparent square."""
    import numpy as np

    rows, columns = pixels.shape[:2]
    side = max(rows, columns)
    square = np.zeros((side, side, 4), np.float32)
    below = (side - rows) // 2
    left = (side - columns) // 2
    square[below : below + rows, left : left + columns] = pixels
    return square

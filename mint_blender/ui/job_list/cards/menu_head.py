# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw on top of a job's menu what its line has no room for: state, cost, files and notes."""

from __future__ import annotations

import bpy

from ....jobs.job import Job
from ....jobs.phases import Phase
from ...text_wrap import wrapped
from ...translations import translated
from ...typed_context import ui_scale
from .. import card_texts
from ..card_texts import CardTexts

WIDTH = 420
"""Pixels, at scale 1, of the lines of a note."""


def draw(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw it for a job that has a line; a card says it all by itself."""
    if job.phase not in {Phase.PLACED, Phase.CANCELED}:
        return
    texts = card_texts.of(job)
    layout.label(text=_headline(texts), translate=False)
    width = int(WIDTH * ui_scale())
    for name in texts.saved:
        layout.label(text=name, translate=False, icon="FILE")
    for note in texts.notes:
        wrapped(layout, note, width=width, icon="INFO", most=6)
    layout.separator()


def _headline(texts: CardTexts) -> str:
    return "  ·  ".join(translated(each) for each in (texts.state, texts.cost) if each)

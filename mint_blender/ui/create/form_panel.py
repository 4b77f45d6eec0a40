# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the form for a new generation, and the section *Options* with what is rarely changed."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...jobs.queries import Balance, Query
from ...jobs.service import JobService
from ...message import Message
from ...mint.generation_request import GenerationRequest, default_prompt
from ...mint.schema import Kind
from .. import session, text_wrap
from ..account import billing_watch
from ..icons import icon_number
from ..pricing import paid_clicks, price_dialog
from ..references import operators as references
from ..selection import panel as selection_panel
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import scene_of
from . import motion_choice, saved_settings
from . import properties as create_properties

_ASKING = Message("Asking Mint for the price…")
_UNAVAILABLE = Message("Price unavailable")
_HINT = Message("Describe what to generate")
_ANIMATE = Message("Animate Afterwards (Beta)")
_BESIDE_GENERATE = 80.0
"""Pixels of a sidebar, at scale 1, that the words on the large button cannot have."""


def draw(layout: bpy.types.UILayout, fields: create_properties.MintForm, *, width: int) -> None:
    """Draw what to generate, how, and the button with its price."""
    layout.row().prop(fields, "kind", expand=True)
    _draw_prompt(layout, fields)
    request = create_properties.request_of(fields)
    layout.prop(fields, "preset", text="")
    row = layout.row()
    row.prop(fields, "review")
    if style := fields.style.strip():
        _draw_style(row, style)
    _draw_generate(layout, fields, request, width)


def _draw_prompt(layout: bpy.types.UILayout, fields: create_properties.MintForm) -> None:
    """Draw the field, and the menu with all that can be put into it."""
    row = layout.row(align=True)
    # pictures get a prompt without one
    hint = default_prompt(Kind[fields.kind]) if references.sources() else _HINT
    row.prop(fields, "prompt", text="", placeholder=translated(hint))
    row.menu("MINT_MT_prompts", text="", icon="ADD")


def _draw_style(line: bpy.types.UILayout, style: str) -> None:
    """Draw the words that are added to the prompt, with a button to leave them out.

    They are in a line that is always there, so that choosing a style moves nothing.
    """
    row = line.row(align=True)
    row.label(text=style, translate=False, icon="ADD")
    row.operator("mint.use_style", text="", icon="X", emboss=False).words = ""


def _draw_generate(
    layout: bpy.types.UILayout,
    fields: create_properties.MintForm,
    request: GenerationRequest,
    width: int,
) -> None:
    """Draw the button with its price, further costs, and a line that is always there."""
    service = session.existing_service()
    queries = create_properties.prices_of(fields)
    price = service.budget.total(queries) if service else None
    column = layout.column()
    column.scale_y = 1.5
    label = paid_clicks.words_on("mint.generate_from_form", Message("Generate"))
    whole = label if price is None else price_dialog.with_price(label, price)
    room = width - text_wrap.scaled(_BESIDE_GENERATE)
    is_narrow = text_wrap.width_of(translated(whole)) > room
    paid_clicks.note("form", price)
    column.operator(
        "mint.generate_from_form",
        text=translated(label if is_narrow else whole),
        translate=False,
        icon_value=icon_number("PLAY"),
    )
    if is_narrow and price is not None:
        line = layout.row()
        line.alignment = "CENTER"
        credits = Message("{credits:,.0f} Credits", credits=price)
        line.label(text=translated(credits), translate=False)
    _draw_extras(layout, fields)
    complaint = create_properties.complaint(fields, request)
    if complaint and (request.prompt or request.images):
        wrapped(layout.column(align=True), complaint, icon="ERROR", width=width, scale=1.0)
    else:
        _draw_left(layout, fields, queries, price, width)


def _draw_extras(layout: bpy.types.UILayout, fields: create_properties.MintForm) -> None:
    """Draw what was chosen in *Options* that costs more, each with a button to leave it out.

    That section may be closed.
    """
    service = session.existing_service()
    for name, words, queries in create_properties.extras_of(fields):
        price = service.budget.total(queries) if service is not None and queries else None
        row = layout.row(align=True)
        text = price_dialog.with_price(words, None) if queries else words
        if price is not None:  # first, as what comes last may be cut off
            text = Message("{credits:,.0f} Credits · {extra}", credits=price, extra=words)
        row.label(text=translated(text), translate=False, icon="ADD")
        row.operator("mint.drop_extra", text="", icon="X", emboss=False).name = name


def _draw_left(
    layout: bpy.types.UILayout,
    fields: create_properties.MintForm,
    queries: Sequence[Query],
    price: float | None,
    width: int,
) -> None:
    """Draw how many Credits are left after this, or missing; or why that is not known (yet)."""
    row = layout.row()
    words = Message("")
    service = session.existing_service()
    free = billing_watch.free()
    if service is not None and any(map(service.queries.is_pending, queries)):
        words = _ASKING
    elif service is not None and price is None and _are_answered(service, queries):
        model = price_dialog.without_motions(queries)  # that of the model alone may be known
        words = _UNAVAILABLE if model is None else price_dialog.and_motions(model)
    elif service is not None and price is not None and free is not None:
        row.alert = price > free
        words = price_dialog.left_words(free, price)
        if text_wrap.width_of(translated(words)) > width - text_wrap.scaled(text_wrap.PANEL):
            wrapped(row, price_dialog.short_left_words(free, price), width=width, scale=1.0)
            return
    row.label(text=translated(words), translate=False)


def _are_answered(service: JobService, queries: Sequence[Query]) -> bool:
    replies = [service.queries.answers.get(query) for query in queries]
    return all(reply is not None and reply.answer is not None for reply in replies)


def ask_price() -> bool:
    """Ask for the price and the balance that the form shows.

    Called after the form was drawn. Returns True while it is too early, as the user is still
    changing the form.
    """
    if saved_settings.pause_left() > 0:
        return True
    form = create_properties.of(bpy.context)
    price_dialog.ask_unknown(*create_properties.prices_of(form), Balance())
    if (query := selection_panel.price_shown(bpy.context)) is not None:
        price_dialog.ask_unknown(query)
    return False


def draw_options(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw name, place, size, pose and parts."""
    fields = create_properties.of(context)
    layout.use_property_split = True
    layout.use_property_decorate = False
    layout.prop(fields, "name", placeholder="From the prompt")
    place = layout.row()
    place.enabled = not (fields.original and fields.is_beside)
    place.prop(fields, "place")
    if fields.original:
        layout.prop(fields, "is_beside")
    if fields.place == "SELECTED" and place.enabled:
        _draw_box(layout, fields, context)
    if fields.kind == "MODEL":
        _draw_model(layout, fields)
    else:
        layout.prop(fields, "splats")
        layout.prop(fields, "panorama", text="Panorama as World")
    if create_properties.is_character(fields):
        _draw_motions(layout, fields, context.region.width)


def _draw_motions(
    layout: bpy.types.UILayout, fields: create_properties.MintForm, width: int
) -> None:
    """Draw whether the character is animated, and which motions it gets; last, as it grows."""
    column = layout.column()
    column.use_property_split = False
    column.prop(fields, "animate", text=translated(_ANIMATE), translate=False)
    if fields.animate:
        motion_choice.draw(column, fields)
        motion_choice.draw_catalog(column, width)


def _draw_box(
    layout: bpy.types.UILayout, fields: create_properties.MintForm, context: bpy.types.Context
) -> None:
    """Draw into which box the result is fitted, and how."""
    box = create_properties.box_of(fields, context)
    active = context.active_object
    if box is None or active is None:
        words = Message("Select the object that the result shall replace.")
        wrapped(layout, words, width=context.region.width, icon="INFO")
        return
    size = selection_panel.size_words(box.size, scene_of(context))
    words = Message("Fits into {name}, {size}", name=active.name, size=size)
    wrapped(layout, words, width=context.region.width, icon="OBJECT_DATA")
    if fields.kind == "MODEL":
        layout.row().prop(fields, "fit", expand=True)


def _draw_model(layout: bpy.types.UILayout, fields: create_properties.MintForm) -> None:
    """Draw height and pose; a box gives a height already."""
    if fields.place != "SELECTED":
        row = layout.row(heading="Scale to Height")
        row.prop(fields, "use_height", text="")
        sub = row.row()
        sub.active = fields.use_height
        sub.prop(fields, "height", text="")
    layout.prop(fields, "pose")

# SPDX-License-Identifier: GPL-3.0-or-later
"""How the preferences look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import bpy

from ..jobs.questions import Balance
from ..mint.accounting import Usage
from ..mint.origin import DEFAULT_BASE_URL
from . import current, disk, form, job_card
from .preferences import MintPreferences, base_url_from_environment, key_from_environment
from .translations import translated
from .wrapping import wrapped


def draw(layout: bpy.types.UILayout, stored: MintPreferences) -> None:
    """Account, usage, disk, advanced."""
    _draw_account(layout.box())
    if current.account().key:
        _draw_usage(layout.box())
    _draw_defaults(layout.box())
    _draw_disk(layout.box())
    _draw_advanced(layout.box(), stored)


def _draw_account(box: bpy.types.UILayout) -> None:
    box.label(text="Account", icon="USER")
    if key_from_environment():
        wrapped(box, "The key comes from the environment variable MINT_API_KEY, which wins over the field.", icon="INFO")
    job_card.draw_key(box)
    wrapped(box, "Blender keeps the key unencrypted in your user preferences. MINT_API_KEY in the environment is the other way.")
    online = current.may_go_online()
    row = box.row()
    row.label(text="Online access is on" if online else "Online access is off", icon="INTERNET" if online else "INTERNET_OFFLINE")
    if not online:
        row.operator("mint.open_online_preference", icon="PREFERENCES")


def _draw_usage(box: bpy.types.UILayout) -> None:
    """What Mint says about Credits, subscription and totals, as far as it says it."""
    row = box.row()
    row.label(text=translated("Usage"), icon="GRAPH")
    row.operator("mint.refresh_account", text="Refresh", icon="FILE_REFRESH")
    board = current.existing()
    answered = board.answers.get(Balance()) if board else None
    if answered is None:
        box.label(text="Not read yet.")
    elif answered.complaint:
        wrapped(box, answered.complaint, icon="ERROR")
    elif isinstance(answered.answer, Usage):
        column = box.column(align=True)
        for name, value in _usage_lines(answered.answer):
            line = column.split(factor=0.4)
            line.label(text=translated(name))
            line.label(text=value)
        box.label(text=translated(f"Read at {answered.at:%H:%M}"), icon="TIME")


def _usage_lines(usage: Usage) -> Iterator[tuple[str, str]]:
    credits = usage.credits
    kinds = (
        ("Credits available", credits.total_available),
        ("Included", credits.included),
        ("Topped up", credits.top_up),
        ("Bonus", credits.bonus),
    )
    yield from ((name, f"{amount:,.0f}") for name, amount in kinds if amount is not None)
    for title, values in (("Subscription", usage.subscription), ("API", usage.api_usage)):
        yield from ((f"{title}: {name}", text) for name, text in _plain(values or {}))


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")  # of a moment, a person wants to know the day


def _plain(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        if isinstance(value, bool) or value is None or isinstance(value, Mapping):
            continue
        text = f"{value:,.0f}" if isinstance(value, int | float) else str(value)
        yield words, text[:10] if _MOMENT.match(text) else text


def _draw_defaults(box: bpy.types.UILayout) -> None:
    """The form itself: what was used last is what comes next, and here it can be looked at and changed."""
    box.label(text="Defaults", icon="PRESET")
    fields = form.of(bpy.context)
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in ("kind", "preset", "review", "place", "pose", "splats"):
        column.prop(fields, name)


def _draw_disk(box: bpy.types.UILayout) -> None:
    box.label(text="Downloads and Journal", icon="DISK_DRIVE")
    row = box.row()
    row.label(text=str(current.home()))
    row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = str(current.home())
    row = box.row()
    row.label(text=translated(disk.size_in_words()))
    row.operator("mint.measure_downloads", text=translated("Measure"), icon="FILE_REFRESH")
    row.operator("mint.clear_downloads", text="Clear", icon="TRASH")


def _draw_advanced(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    icon: Any = "DOWNARROW_HLT" if stored.show_advanced else "RIGHTARROW"
    box.prop(stored, "show_advanced", icon=icon, emboss=False)
    if stored.show_advanced:
        row = box.row()
        row.enabled = not base_url_from_environment()
        row.prop(stored, "base_url", placeholder=DEFAULT_BASE_URL)
        if base_url_from_environment():
            wrapped(box, "MINT_API_BASE_URL in the environment wins over the field.", icon="INFO")
        box.label(text=translated(f"Log: {disk.log_file()}"))

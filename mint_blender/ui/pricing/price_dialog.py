# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dialog or the form says about a price.

Mint is asked when a dialog opens or changes, never while it is drawn. An open dialog is drawn again
when the answer is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import bpy

from ...addon_settings import may_go_online
from ...jobs.queries import AnimationPrice, Query
from ...jobs.service import JobService
from ...message import Message, UserError
from .. import heartbeat, session


def with_price(words: Message, price: float | None, queries: Sequence[Query] = ()) -> Message:
    """Return the label of a button that spends: what it does, and what that costs in Credits.

    Where the price is unknown, that of the queries but for their motions may be known.
    """
    if price is not None:
        return Message("{action} · {credits:,.0f} Credits", action=words, credits=price)
    if (base_price := without_motions(queries)) is not None:
        return Message("{action} · {price}", action=words, price=and_motions(base_price))
    return Message("{action} · Price Unknown", action=words)


def without_motions(queries: Sequence[Query]) -> float | None:
    """Return the price of all but the motions among these, in Credits.

    None: it is unknown, or there are no motions.
    """
    service = session.existing_service()
    others = [query for query in queries if not isinstance(query, AnimationPrice)]
    if service is None or not 0 < len(others) < len(queries):
        return None
    return service.budget.total(others)


def and_motions(credits: float) -> Message:
    """Return the price of all but the motions, whose price Mint does not return."""
    return Message("{credits:,.0f} Credits + motions", credits=credits)


def left_words(free: float, price: float) -> Message:
    """Return how many Credits are free, and how many after this; or how many are missing."""
    if price > free:
        return short_left_words(free, price)
    return Message(
        "{free:,.0f} Credits free, after this: {left:,.0f}", free=free, left=free - price
    )


def short_left_words(free: float, price: float) -> Message:
    """Return the same for a narrow sidebar: only how many Credits are free after this."""
    if price > free:
        return Message("{credits:,.0f} Credits short", credits=price - free)
    return Message("After this: {left:,.0f}", left=free - price)


def ask(*queries: Query) -> str | None:
    """Send queries to Mint; return why that is not possible, or None."""
    if not may_go_online():
        return session.OFFLINE
    try:
        service = session.service()
    except UserError as error:
        return str(error)
    for query in queries:
        service.queries.ask(query)
    heartbeat.listen()
    heartbeat.redraw()
    return None


def ask_unknown(*queries: Query) -> None:
    """Send the queries whose answer is unknown or too old, if anything can be sent."""
    missing = unknown(*queries)
    if missing and may_go_online() and session.account().key:
        ask(*missing)


def unknown(*queries: Query) -> list[Query]:
    """Return the queries that have no answer and are not pending."""
    service = session.existing_service()
    return [
        query
        for query in queries
        if service is None or not (service.budget.known(query) or service.queries.is_pending(query))
    ]


@dataclass
class _State:
    regions: dict[bpy.types.Region, None] = field(default_factory=dict)
    """The regions of dialogs that were drawn, the last opened last; some may be closed by now."""
    pending: frozenset[Query] = frozenset()
    """The queries that were pending at the last call of `refresh`."""


def _state() -> _State:
    return session.state(_State)


def note(region: bpy.types.Region | None) -> None:
    """Note the region of a dialog that is being drawn; None if it is no popup."""
    if region is not None:
        _state().regions.setdefault(region)


def refresh(service: JobService) -> None:
    """Redraw the open dialogs if another answer has arrived since the last call."""
    state = _state()
    before, state.pending = state.pending, service.queries.pending()
    if state.pending == before:
        return
    redraw_popups()


def redraw_popups() -> None:
    """Redraw the open dialogs, and the review card."""
    state = _state()
    state.regions = {region: None for region in state.regions if _is_open(region)}
    for region in state.regions:
        region.tag_redraw()
        region.tag_refresh_ui()


def forget() -> None:
    """Forget all regions: another file was opened, and its screens are others."""
    _state().regions.clear()


def _is_open(region: bpy.types.Region) -> bool:
    """Return whether a window still has this region, as a popup.

    Blender compares its address with those of the window's regions and reads nothing of it. By now
    another region may have that address: then it is no popup.
    """
    for window in bpy.context.window_manager.windows:
        try:
            with bpy.context.temp_override(window=window, region=region):
                return region.type == "TEMPORARY"
        except TypeError:
            continue
    return False

# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the open file, and what may have changed between two looks at it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import bpy

from . import facts
from .context import active, mode, scene


class Snapshot(NamedTuple):
    """The objects of the user, the results by job, and where the user is."""

    own: frozenset[str]
    results: Counter[str]
    here: tuple[str, str, str | None]
    """The scene, the mode, and the active object."""
    hidden: frozenset[str] = frozenset()
    """The objects of the user that are hidden in renders."""
    made_way: frozenset[str] = frozenset()
    """The cubes of new files that were hidden for their first results."""


class Placement(NamedTuple):
    """A result that was placed: the job, and whether it replaces an earlier version."""

    job: str
    replaces: bool
    block_out: str | None = None
    """The object that it has hidden to take its place."""


class _State:
    placed: list[Placement]
    last_placed: Placement | None = None


_state = _State()
_state.placed = []


def take() -> Snapshot:
    """Look at all scenes."""
    there = {each.name: each for one in bpy.data.scenes for each in one.objects}
    results = Counter(each["mint_job_id"] for each in there.values() if "mint_job_id" in each)
    own = {name: each for name, each in there.items() if not _is_of_mint(each)}
    hidden = frozenset(name for name, each in own.items() if each.hide_render)
    name = active().name if active() is not None else None
    made_way = frozenset(each["mint_hidden"] for each in there.values() if "mint_hidden" in each)
    return Snapshot(frozenset(own), results, (scene().name, mode(), name), hidden, made_way)


def _is_of_mint(each: Any) -> bool:
    """Return whether an object belongs to a result or to its Picture; a block-out does not."""
    if each.name.startswith("Mint Picture"):
        return True
    while each is not None:
        if any(key.startswith("mint_") and key != "mint_model" for key in each.keys()):
            return True
        each = each.parent
    return False


def note_placed(placement: Placement) -> None:
    """Note that the add-on has placed a result."""
    _state.placed.append(placement)
    _state.last_placed = None if placement.replaces else placement


def last_placed() -> Placement | None:
    """Return the placement that is the last thing that has changed the file."""
    return _state.last_placed


def forget_last_placed() -> None:
    """Note that something else has changed the file."""
    _state.last_placed = None


def take_placements() -> list[Placement]:
    """Return what was placed since the last call."""
    found, _state.placed = _state.placed, []
    return found


def check_added(before: Snapshot, now: Snapshot, placed: list[Placement], when: str) -> None:
    """Complain about a result that came without having been placed: it is there twice."""
    allowed = before.results + Counter(each.job for each in placed)
    copies = len(placed) if any(each.replaces for each in placed) else 0
    for job, count in now.results.items():
        # a version that replaces several copies is placed once for each of them
        most = max(allowed[job], sum(before.results.values()) if copies else 0)
        if count > most:
            facts.complain(f"{when}: {count} results of the job {job}, expected {allowed[job]}")


def check_kept(before: Snapshot, now: Snapshot, placed: list[Placement], when: str) -> None:
    """Complain if the add-on has changed more than it may: it adds, and replaces on request."""
    if lost := before.own - now.own:
        facts.complain(f"{when}: objects of the user are gone: {sorted(lost)}")
    replaces = any(each.replaces for each in placed)
    if not replaces and (gone := before.results - now.results):
        facts.complain(f"{when}: results are gone: {dict(gone)}")
    if not placed and before.here != now.here:
        facts.complain(f"{when}: scene, mode and active object were {before.here}, now {now.here}")
    may_hide = {each.block_out for each in placed} | now.made_way
    if hidden := (now.hidden & before.own) - before.hidden - may_hide:
        facts.complain(f"{when}: objects of the user were hidden: {sorted(hidden)}")
    if before.here[1] != "OBJECT" and before.here[:2] != now.here[:2]:
        facts.complain(f"{when}: the mode was {before.here}, now it is {now.here}")


def check_undone(before: Snapshot, now: Snapshot, placed: Placement) -> None:
    """Complain unless an undo has removed one result, shown its block-out, and nothing else."""
    job = placed.job
    if before.results - Counter([job]) != now.results:
        facts.complain(
            f"an undo after placing {job}: {before.results} {before.here}, then {now.results}"
            f" {now.here}"
        )
    if before.own != now.own:
        facts.complain(f"an undo after placing {job} changed objects: {before.own ^ now.own}")
    may_show = before.made_way | {placed.block_out}
    if placed.block_out in now.hidden or before.hidden - now.hidden - may_show:
        facts.complain(f"an undo after placing {placed}: hidden {before.hidden}, then {now.hidden}")


def check_same(before: Snapshot, now: Snapshot) -> None:
    """Complain if undo and redo do not lead back."""
    if (before.own, before.results) != (now.own, now.results):
        facts.complain(f"undo and redo do not lead back: {before}, then {now}")


def check_adjusted(before: Snapshot, now: Snapshot) -> None:
    """Complain if an adjustment has removed a result that was placed since."""
    if last_placed() is not None and before.results - now.results:
        facts.complain(f"an adjustment has removed a result: {before.results}, {now.results}")

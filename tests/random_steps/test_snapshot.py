# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks after each step find what the add-on must not change."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

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
    changed: list[dict[str, Any]] = [
        {"own": frozenset()},
        {"results": Counter()},
        {"here": edited},
    ]
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

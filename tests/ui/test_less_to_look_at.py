# SPDX-License-Identifier: GPL-3.0-or-later
"""How much there is to click: what is added somewhere has to take something away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.scene import tags
from mint_blender.scene.world import splats
from mint_blender.ui import menus, panel
from mint_blender.ui.account import billing_watch, preferences
from mint_blender.ui.job_list import list_operators
from mint_blender.ui.worlds import operators as worlds

from .drawings import Draw, Layout, calls_of, in_class, sidebar
from .sample_jobs import a_job

_CLICKABLE = {"operator", "operator_menu_enum", "menu", "panel", "prop", "prop_search"}


def count(draw: Draw, *more: Any) -> int:
    """Return how many things can be clicked in what is drawn, with all sections closed."""
    return sum(call[0] in _CLICKABLE for call in calls_of(draw, *more, is_open=False))


def test_the_tab_of_a_new_user(job_service: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve things, with the gear in the header, and a button for each of both kinds."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    second_kind = 1
    header = count(in_class(panel.MINT_PT_main.draw_header_preset), sidebar())
    body = count(in_class(panel.MINT_PT_main.draw), sidebar())
    assert header + body + second_kind == 12


@pytest.mark.parametrize(("width", "expected"), [(300, "998 Credits"), (180, "998"), (140, "")])
def test_the_balance_gives_way_to_the_title(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, width: int, expected: str
) -> None:
    """In a narrow sidebar its unit is left out, then the number, which the form shows as well."""
    import blf

    blf.size(0, 11.0)  # without a window the interface has a scale of nothing
    monkeypatch.setattr(panel, "is_ready", lambda: True)
    monkeypatch.setattr(billing_watch, "free", lambda: 998.0)
    calls = calls_of(in_class(panel.MINT_PT_main.draw_header_preset), sidebar(width=width))
    assert [text for name, *_, text, _ in calls if name == "label"] == [expected]


def test_the_menus(job_service: JobService) -> None:
    """Jobs has four entries, a World five, a job five."""
    assert count(in_class(menus.MINT_MT_jobs.draw), bpy.context) == 4
    native = 1 if splats.has_native() else 0
    assert count(in_class(worlds.MINT_MT_world.draw), sidebar()) == 5 + native
    (job,) = job_service.cache.add(a_job(Phase.PLACED))
    menu = list_operators.draw_job_menu
    assert count(menu, job_service.view(job), False) == 5


def test_the_preferences(job_service: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten things, with each limit a switch and a number."""
    monkeypatch.setattr(preferences, "wrapped", lambda *words, **options: None)
    values = {"api_key": "key", "base_url": ""}
    limits = {"limit_each": 0, "limit_day": 0}

    def draw(layout: Layout) -> None:
        stored = SimpleNamespace(layout=layout, **values, **limits)
        preferences.MintPreferences.draw(stored, bpy.context)  # type: ignore[arg-type]

    key = 1  # its field, which is drawn if the add-on is installed
    assert count(draw) + key <= 10


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a lamp", "lamp"),
        ("A", "A"),
        ("the old mill", "old mill"),
        ("a small ceramic lamp with an orange shade", "small ceramic lamp"),
        ("a small old wooden treasure chest with brass fittings", "wooden treasure chest"),
        ("a lamp with an orange shade", "lamp"),
        ("a house of glass in a forest", "house of glass"),
        ("a large old statue of a lion", "large old statue"),
        ("the old house of red glass", "old house"),
        ("old chest, rusty, with gold", "old chest"),
        ("a a a a", "a"),
        (", , , ,", "Mint model"),
    ],
)
def test_a_result_has_a_short_name(prompt: str, name: str) -> None:
    """It names what the prompt is about; a name from Mint is used as it is."""
    assert tags.Provenance(prompt=prompt).title == name
    assert tags.Provenance(prompt=prompt, name=prompt).title == name
    assert tags.Provenance(prompt=prompt, name="My own long name").title == "My own long name"

# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key of the preferences is not sent to an unconfirmed address of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import mint_blender  # noqa: E402 - needs bpy
from mint_blender import addon_settings  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.account import preferences as account_preferences  # noqa: E402


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Return add-on preferences with a key, as those of an installed add-on."""
    stored = SimpleNamespace(
        api_key="sk-stored",
        base_url="",
        confirmed_origins="https://one.example",
        limit_each=0,
        limit_day=0,
        log_level="WARNING",
    )
    for module in (addon_settings, account_preferences):
        monkeypatch.setattr(module, "preferences", lambda: stored)
    monkeypatch.delenv("MINT_API_KEY", raising=False)
    monkeypatch.setenv("MINT_API_BASE_URL", "https://two.example/v1")
    mint_blender.register()
    yield stored
    mint_blender.unregister()


@pytest.mark.covers("S-key-address")
def test_the_key_is_withheld_until_the_address_is_confirmed(stored: SimpleNamespace) -> None:
    """One click confirms one server; another server needs another click."""
    assert (session.account().key, session.account().withheld_from) == ("", "https://two.example")
    assert bpy.ops.mint.confirm_address() == {"FINISHED"}
    assert stored.confirmed_origins == "https://one.example https://two.example"
    assert (session.account().key, session.account().withheld_from) == ("sk-stored", "")
    assert bpy.ops.mint.confirm_address() == {"CANCELLED"}, "there is nothing to confirm any more"

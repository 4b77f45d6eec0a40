# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh profile: what is missing is shown one thing at a time, with the button that helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

SAID = "part('ui.session').existing_service().queries.answers"


def test_first_run(open_blender: Callable[..., BlenderWindow], service: Service) -> None:
    """Without a key the tab says how to get one; a wrong key can be corrected."""
    before = len(service.log())
    blender = open_blender(key=None)
    blender.open_sidebar()
    assert not any("generate" in button for button in blender.wide_buttons())
    blender.write("(field)", "mint_wrong")
    blender.find("mint.confirm_address")
    sent = service.log()[before:]
    assert sent == [], "the environment names an address that nobody has confirmed"
    blender.click("mint.confirm_address")
    blender.click("mint.refresh_account")
    blender.wait(f"any(said.error for said in {SAID}.values())")
    blender.display.still()
    refused = blender.wide_buttons()
    assert not any("generate" in button for button in refused), "a refused key has no form"
    assert any("wm.url_open" in button for button in refused), "a key can be created"
    blender.write("(field)", service.key)
    blender.wait(f"any(said.answer for said in {SAID}.values())")
    blender.find("mint.generate_from_form")

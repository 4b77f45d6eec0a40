# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh profile: what is missing is shown one thing at a time, with the button that helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

SAID = "part('ui.session').existing_service().queries.answers"


def test_online_access_off(open_blender: Callable[..., BlenderWindow], service: Service) -> None:
    """A fresh Blender may not go online: nothing is sent until the button allows it."""
    blender = open_blender(online=False)
    blender.open_sidebar()
    blender.find("userpref_allow_online")
    blender.screenshot("online_access_off")
    assert not any("generate" in button for button in blender.wide_buttons())
    assert service.log() == []
    blender.click("userpref_allow_online")
    assert blender.ask("bpy.context.preferences.system.use_online_access")
    blender.find("mint.generate_from_form")
    blender.screenshot("online_access_allowed")
    # what the form asks is answered before the next test reads the log of the service
    blender.wait(
        "job_service() and job_service().budget.balance and not job_service().has_active_work"
    )


def test_first_run(open_blender: Callable[..., BlenderWindow], service: Service) -> None:
    """Without a key the tab says how to get one; a wrong key can be corrected."""
    before = len(service.log())
    blender = open_blender(key=None)
    blender.open_sidebar()
    blender.screenshot("first_run")
    assert not any("generate" in button for button in blender.wide_buttons())
    blender.write("(field)", "mint_wrong")
    blender.find("mint.confirm_address")
    sent = service.log()[before:]
    assert sent == [], "the environment names an address that nobody has confirmed"
    blender.screenshot("first_run_address")
    blender.click("mint.confirm_address")
    blender.click("mint.check_key")
    blender.wait(f"any(said.error for said in {SAID}.values())")
    blender.display.still()
    blender.screenshot("first_run_wrong_key")
    refused = blender.wide_buttons()
    assert not any("generate" in button for button in refused), "a refused key has no form"
    assert any("wm.url_open" in button for button in refused), "a key can be created"
    blender.write("(field)", service.key)
    blender.wait(f"any(said.answer for said in {SAID}.values())")
    blender.find("mint.generate_from_form")
    blender.screenshot("first_run_right_key")

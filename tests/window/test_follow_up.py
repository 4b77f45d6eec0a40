# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after a generation: the job's menu, dialogs with prices, and conversions."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window


def made(blender: BlenderWindow, prompt: str = "a ceramic lamp", **more: str) -> dict[str, str]:
    """Place a model and return the ids of its job and of the model."""
    arguments = {"preset": "FAST", "mode": "AUTO", "kind": "MODEL", **more}
    assert blender.call("mint.generate", prompt=prompt, **arguments) == ["FINISHED"]
    job = blender.wait_for("placed")
    asset = blender.ask("part('jobs.job').asset_of(job_service().job(id))", id=job["id"])
    return {"job": job["id"], "asset": asset}


def test_the_optimize_dialog_shows_its_price(blender: BlenderWindow, since: Since) -> None:
    """Mint is asked once, when the dialog is opened."""
    ids = made(blender)
    blender.over()
    blender.until_it_shows(
        lambda: blender.call("mint.optimize", "INVOKE_DEFAULT", asset_id=ids["asset"])
    )
    blender.wait(
        "job_service().budget.price(part('jobs.queries').OptimizationPrice(asset)) == 20",
        asset=ids["asset"],
    )
    blender.settle()
    blender.key("Escape")
    asked = since.count("POST", "/v1/pricing:estimate")
    blender.over()
    blender.until_it_shows(
        lambda: blender.call("mint.optimize", "INVOKE_DEFAULT", asset_id=ids["asset"])
    )
    blender.key("Escape")
    assert since.count("POST", "/v1/pricing:estimate") == asked
    assert since.count("POST", "/v1/models/*:optimize") == 0

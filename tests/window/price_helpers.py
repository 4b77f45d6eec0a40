# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices and limits in a Blender with a window."""

from __future__ import annotations

from .blender_window import ADDON, BlenderWindow

ESTIMATE = "/v1/pricing:estimate"
NO_PRICES = {"method": "POST", "path": ESTIMATE, "times": 1, "answer": {"status": 404}}
PREFERENCES = f"bpy.context.preferences.addons['{ADDON}'].preferences"
PRICE = "job_service() and job_service().budget.price(part('ui.create.properties').price_of(bpy.context.window_manager.mint))"
# a panel in sight asks for the price again
FORGET = "(job_service().queries.answers.clear(), part('ui.heartbeat').redraw()) and None if job_service() else None"

NOTE_DIALOG = """
cls = part('ui.create.operators').MINT_OT_generate
drawn, draw = [], cls.draw_dialog
def look(self, context):
    price = job_service().budget.price(self.queries()[0])
    drawn.append([self.kind, self.preset, self.mode, self.pose, price])
    draw(self, context)
cls.draw_dialog = look
part('ui.pricing.price_dialog')._test_drawn = drawn
"""
"""Notes what the dialog of a generation shows, each time that it is drawn; at last its price."""
DRAWN = "part('ui.pricing.price_dialog')._test_drawn"


def limit(blender: BlenderWindow, **limits: int) -> None:
    """Set limits in the preferences."""
    for name, value in limits.items():
        blender.ask(f"setattr({PREFERENCES}, name, value)", name=f"limit_{name}", value=value)


def known_price(blender: BlenderWindow) -> float:
    """Wait until the price of what the form asks for is known."""
    return float(blender.wait(PRICE))

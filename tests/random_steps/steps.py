# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps and how often each is chosen; a seed gives the whole sequence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

MINT_STEPS = {
    "generate": 16,
    "approve": 4,
    "revise": 2,
    "review_card": 9,
    "cancel": 2,
    "resume": 6,
    "retry": 3,
    "place": 5,
    "dismiss": 1,
    "dismiss_finished": 1,
    "replace_model": 2,
    "import_asset": 2,
    "optimize": 1,
    "animate": 2,
    "generate_variation": 3,
    "continue_queue": 2,
    "refresh_library": 1,
    "toggle_online": 3,
    "toggle_addon": 2,
    "toggle_background_import": 4,
    "use_form": 6,
    "restore_view": 2,
    "click_chip": 8,
    "click_chip_right": 1,
}
"""Steps with the add-on."""

BLOCK_OUT_STEPS = {"before_and_after": 4, "turn_in_block_out": 1, "delete_block_out": 1}
"""Steps with the object whose place a result has taken; like editing, they change the user's."""

BY_MOUSE = {"review_card"}
"""Steps that open the review card, on which `mouse.py` then acts."""

WITH_POPUP = {"click_chip", "click_chip_right", *BY_MOUSE}
"""Steps that may open a menu or a card, which Escape closes."""

EDITING_STEPS = {
    "add_primitive": 6,
    "delete_selected": 4,
    "duplicate": 4,
    "rename": 3,
    "select": 6,
    "transform": 5,
    "set_mode": 8,
    "edit_mesh": 5,
    "join": 1,
    "parent": 1,
    "hide": 1,
    "undo": 10,
    "redo": 8,
    "undo_and_redo": 4,
    "undo_history": 1,
    "adjust_last_operation": 5,
    "repeat_last": 2,
    "purge": 1,
}
"""Steps that change what is in the file."""

FILE_STEPS = {
    "save": 4,
    "save_as": 3,
    "open_file": 4,
    "revert": 1,
    "new_file": 3,
    "open_window": 2,
    "close_window": 4,
    "switch_workspace": 4,
    "change_area": 3,
    "toggle_sidebar": 2,
    "render": 2,
    "render_in_background": 2,
    "add_scene": 1,
    "switch_scene": 2,
    "remove_scene": 1,
    "play": 2,
}
"""Steps with files, windows, scenes and renders."""

WEIGHTS = MINT_STEPS | BLOCK_OUT_STEPS | EDITING_STEPS | FILE_STEPS


class Step(NamedTuple):
    """One step: its name, and the number that its own choices are made from."""

    name: str
    number: int


def steps(seed: int) -> Iterator[Step]:
    """Yield the steps of a seed, without an end."""
    chance = random.Random(seed)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        yield Step(chance.choices(names, weights)[0], chance.getrandbits(32))

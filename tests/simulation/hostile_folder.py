# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who may write into the folder of a batch, and is no friend.

Files are forged and garbled, never deleted or restored. Nothing of that may be sent to Mint, decide
something, or let a job take another one's result.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mint_blender.jobs.batch_folder.line_files import FOLDER

if TYPE_CHECKING:
    from .world import World

FORGED = "forged line"
"""In the place of the words of a line's prompt: nobody has clicked these."""
OUTSIDE = "../../outside"
MEAN_SECONDS = 1800.0
"""Between two forgeries."""


class Forger:
    """Forges something now and then, until everything is to work again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance

    def begin(self) -> None:
        """Come back after a while."""
        self._world.at(self._chance.expovariate(1 / MEAN_SECONDS), self._come)

    def _come(self) -> None:
        world = self._world
        if world.is_at_rest:
            return
        folder = world.folder / FOLDER
        if folder.is_dir():
            operations = list(world.mint.operations.all)
            world.note(f"somebody writes {forge(folder, self._chance, operations)}")
        self.begin()


def forge(folder: Path, chance: random.Random, operations: list[str]) -> str:
    """Forge or garble one file; return its name. `operations` are ids that Mint knows."""
    lines = sorted((folder / "lines").glob("*.json"))
    if not lines or chance.random() < 0.4:
        return _forge_request(folder / "requests", chance, operations)
    path = chance.choice(lines)
    try:
        entry = json.loads(path.read_bytes())
    except ValueError:
        entry = {"state": "ready", "record": {}}
    path.write_bytes(chance.choice(ENTRIES)(entry, chance, operations))
    return path.name


def _garbage(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return bytes that are no entry, or half of one."""
    text = json.dumps(entry).encode()
    return text[: len(text) // 2] if chance.random() < 0.5 else chance.randbytes(40)


def _another_request(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return an entry that orders something else, and decides in a person's place."""
    forged = json.loads(json.dumps(entry).replace("batch line", FORGED))
    forged["state"] = chance.choice(["waiting", "sending", "canceled", "failed"])
    decision = {"verb": chance.choice(["approve", "revise", "retry", "cancel"]), "key": "forged"}
    forged["record"] |= {"operation": None, "decision": decision}
    return json.dumps(forged).encode()


def _another_operation(
    entry: dict[str, Any], chance: random.Random, operations: list[str]
) -> bytes:
    """Return an entry that says another operation were its own."""
    id = chance.choice([*operations, OUTSIDE])
    operation = {"object": "operation", "id": id, "status": "running", "type": "model_generation"}
    record = {**entry["record"], "operation": operation}
    return json.dumps({**entry, "state": "ready", "record": record}).encode()


ENTRIES: tuple[Callable[[dict[str, Any], random.Random, list[str]], bytes], ...] = (
    _garbage,
    _another_request,
    _another_operation,
)


def _forge_request(folder: Path, chance: random.Random, operations: list[str]) -> str:
    """Write the file of a request, or of its operation: a new one, or over one that is there."""
    folder.mkdir(exist_ok=True)
    there = sorted(folder.iterdir())
    path = folder / f"tag-{chance.randint(1, 6)}.start.{chance.randint(1, 2)}"
    if there and chance.random() < 0.5:
        path = chance.choice(there)
    entry = {
        "home": f"{chance.getrandbits(64):016x}",
        "born": chance.choice([0.0, 1e12, "yesterday"]),
        "credits": chance.choice([-1.0, 1e9, None]),
    }
    if chance.random() < 0.4:
        path = path.with_name(path.name.removesuffix(".operation") + ".operation")
        entry = {"operation": chance.choice([*operations, OUTSIDE])}
    text = json.dumps(entry).encode()
    path.write_bytes(chance.choice([text, text, text[:20], b"", chance.randbytes(40)]))
    return path.name

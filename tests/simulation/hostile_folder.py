# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who may write into the folder of a batch, and is no friend.

Files are forged and garbled, never deleted or restored. Nothing of that may be sent to Mint, decide
something, or let a job take another one's result.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World

FOLDER = ".mint-batch"
LINES = "lines"
REQUESTS = "requests"
FORGED = "forged line"
"""In the place of the words of a line's prompt: nobody has clicked these."""
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
            world.note(f"somebody {forge(folder, self._chance, operations)} in the batch folder")
        self.begin()


def forge(folder: Path, chance: random.Random, operations: list[str]) -> str:
    """Forge or garble one file; return what was done. `operations` are ids that Mint knows."""
    act = chance.choice([_garbage, _another_request, _another_operation, _decision, _request_file])
    entries = _entries(folder / LINES)
    if act is _request_file or not entries:
        return _forge_request(folder / REQUESTS, chance, operations)
    path, entry = chance.choice(entries)
    path.write_bytes(act(entry, chance, operations))
    return f"writes {act.__name__.strip('_')} over {path.name}"


def _entries(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            entry = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("record"), dict):
            found.append((path, entry))
    return found


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry).encode()


def _garbage(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return bytes that are no entry, or half of one."""
    text = json.dumps(entry).encode()
    return text[: len(text) // 2] if chance.random() < 0.5 else chance.randbytes(40)


def _another_request(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return an entry that orders something else, under another key."""
    forged = json.loads(json.dumps(entry).replace("batch line", FORGED))
    key = f"forged-{chance.getrandbits(64):016x}"
    forged |= {"key": key, "operation": None}
    forged["state"] = chance.choice(["waiting", "sending", "canceled", "failed"])
    forged["record"] |= {"key": key, "operation": None, "first_sent_at": None}
    if chance.random() < 0.5:
        prompt = forged["record"]["request"]["prompt"]
        forged["record"]["body"] = {"prompt": prompt, "generationPreset": "production"}
    return _line(forged)


def _another_operation(
    entry: dict[str, Any], chance: random.Random, operations: list[str]
) -> bytes:
    """Return an entry that says another operation were its own."""
    id = chance.choice(operations) if operations else "../../outside"
    record = entry["record"]
    operation = {"object": "operation", "id": id, "status": "running", "type": "model_generation"}
    return _line({**entry, "state": "ready", "record": {**record, "operation": operation}})


def _decision(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return an entry that decides something in a person's place."""
    verb = chance.choice(["approve", "revise", "retry", "cancel"])
    decision = {"verb": verb, "key": f"forged-{chance.getrandbits(64):016x}", "feedback": "more"}
    return _line({**entry, "decision": json.dumps(decision)})


def _request_file(entry: dict[str, Any], chance: random.Random, operations: list[str]) -> bytes:
    """Return a request file's content: of another home, or nonsense."""
    record = {
        "home": f"{chance.getrandbits(64):016x}",
        "credential": f"{chance.getrandbits(64):016x}",
        "born": chance.choice([0.0, 1e12, "yesterday"]),
        "credits": chance.choice([-1.0, 1e9, None]),
    }
    text = json.dumps(record).encode()
    return chance.choice([text, text[:20], b"", chance.randbytes(40)])


def _forge_request(folder: Path, chance: random.Random, operations: list[str]) -> str:
    """Write the file of a request, or of its operation: a new one, or over one that is there."""
    folder.mkdir(exist_ok=True)
    there = sorted(folder.iterdir())
    path = folder / f"tag-{chance.randint(1, 6)}.start.{chance.randint(1, 2)}"
    if there and chance.random() < 0.5:
        path = chance.choice(there)
    content = _request_file({}, chance, operations)
    if chance.random() < 0.4:
        path = path.with_name(path.name.removesuffix(".operation") + ".operation")
        made = chance.choice([*operations, "../../outside"])
        content = json.dumps({"operation": made}).encode()
    elif there and chance.random() < 0.3:
        content = chance.choice(there).read_bytes()
    path.write_bytes(content)
    return f"writes {path.name}"

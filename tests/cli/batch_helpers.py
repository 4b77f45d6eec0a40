# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the batch tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def lines_of(path: Path, *lines: dict[str, object]) -> Path:
    """Write a .jsonl file of these lines, with .glb results that need no Blender."""
    path.write_text(
        "".join(json.dumps({"format": "glb", "preset": "fast", **line}) + "\n" for line in lines),
        encoding="utf-8",
    )
    return path


def entries(folder: Path) -> list[dict[str, Any]]:
    """Return all entries of the ledger."""
    text = (folder / ".mint-batch" / "ledger.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def first_entries(folder: Path) -> list[dict[str, Any]]:
    """Return the first entry of each line, which was written before anything was sent for it."""
    first: dict[str, dict[str, Any]] = {}
    for entry in entries(folder):
        first.setdefault(entry["line"], entry)
    return [*first.values()]


def leave_only_a_ledger(folder: Path, *left: dict[str, Any]) -> None:
    """Empty the folder of a batch, except for a ledger with these entries."""
    shutil.rmtree(folder)
    place = folder / ".mint-batch"
    place.mkdir(parents=True)
    text = "".join(json.dumps(entry) + "\n" for entry in left)
    (place / "ledger.jsonl").write_text(text, encoding="utf-8")

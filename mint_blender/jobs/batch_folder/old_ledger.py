# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert the ledger of a batch, as an earlier version wrote it, to the files of `line_files`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ... import json_text
from . import line_files

NAME = "ledger.jsonl"
_CLOCK_ERROR = 24 * 3600.0
"""Seconds by which the clock of the computer may have been wrong that wrote the ledger."""


def convert(folder: Path) -> None:
    """Write a file for each line that was sent, then leave a ledger that starts nothing.

    An earlier version does not start a line whose entry it cannot read.

    Raises:
        OSError: The folder cannot be read or written.
    """
    ledger = folder / line_files.FOLDER / NAME
    done = ledger.with_name("ledger.converted")
    if not ledger.exists() or done.exists():
        return
    latest: dict[str, dict[str, Any]] = {}
    for text in ledger.read_bytes().splitlines():
        try:
            entry = json_text.parse(text)
            latest[str(entry["line"])] = entry
        except (ValueError, KeyError, TypeError):
            continue
    line_files.open_batch(folder, _begun(latest.values()))
    for tag, entry in latest.items():
        if line_files.TAG.fullmatch(tag) and _was_sent(entry):
            line_files.note_earlier(folder, tag, entry)
    with ledger.open("a", encoding="utf-8") as file:
        for tag in latest:
            file.write(json.dumps({"line": tag, "job": "-", "by": "-", "record": None}) + "\n")
    done.touch()


def _begun(entries: Iterable[dict[str, Any]]) -> float:
    """Return a time before the first start: results are looked for from then on; 0: not known."""
    records = (entry["record"] for entry in entries if isinstance(entry.get("record"), dict))
    times = [at for record in records if isinstance(at := record.get("created_at"), int | float)]
    return max(0.0, min(times, default=0.0) - _CLOCK_ERROR)


def _was_sent(entry: dict[str, Any]) -> bool:
    """Return whether something was sent for a line; true if that cannot be read."""
    record = entry.get("record")
    if entry.get("operation") is not None or not isinstance(record, dict):
        return True
    return record.get("first_sent_at") is not None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the batch tests."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mint_blender.jobs.batch_lines import read_lines

from ..mint_service.runner import ThreadService
from .command_runner import CommandResult, RunMint
from .contact_sheet_reader import ContactSheet


def lines_of(path: Path, *lines: Mapping[str, object]) -> Path:
    """Write a .jsonl file of these lines, with .glb results that need no Blender."""
    path.write_text(
        "".join(json.dumps({"format": "glb", "preset": "fast", **line}) + "\n" for line in lines),
        encoding="utf-8",
    )
    return path


@dataclass(frozen=True)
class Batch:
    """A batch file and the folder of its results; a call runs the command with more options."""

    mint: RunMint
    file: Path
    out: Path

    def __call__(self, *options: str) -> CommandResult:
        """Run the batch in this process."""
        return self.mint(*self.words, *options)

    @property
    def service(self) -> ThreadService:
        """Return the stand-in that the command reaches."""
        return self.mint.service

    @property
    def words(self) -> tuple[str, ...]:
        """Return the command."""
        return "batch", str(self.file), "-o", str(self.out)

    @property
    def sheet(self) -> ContactSheet:
        """Return the contact sheet as it is now."""
        return ContactSheet(self.out / "index.html")

    @property
    def states(self) -> list[str]:
        """Return the states of the sheet's cards."""
        return [card.state for card in self.sheet.cards]

    def lines(self, *lines: Mapping[str, object]) -> None:
        """Write the batch file, as `lines_of` does."""
        lines_of(self.file, *lines)


def animations(path: Path) -> dict[str, float]:
    """Return when each animation of a GLB begins, in seconds, by its name."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    accessors = document["accessors"]
    return {
        each["name"]: min(accessors[one["input"]]["min"][0] for one in each["samplers"])
        for each in document["animations"]
    }


def tags_of(file: Path) -> list[str]:
    """Return the tag of each line of a batch file."""
    return [line.tag for line in read_lines(file)]


def start_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what each file says that was written before a start."""
    place = folder / ".mint-batch" / "requests"
    whole = place.glob("[!.]*")  # others may be writing a file
    files = [path for path in whole if not path.name.endswith(".operation")]
    return {path.name: json.loads(path.read_bytes()) for path in sorted(files)}


def operations_of(folder: Path) -> set[str]:
    place = folder / ".mint-batch" / "requests"
    return {json.loads(path.read_bytes())["operation"] for path in place.glob("*.operation")}


def leave_only_starts(folder: Path) -> None:
    """Empty the folder of a batch, except for what was written before the starts."""
    starts = start_files(folder)
    batch = (folder / ".mint-batch" / "batch.json").read_bytes()
    shutil.rmtree(folder)
    write_starts(folder, starts)
    (folder / ".mint-batch" / "batch.json").write_bytes(batch)


def write_starts(folder: Path, starts: dict[str, dict[str, Any]]) -> None:
    """Write the files that say before a start who has a line."""
    place = folder / ".mint-batch" / "requests"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in starts.items():
        (place / name).write_text(json.dumps(content), encoding="utf-8")


def write_operation(folder: Path, start: str, operation_id: object) -> None:
    """Say in the folder what Mint has made for a start."""
    path = folder / ".mint-batch" / "requests" / f"{start}.operation"
    path.write_text(json.dumps({"operation": operation_id}), encoding="utf-8")

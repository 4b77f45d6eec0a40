# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch file: one generation a line, as .jsonl, .csv or .txt. Every field of a single generation can be set for each line."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..mint.generation import GenerationRequest
from ..mint.schema import Kind, Mode, Pose, Preset

FIELDS = frozenset({"prompt", "kind", "preset", "mode", "name", "image", "images", "pose", "splats", "format"})


class BadLine(Exception):
    """A line that cannot be understood: the sentence names file and line."""


@dataclass(frozen=True)
class Line:
    """One generation of a batch. `tag` is the same in every run for the same content, wherever in the file it stands."""

    number: int
    tag: str
    request: GenerationRequest
    splats: str | None
    suffix: str

    @property
    def stem(self) -> str:
        """The name of its files: the line's number and the beginning of its name or prompt."""
        words = re.sub(r"[^\w-]+", "-", (self.request.name or self.request.prompt).lower()).strip("-_")
        return f"{self.number:04}-{words[:40].strip('-_') or self.request.kind}"


def read(path: Path) -> list[Line]:
    """All lines of a batch file. Raises BadLine, before anything has been started."""
    lines, seen = [], Counter[str]()
    for number, values in _records(path):
        where = f"{path.name}, line {number}"
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
        seen[digest] += 1
        lines.append(_line(number, f"{digest}-{seen[digest]}", values, path.parent, where))
    if not lines:
        raise BadLine(f"{path.name} has no lines to generate.")
    return lines


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLine(f"{path} cannot be read ({error}). A batch file is UTF-8 text.") from error
    kind = path.suffix.lower()
    if kind == ".csv":
        reader = csv.DictReader(text.splitlines())
        yield from ((reader.line_num, {name: value for name, value in row.items() if name and value}) for row in reader)
    elif kind in {".jsonl", ".txt"}:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, _json(line, path, number) if kind == ".jsonl" else {"prompt": line.strip()}
    else:
        raise BadLine(f"{path.name}: a batch file ends in .jsonl, .csv or .txt.")


def _json(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise BadLine(f"{path.name}, line {number}: this is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise BadLine(f'{path.name}, line {number}: each line is a JSON object, such as {{"prompt": "a lamp"}}.')
    return values


def _line(number: int, tag: str, values: Mapping[str, Any], folder: Path, where: str) -> Line:
    if unknown := sorted(set(values) - FIELDS):
        raise BadLine(f"{where}: unknown field {unknown[0]}. Known are {', '.join(sorted(FIELDS))}.")
    images = values.get("images") or values.get("image") or ()
    if isinstance(images, str):
        images = images.split()
    try:
        request = GenerationRequest(
            kind=Kind(values.get("kind", "model")),
            prompt=str(values.get("prompt", "")),
            preset=Preset(values.get("preset", "standard")),
            mode=Mode(values.get("mode", "auto")),
            name=values.get("name"),
            images=tuple(image if "://" in image else str((folder / image).absolute()) for image in images),
            pose=Pose(values["pose"]) if values.get("pose") else None,
        )
    except ValueError as error:
        raise BadLine(f"{where}: {error}.") from error
    if complaint := request.complaint():
        raise BadLine(f"{where}: {complaint}")
    suffix = f".{values.get('format', 'blend')}".lower()
    if suffix not in {".blend", ".glb"}:
        raise BadLine(f"{where}: the format is blend or glb, not {suffix[1:]}.")
    return Line(number, tag, request, values.get("splats"), suffix)

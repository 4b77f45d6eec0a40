# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch file: one generation a line, as .jsonl, .csv or .txt. Every field of a single generation can be set for each line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    def file(self) -> str:
        """The name of its file: the line's number and the beginning of its name or prompt."""
        words = re.sub(r"[^\w-]+", "-", (self.request.name or self.request.prompt).lower()).strip("-_")
        return f"{self.number:04}-{words[:40].strip('-_') or self.request.kind}{self.suffix}"


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
    kind = path.suffix.lower()
    if kind not in {".jsonl", ".csv", ".txt"}:
        raise BadLine(f"{path.name}: a batch file ends in .jsonl, .csv or .txt.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLine(f"{path.name} cannot be read: it is not UTF-8 text.") from error
    except OSError as error:
        raise BadLine(f"{path} cannot be read: {error.strerror}.") from error
    if kind == ".csv":
        yield from _table(text, path)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _json(line, path, number) if kind == ".jsonl" else {"prompt": line.strip()}


def _table(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a CSV file; an empty field is one that was not given."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    last = 1
    try:
        for row in reader:
            last = reader.line_num
            if None in row:
                raise BadLine(
                    f"{path.name}, line {last}: there are more fields than the header has names. "
                    f'A text with a comma in it stands in quotes: "a lamp, orange".'
                )
            if values := {name.strip(): value.strip() for name, value in row.items() if value and value.strip()}:
                yield last, values
    except csv.Error as error:
        raise BadLine(f"{path.name}, line {last + 1}: this is not CSV ({error}).") from error


def _json(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise BadLine(f"{path.name}, line {number}: this is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise BadLine(f'{path.name}, line {number}: each line is a JSON object, such as {{"prompt": "a lamp"}}.')
    return {name: value for name, value in values.items() if value is not None}


def _line(number: int, tag: str, values: Mapping[str, Any], folder: Path, where: str) -> Line:
    if unknown := sorted(set(values) - FIELDS):
        raise BadLine(f"{where}: unknown field {unknown[0]}. Known are {', '.join(sorted(FIELDS))}.")
    try:
        request = GenerationRequest(
            kind=Kind(_one_of(values, "kind", "model", Kind)),
            prompt=_text(values, "prompt") or "",
            preset=Preset(_one_of(values, "preset", "standard", Preset)),
            mode=Mode(_one_of(values, "mode", "auto", Mode)),
            name=_text(values, "name"),
            images=tuple(image if "://" in image else str((folder / image).absolute()) for image in _images(values)),
            pose=Pose(_one_of(values, "pose", "", Pose)) if "pose" in values else None,
        )
        return Line(number, tag, request, _text(values, "splats"), f".{_one_of(values, 'format', 'blend', ('blend', 'glb'))}")
    except ValueError as error:
        raise BadLine(f"{where}: {error}.") from error


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {json.dumps(value)}")
    return value


def _one_of(values: Mapping[str, Any], name: str, usual: str, allowed: Iterable[str]) -> str:
    value = values.get(name, usual)
    words = [str(word) for word in allowed]
    if value not in words:
        raise ValueError(f"{name} is one of {', '.join(words)}, not {json.dumps(value)}")
    return str(value)


def _images(values: Mapping[str, Any]) -> list[str]:
    """`image` is one path or address; `images` a list of them, in a table with spaces between."""
    if "image" in values:
        return [_text(values, "image") or ""]
    images = values.get("images", [])
    if isinstance(images, str):
        return images.split()
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise ValueError(f"images is a list of paths and addresses, not {json.dumps(images)}")
    return images

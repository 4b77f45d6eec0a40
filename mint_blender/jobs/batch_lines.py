# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a batch: one generation per line, from a file (.jsonl, .csv or .txt) or from a text.

Each line can set every option of a single generation. A CSV file holds only text, so numbers and
yes or no may also be given as text.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import json_text
from ..mint.generation_request import GenerationRequest
from ..mint.schema import Kind, Mode, OptimizationLevel, Pose, Preset
from . import new_jobs
from .job_values import Delivery

Values = Mapping[str, Any]

WORLD_FIELDS = ("splats", "collider", "panorama", "camera", "rigid_body")
MODEL_FIELDS = ("optimize", "height")
PAID_FIELDS = ("prompt", "kind", "preset", "mode", "name", "image", "images", "pose", "optimize")
FREE_FIELDS = frozenset({"height", *WORLD_FIELDS, "format", "render"})
"""What Mint is not asked for: these decide only what becomes of its files."""
FIELDS = FREE_FIELDS.union(PAID_FIELDS)
COLLIDERS = ("auto", "physics", "visible", "none")
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})

MAX_REASON_LENGTH = 500
"""Most characters of what is wrong with a line, which repeats a part of it."""


class BadLineError(Exception):
    """A line that cannot be used; the message names the file and the line."""


@dataclass(frozen=True)
class Line:
    """One generation of a batch.

    Attributes:
        number: Line number in the file, from 1.
        tag: Identifies the line's content in every run, wherever in the file it is. Its beginning,
            up to the point, stands for what Mint is asked for.
        request: What Mint is asked for.
        delivery: What the result should look like, without the paths of its files.
        optimize: The optimization level, or None.
        suffix: The suffix of the result's file.
        render: Whether to render a picture; None leaves that to the command.
    """

    number: int
    tag: str
    request: GenerationRequest
    delivery: Delivery
    optimize: OptimizationLevel | None
    suffix: str
    render: bool | None

    @property
    def title(self) -> str:
        """Return the stem of its files: the number and the start of name or prompt."""
        words = re.sub(r"[^\w-]+", "-", (self.request.name or self.request.prompt).lower()).strip(
            "-_"
        )
        return f"{self.number:04}-{words[:40].strip('-_') or self.request.kind}"


def read_lines(path: Path) -> list[Line]:
    """Return all lines of a batch file, at least one. Raises BadLineError."""
    lines = _numbered(_records(path), path)
    if not lines:
        raise BadLineError(f"{path.name} has no lines to generate.")
    return lines


def lines_of_text(text: str, values_of: Callable[[str], Values]) -> list[Line]:
    """Return a line for each prompt of a text; `values_of` returns the fields for a prompt."""
    prompts = ((number, values_of(words)) for number, words in prompts_in(text))
    return _numbered(prompts, Path())


def prompts_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a text that is not empty, with its number."""
    for number, line in enumerate(text.split("\n"), start=1):
        if words := line.strip():
            yield number, words


def first_complaint(lines: Iterable[Line]) -> tuple[int, str] | None:
    """Return the number of the first line that Mint would refuse, and why; None if there is none.

    Reads the headers of local pictures.
    """
    for line in lines:
        if complaint := new_jobs.complaint(line.request):
            return line.number, complaint
    return None


def choose(lines: list[Line], ranges: Sequence[range] | None) -> list[Line]:
    """Return the lines whose numbers are in any of these ranges; all without ranges.

    A number without a line, such as that of an empty line, is skipped.

    Raises:
        BadLineError: A range begins after the last line.
    """
    if ranges is None:
        return lines
    last = lines[-1].number
    if beyond := [each.start for each in ranges if each.start > last]:
        raise BadLineError(f"--lines: there is no line {beyond[0]}. The last one is {last}.")
    return [line for line in lines if any(line.number in each for each in ranges)]


def request_part(tag: str) -> str:
    """Return the part of a tag that stands for what Mint is asked for, and paid for."""
    return tag.partition(".")[0]


# -- the records of a file


def _records(path: Path) -> Iterator[tuple[int, Values]]:
    kind = path.suffix.lower()
    if kind not in {".jsonl", ".csv", ".txt"}:
        raise BadLineError(f"{path.name}: a batch file must end in .jsonl, .csv or .txt.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLineError(f"{path.name} cannot be read: it is not UTF-8 text.") from error
    except OSError as error:
        raise BadLineError(f"{path} cannot be read: {error.strerror}.") from error
    if kind == ".csv":
        yield from _table(text, path)
        return
    for number, words in prompts_in(text):
        yield number, _json(words, path, number) if kind == ".jsonl" else {"prompt": words}


def _table(text: str, path: Path) -> Iterator[tuple[int, Values]]:
    """Yield the rows of a CSV file without their empty fields."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    last = 1
    try:
        for row in reader:
            last = reader.line_num
            if None in row:
                raise BadLineError(
                    f"{path.name}, line {last}: this line has more fields than the header. "
                    f'Put text that contains a comma in quotes: "a lamp, orange".'
                )
            if values := {
                name.strip(): value.strip()
                for name, value in row.items()
                if value and value.strip()
            }:
                yield last, values
    except csv.Error as error:
        raise BadLineError(f"{path.name}, line {last + 1}: not valid CSV ({error}).") from error


def _json(line: str, path: Path, number: int) -> Values:
    try:
        values = json_text.parse(line)
    except ValueError as error:
        raise BadLineError(f"{path.name}, line {number}: not valid JSON ({error}).") from error
    if not isinstance(values, dict):
        raise BadLineError(
            f'{path.name}, line {number}: each line must be a JSON object, such as {{"prompt": "a'
            ' lamp"}.'
        )
    return {name: value for name, value in values.items() if value is not None}


# -- the fields of a line


def _numbered(records: Iterable[tuple[int, Values]], path: Path) -> list[Line]:
    """Return the lines of a file. Paths of pictures start at its folder. Raises BadLineError."""
    lines, seen = [], Counter[str]()
    for number, values in records:
        try:
            line = _line(number, values, path.parent)
        except ValueError as error:
            reason = str(error)[:MAX_REASON_LENGTH]
            raise BadLineError(f"{path.name}, line {number}: {reason}.") from error
        seen[line.tag] += 1
        lines.append(replace(line, tag=f"{line.tag}-{seen[line.tag]}"))
    return lines


def _line(number: int, values: Values, folder: Path) -> Line:
    """Return a line. Raises ValueError with a sentence about the first wrong value."""
    _check(values)
    return Line(
        number,
        _tag(values),
        GenerationRequest.parse(
            kind=_one_of(values, "kind", "model", Kind),
            prompt=_text(values, "prompt") or "",
            preset=_one_of(values, "preset", "standard", Preset),
            mode=_one_of(values, "mode", "auto", Mode),
            name=_text(values, "name"),
            images=_images(values),
            pose=_one_of(values, "pose", "", Pose) if "pose" in values else None,
            folder=folder,
        ),
        Delivery(
            height=_height(values),
            splats=_text(values, "splats"),
            collider=_one_of(values, "collider", "auto", COLLIDERS).upper(),
            panorama=_flag(values, "panorama", default=True),
            camera=_flag(values, "camera", default=True),
            rigid_body=_flag(values, "rigid_body", default=False),
        ),
        OptimizationLevel(_one_of(values, "optimize", "", OptimizationLevel))
        if "optimize" in values
        else None,
        _suffix(values),
        _flag(values, "render", default=False) if "render" in values else None,
    )


def _check(values: Values) -> None:
    """Refuse unknown fields, and fields that do not apply to this kind or format."""
    if unknown := sorted(set(values) - FIELDS):
        raise ValueError(f"unknown field {unknown[0]}. Known fields: {', '.join(sorted(FIELDS))}")
    kind = Kind(_one_of(values, "kind", "model", Kind))
    inapplicable, other = (
        (WORLD_FIELDS, Kind.WORLD) if kind is Kind.MODEL else (MODEL_FIELDS, Kind.MODEL)
    )
    if name := next((name for name in inapplicable if name in values), None):
        raise ValueError(f"{name} applies to a {other}, not to a {kind}")
    if "height" in values and _suffix(values) == ".glb":
        raise ValueError("height applies to a .blend: a .glb is Mint's own file, unchanged")


def _tag(values: Values) -> str:
    """Return a digest of what Mint is asked for, and one of what its result should look like.

    `render` does not count: a picture can be rendered later, so it makes no new line.
    """
    paid = {name: value for name, value in values.items() if name not in FREE_FIELDS}
    free = {name: values[name] for name in values.keys() - paid.keys() - {"render"}}
    return f"{_digest(paid)}.{_digest(free)}"


def _digest(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _suffix(values: Values) -> str:
    return f".{_one_of(values, 'format', 'blend', ('blend', 'glb'))}"


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {json.dumps(value)}")
    return value


def _one_of(values: Values, name: str, default: str, allowed: Iterable[str]) -> str:
    value = values.get(name, default)
    words = [str(word) for word in allowed]
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, not {json.dumps(value)}")
    return str(value)


def _flag(values: Values, name: str, *, default: bool) -> bool:
    value = values.get(name, default)
    word = value.lower() if isinstance(value, str) else json.dumps(value)
    if word not in YES | NO:
        raise ValueError(f"{name} must be yes or no, not {json.dumps(value)}")
    return word in YES


def _height(values: Values) -> float | None:
    value, height = values.get("height"), math.nan
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            height = float(value)
        except (ValueError, OverflowError):
            height = math.nan
    if not 0 < height < math.inf:
        raise ValueError(f"height must be a number above 0, not {json.dumps(value)}")
    return height


def _images(values: Values) -> list[str]:
    """Return all pictures of a line.

    `image` is one path or URL. `images` is a list of them, or a text with spaces between.
    """
    first = [_text(values, "image") or ""] if "image" in values else []
    images = values.get("images", [])
    if isinstance(images, str):
        return first + images.split()
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise ValueError(f"images must be a list of paths and URLs, not {json.dumps(images)}")
    return first + images

# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a batch file (.jsonl, .csv or .txt): one generation per line.

Each line can set every option of a single generation.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import json_text
from ...jobs.job_values import Delivery
from ...mint.generation_request import GenerationRequest
from ...mint.schema import OptimizationLevel
from . import fields

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
    """Return all lines of a batch file. Raises BadLineError."""
    lines, seen = [], Counter[str]()
    for number, values in _records(path):
        where = f"{path.name}, line {number}"
        line = _line(number, values, path.parent, where)
        seen[line.tag] += 1
        lines.append(replace(line, tag=f"{line.tag}-{seen[line.tag]}"))
    if not lines:
        raise BadLineError(f"{path.name} has no lines to generate.")
    return lines


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


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
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
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield (
                number,
                _json(line, path, number) if kind == ".jsonl" else {"prompt": line.strip()},
            )


def _table(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
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


def _json(line: str, path: Path, number: int) -> Mapping[str, Any]:
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


def _line(number: int, values: Mapping[str, Any], folder: Path, where: str) -> Line:
    try:
        fields.check(values)
        request, delivery = fields.request(values, folder), fields.delivery(values)
        optimize, suffix, render = (
            fields.optimize(values),
            fields.suffix(values),
            fields.render(values),
        )
        return Line(number, _tag(values), request, delivery, optimize, suffix, render)
    except ValueError as error:
        raise BadLineError(f"{where}: {str(error)[:MAX_REASON_LENGTH]}.") from error


def request_part(tag: str) -> str:
    """Return the part of a tag that stands for what Mint is asked for, and paid for."""
    return tag.partition(".")[0]


def _tag(values: Mapping[str, Any]) -> str:
    """Return a digest of what Mint is asked for, and one of what its result should look like.

    `render` does not count: a picture can be rendered later, so it makes no new line.
    """
    paid = {name: value for name, value in values.items() if name not in fields.FREE_FIELDS}
    free = {name: values[name] for name in values.keys() - paid.keys() - {"render"}}
    return f"{_digest(paid)}.{_digest(free)}"


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

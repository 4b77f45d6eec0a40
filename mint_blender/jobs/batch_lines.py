# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a batch: one generation per line, from a file (.jsonl, .csv or .txt) or from a text.

Each line can set every option of a single generation. A CSV file holds only text, so numbers and
yes or no may also be given as text.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any

from .. import json_text
from ..files.download_folder import safe_name
from ..files.export_options import TARGETS
from ..mint.generation_request import GenerationRequest
from ..mint.motion_request import MotionRequest, motions_in
from ..mint.schema import Kind, Mode, OptimizationLevel, Pose, Preset
from . import new_jobs
from .job_values import Delivery

Values = Mapping[str, Any]

WORLD_FIELDS = ("splats", "collider", "panorama", "camera", "rigid_body")
MODEL_FIELDS = ("optimize", "height", "motions", "export")
PAID_FIELDS = (
    *("prompt", "kind", "preset", "mode", "name", "image", "images", "pose", "optimize"),
    "motions",
)
NO_CONTENT = frozenset({"render", "output", "meta", "max_credits"})
"""Fields that may change without making it another line."""
FREE_FIELDS = frozenset({"height", *WORLD_FIELDS, "format", "export", *NO_CONTENT})
"""What Mint is not asked for: these decide only what becomes of its files."""
FIELDS = FREE_FIELDS.union(PAID_FIELDS, ["id"])
META = "x_"
"""The beginning of the names of columns that pass through."""
COLLIDERS = ("auto", "physics", "visible", "none")
YES = frozenset({"yes", "true", "1"})
NO = frozenset({"no", "false", "0"})

MOST_COMPLAINTS = 20
"""Problems that are reported at once."""
MAX_REASON_LENGTH = 500
"""Most characters of what is wrong with a line, which repeats a part of it."""


class BadLineError(Exception):
    """Lines that cannot be used; the message names the file and each line."""


class _WrongValue(ValueError):
    """A field of a line is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class _WrongLine(Exception):
    """A line cannot be used: all that is wrong with it."""

    def __init__(self, problems: Sequence[_WrongValue]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True)
class _Record:
    """The fields of a line, or why it cannot be read, and from which column on.

    The fields of a table have columns, as in a spreadsheet.
    """

    number: int
    values: Values = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""
    column: int | None = None


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
        max_credits: The most that it may cost.
        id: What the file calls it, or None.
        output: The name of its files without an ending, or None.
        motions: What the model is animated with.
    """

    number: int
    tag: str
    request: GenerationRequest
    delivery: Delivery
    optimize: OptimizationLevel | None
    suffix: str
    render: bool | None
    max_credits: float | None = None
    id: str | None = None
    output: str | None = None
    motions: tuple[MotionRequest, ...] = ()

    @property
    def title(self) -> str:
        """Return the stem of its files: what the file says, else number and name or prompt."""
        if self.output is not None:
            return self.output
        if self.id is not None:
            return safe_name(self.id, fallback="line")
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
    prompts = (_Record(number, values_of(words)) for number, words in prompts_in(text))
    return _numbered(prompts, Path())


def prompts_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a text that is not empty, with its number."""
    for number, line in enumerate(text.split("\n"), start=1):
        if words := line.strip():
            yield number, words


def complaints(lines: Iterable[Line]) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that Mint would refuse, and why.

    Reads the headers of local pictures.
    """
    for line in lines:
        if complaint := new_jobs.complaint(line.request):
            yield line.number, complaint


def first_complaint(lines: Iterable[Line]) -> tuple[int, str] | None:
    """Return the number of the first line that Mint would refuse, and why, or None."""
    return next(complaints(lines), None)


def bad_lines(file: str, reasons: Sequence[tuple[int, str]]) -> BadLineError:
    """Return the error about these lines: each on a line of its own, with its number."""
    shown = [f"{file}, line {number}: {why}" for number, why in reasons[:MOST_COMPLAINTS]]
    if more := len(reasons) - len(shown):
        shown.append(f"{more} more {'problem' if more == 1 else 'problems'}.")
    return BadLineError("\n".join(shown))


def choose(lines: list[Line], ranges: Sequence[range] | None) -> list[Line]:
    """Return the lines whose numbers are in any of these ranges; all without ranges.

    A number without a line, such as that of an empty line, is skipped.

    Raises:
        BadLineError: A range begins after the last line.
    """
    if ranges is None:
        return lines
    last = lines[-1].number
    if beyond := [span.start for span in ranges if span.start > last]:
        raise BadLineError(f"--lines: there is no line {beyond[0]}. The last one is {last}.")
    return [line for line in lines if any(line.number in span for span in ranges)]


def line_ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as `1-10,14`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def request_part(tag: str) -> str:
    """Return the part of a tag that stands for what Mint is asked for, and paid for."""
    return tag.partition(".")[0]


# -- the records of a file


def _records(path: Path) -> Iterator[_Record]:
    kind = path.suffix.lower()
    if str(path) == "-":
        text = sys.stdin.read()
        kind = ".jsonl" if text.lstrip().startswith("{") else ".txt"
        yield from _parsed(text, kind)
        return
    if kind not in {".jsonl", ".csv", ".txt"}:
        raise BadLineError(f"{path.name}: a batch file must end in .jsonl, .csv or .txt.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise BadLineError(
            f"{path.name} cannot be read: it is not UTF-8 text (line {number}). Save it as UTF-8:"
            " in Excel, as CSV UTF-8; in a shell, with iconv -f WINDOWS-1252 -t UTF-8."
        ) from error
    except OSError as error:
        raise BadLineError(f"{path} cannot be read: {error.strerror}.") from error
    yield from _parsed(text, kind)


def _parsed(text: str, kind: str) -> Iterator[_Record]:
    if kind == ".csv":
        yield from _table(text)
        return
    if kind == ".txt":
        yield from (_Record(number, {"prompt": words}) for number, words in prompts_in(text))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _json(line, number)


def _table(text: str) -> Iterator[_Record]:
    """Yield what is wrong with the header of a CSV file, then its rows without empty fields.

    Semicolons may be in it, or tabs. Who writes these may also write commas in numbers.
    """
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    last = 1
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        columns = {name: at for at, name in enumerate(names, start=1)}
        problems = list(_header_problems(names))
        yield from problems
        if not NAMES_WHAT.intersection(names):
            yield _Record(1, problem="there is no column prompt, image or images.")
            return
        for row in reader:
            last = reader.line_num
            if None in row:
                yield _Record(
                    last,
                    problem="this line has more fields than the header. Put text that contains"
                    f' "{delimiter}" in quotes: "a lamp{delimiter} orange".',
                    column=len(columns) + 1,
                )
            elif values := {
                name.strip(): _point(name.strip(), value.strip(), delimiter)
                for name, value in row.items()
                if value and value.strip() and (not name.strip() or is_field(name.strip()))
            }:
                yield _Record(last, values, columns)
    except csv.Error as error:
        yield _Record(last + 1, problem=f"not valid CSV ({error}).")


NAMES_WHAT = frozenset({"prompt", "image", "images"})
"""A line has one of these, at least."""
NUMBERS = frozenset({"height", "max_credits"})


def is_field(name: str) -> bool:
    """Return whether a line may have a field of this name."""
    return name in FIELDS or name.startswith(META)


def _header_problems(names: Sequence[str]) -> Iterator[_Record]:
    """Yield a problem for each wrong column, after what there is if a name resembles nothing."""
    if any(name and not is_field(name) and not _similar(name) for name in names):
        yield _Record(1, problem=_known("column"))
    for column, name in enumerate(names, start=1):
        if name and not is_field(name):
            problem = f"unknown column {name}.{_similar(name)}"
            yield _Record(1, problem=problem, column=column)
        elif name and name in names[: column - 1]:
            yield _Record(1, problem=f"the column {name} is there twice.", column=column)


def _similar(name: str) -> str:
    """Return which field may be meant by a name, as a question; empty if none resembles it."""
    similar = difflib.get_close_matches(name.lower(), FIELDS, n=1)
    return f" Did you mean {similar[0]}?" if similar else ""


def _known(what: str) -> str:
    """Return which fields there are, as a sentence."""
    return f"Known {what}s: {', '.join(sorted(FIELDS))}, and those that begin with {META}."


def _point(name: str, value: str, delimiter: str) -> str:
    """Return a value of a table; a number has a decimal point in place of a comma."""
    is_number = name in NUMBERS and delimiter != "," and re.fullmatch(r"[0-9]+,[0-9]+", value)
    return value.replace(",", ".") if is_number else value


def _json(line: str, number: int) -> _Record:
    try:
        values = json_text.parse(line)
    except json.JSONDecodeError as error:
        return _Record(number, problem=f"not valid JSON ({error.msg}).", column=error.colno)
    except ValueError as error:
        return _Record(number, problem=f"not valid JSON ({error}).")
    if not isinstance(values, dict):
        example = '{"prompt": "a lamp"}'
        return _Record(number, problem=f"each line must be a JSON object, such as {example}.")
    return _Record(number, {name: value for name, value in values.items() if value is not None})


# -- the fields of a line


def _numbered(records: Iterable[_Record], path: Path) -> list[Line]:
    """Return the lines of a file. Paths of pictures start at its folder.

    Raises:
        BadLineError: Some are wrong; it names them all.
    """
    lines = []
    seen = Counter[str]()
    wrong = []
    names: dict[str, int] = {}
    for record in records:
        number = record.number
        try:
            if record.problem:
                raise ValueError(record.problem)
            line = _line(number, record.values, path.parent)
            for member, name in (("id", line.id and f"id {line.id}"), ("output", line.output)):
                if name and (before := names.setdefault(name.lower(), number)) != number:
                    raise _WrongValue(member, f"{name} is that of line {before} already")
        except (_WrongLine, ValueError) as error:
            for problem in error.problems if isinstance(error, _WrongLine) else [error]:
                column = record.column or record.columns.get(getattr(problem, "field", ""))
                place = f"column {column}: " if column else ""
                reason = str(problem)[:MAX_REASON_LENGTH]
                end = "" if reason.endswith((".", "?")) else "."
                wrong.append((number, f"{place}{reason}{end}"))
            continue
        seen[line.tag] += 1
        lines.append(replace(line, tag=f"{line.tag}-{seen[line.tag]}"))
    if wrong:
        raise bad_lines(path.name, sorted([*wrong, *complaints(lines)], key=itemgetter(0)))
    return lines


def _line(number: int, values: Values, folder: Path) -> Line:
    """Return a line. Raises _WrongLine with all wrong values, and ValueError."""
    readers: dict[str, Callable[[], Any]] = {
        "kind": lambda: _one_of(values, "kind", "model", Kind),
        "prompt": lambda: _text(values, "prompt") or "",
        "preset": lambda: _one_of(values, "preset", "standard", Preset),
        "mode": lambda: _one_of(values, "mode", "auto", Mode),
        "name": lambda: _text(values, "name"),
        "images": lambda: _images(values),
        "pose": lambda: _pose(values),
        "height": lambda: _number(values, "height"),
        "splats": lambda: _text(values, "splats"),
        "collider": lambda: _one_of(values, "collider", "auto", COLLIDERS).upper(),
        "panorama": lambda: _flag(values, "panorama", default=True),
        "camera": lambda: _flag(values, "camera", default=True),
        "rigid_body": lambda: _flag(values, "rigid_body", default=False),
        "meta": lambda: _meta(values),
        "export": lambda: _export(values),
        "optimize": lambda: _optimize(values),
        "format": lambda: _suffix(values),
        "render": lambda: _flag(values, "render", default=False),
        "max_credits": lambda: _number(values, "max_credits"),
        "id": lambda: _id(values),
        "output": lambda: _output(values),
        "motions": lambda: _motions(values),
        "": lambda: _check(values),
    }
    read: dict[str, Any] = {}
    wrong: dict[str, _WrongValue] = {}
    for name, reader in readers.items():
        try:
            read[name] = reader()
        except _WrongValue as problem:
            wrong.setdefault(str(problem), problem)
    if wrong:
        names = list(values)
        order = {problem: names.index(problem.field) for problem in wrong.values()}
        raise _WrongLine(sorted(order, key=order.__getitem__))
    asked = {name: read[name] for name in ("kind", "prompt", "preset", "mode", "name", "images")}
    return Line(
        number,
        _tag(values),
        GenerationRequest.parse(**asked, pose=read["pose"], folder=folder),
        Delivery(
            **{name: read[name] for name in ("height", "meta", "export", *WORLD_FIELDS)},
            motions=tuple(motion.words for motion in read["motions"]),
        ),
        read["optimize"],
        read["format"],
        read["render"] if "render" in values else None,
        read["max_credits"],
        read["id"],
        read["output"],
        read["motions"],
    )


def _optimize(values: Values) -> OptimizationLevel | None:
    level = "optimize" in values and _one_of(values, "optimize", "", OptimizationLevel)
    return OptimizationLevel(level) if level else None


def _export(values: Values) -> str | None:
    """Return for which engine a model is exported beside its .blend, or None."""
    return _one_of(values, "export", "", TARGETS) if "export" in values else None


def _check(values: Values) -> None:
    """Refuse unknown fields, and fields that do not apply to this kind or format."""
    if unknown := sorted(name for name in values if not is_field(name)):
        advice = _similar(unknown[0]) or f" {_known('field')}"
        raise _WrongValue(unknown[0], f"unknown field {unknown[0]}.{advice}")
    kind = Kind(_one_of(values, "kind", "model", Kind))
    inapplicable, other = (
        (WORLD_FIELDS, Kind.WORLD) if kind is Kind.MODEL else (MODEL_FIELDS, Kind.MODEL)
    )
    if name := next((name for name in inapplicable if name in values), None):
        raise _WrongValue(name, f"{name} applies to a {other}, not to a {kind}")
    if "export" in values and _suffix(values) == ".glb":
        raise _WrongValue("export", "export applies to a .blend, beside which it is written")
    if "height" in values and _suffix(values) == ".glb" and "motions" not in values:
        raise _WrongValue(
            "height",
            "height applies to a .blend: a .glb is Mint's own file. Leave out one of the two",
        )


def _tag(values: Values) -> str:
    """Return a digest of what Mint is asked for, and one of what its result should look like.

    `NO_CONTENT` and what passes through do not count. An id tells lines with one content apart.
    """
    values = {name: value for name, value in values.items() if not name.startswith(META)}
    paid = {name: value for name, value in values.items() if name not in FREE_FIELDS}
    free = {name: values[name] for name in values.keys() - paid.keys() - NO_CONTENT}
    return f"{_digest(paid)}.{_digest(free)}"


def _digest(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _suffix(values: Values) -> str:
    ending = Path(_text(values, "output") or "").suffix.lower().removeprefix(".")
    named = ending if ending in {"blend", "glb"} else "blend"
    return f".{_one_of(values, 'format', named, ('blend', 'glb'))}"


def _id(values: Values) -> str | None:
    """Return the id of a line, which may be a number in JSON."""
    value = values.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = _text(values, "id")
    if found is not None and not 1 <= len(found.strip()) <= LONGEST_ID:
        raise _WrongValue("id", f"id must have 1 to {LONGEST_ID} characters")
    return found and found.strip()


LONGEST_ID = 100


def _output(values: Values) -> str | None:
    """Return the name of the files of a line, without their ending."""
    text = _text(values, "output")
    if text is None:
        return None
    path = PurePosixPath(text.replace("\\", "/"))
    ending = path.suffix.lower()
    if ending in {".blend", ".glb"}:
        if ending != _suffix(values):
            raise _WrongValue("output", f"output ends in {ending}, which is not its format")
        path = path.with_suffix("")
    if len(path.parts) != 1 or str(path) != safe_name(str(path), fallback=""):
        raise _WrongValue("output", f"output must be the name of a file, not {json.dumps(text)}")
    return str(path)


def _meta(values: Values) -> tuple[tuple[str, str], ...]:
    """Return what passes through: the columns that begin with x_, and the members of `meta`."""
    meta = values.get("meta", {})
    if not isinstance(meta, dict):
        raise _WrongValue("meta", f"meta must be an object, not {json.dumps(meta)}")
    named = {f"{META}{name.removeprefix(META)}": value for name, value in meta.items()}
    named |= {name: value for name, value in values.items() if name.startswith(META)}
    if wrong := [name for name in named if len(name) > LONGEST_META_NAME]:
        raise _WrongValue("meta", f"the name {wrong[0][:LONGEST_META_NAME]}… is too long")
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in sorted(named.items())
    )


LONGEST_META_NAME = 60
"""Bytes of the name of a custom property in Blender, less three."""


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise _WrongValue(name, f"{name} must be text, not {json.dumps(value)}")
    return value


def _one_of(values: Values, name: str, default: str, allowed: Iterable[str]) -> str:
    value = values.get(name, default)
    words = [str(word) for word in allowed]
    if value not in words:
        known = ", ".join(words)
        raise _WrongValue(name, f"{name} must be one of {known}, not {json.dumps(value)}")
    return str(value)


def _flag(values: Values, name: str, *, default: bool) -> bool:
    value = values.get(name, default)
    word = value.lower() if isinstance(value, str) else json.dumps(value)
    if word not in YES | NO:
        raise _WrongValue(name, f"{name} must be yes or no, not {json.dumps(value)}")
    return word in YES


def _number(values: Values, name: str) -> float | None:
    value = values.get(name)
    number = math.nan
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not 0 < number < math.inf:
        raise _WrongValue(name, f"{name} must be a number above 0, not {json.dumps(value)}")
    return number


def _pose(values: Values) -> str | None:
    """Return the pose of a model: one that is animated stands in T-pose."""
    if "motions" not in values:
        return _one_of(values, "pose", "", Pose) if "pose" in values else None
    return _one_of(values, "pose", Pose.T_POSE, (Pose.T_POSE,))


def _motions(values: Values) -> tuple[MotionRequest, ...]:
    """Return what a model is animated with: a list, or a text with | between."""
    found = values.get("motions", [])
    height = _number(values, "height")
    if isinstance(found, str):
        found = motions_in(found)
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise _WrongValue("motions", f"motions must be a list of texts, not {json.dumps(found)}")
    motions = tuple(MotionRequest(each, height) for each in dict.fromkeys(found))
    complaints = (motion.validation_error() for motion in motions)
    if "motions" in values and (not motions or (complaint := next(filter(None, complaints), ""))):
        raise _WrongValue("motions", complaint.removesuffix(".") if motions else "motions is empty")
    return motions


def _images(values: Values) -> list[str]:
    """Return all pictures of a line.

    `image` is one path or URL. `images` is a list of them, or a text with spaces between.
    """
    first = [_text(values, "image") or ""] if "image" in values else []
    images = values.get("images", [])
    if isinstance(images, str):
        return first + images.split()
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise _WrongValue(
            "images", f"images must be a list of paths and URLs, not {json.dumps(images)}"
        )
    return first + images

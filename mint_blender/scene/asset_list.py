# SPDX-License-Identifier: GPL-3.0-or-later
"""List what in a file came from Mint: the bill of a scene."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bpy

from . import tags
from .transaction import temporary_data

COLUMNS = {
    "prompt": "prompt",
    "kind": "kind",
    "preset": "preset",
    "operation": "operation_id",
    "asset": "asset_id",
    "date": "created_at",
    "credits": "credits",
    "sha256": "sha256",
    "source": "mint_url",
}
"""The names of an entry, and the members of `Provenance` that they have."""
NAMES = ("file", "object", *COLUMNS)


def of_open_file() -> list[dict[str, str]]:
    """Return an entry for each object from Mint, in the open file and in what it links.

    All values are texts; what is not known is empty.
    """
    entries = []
    for obj in bpy.data.objects:
        if (provenance := tags.read(obj)) is not None:
            file = obj.library.filepath if obj.library is not None else bpy.data.filepath
            values = {name: getattr(provenance, member) for name, member in COLUMNS.items()}
            path = bpy.path.abspath(file) if file else ""
            entries.append({"file": path, "object": obj.name, **values})
    return entries


def of_file(path: Path) -> list[dict[str, str]]:
    """Return the entries of a .blend, of which nothing stays in the open file.

    Raises:
        OSError: Blender cannot read the file.
    """
    with _objects_of(path):
        return [entry for entry in of_open_file() if entry["file"] != bpy.data.filepath]


def has_job(path: Path, job_id: str) -> bool:
    """Return whether a .blend has the result of a job; False if Blender cannot read the file."""
    try:
        with _objects_of(path) as objects:
            found = filter(None, map(tags.read, objects))
            return any(provenance.job_id == job_id for provenance in found)
    except OSError:
        return False


@contextmanager
def _objects_of(path: Path) -> Iterator[Sequence[bpy.types.Object]]:
    """Yield the objects of a .blend, which are linked meanwhile. Raises OSError."""
    with temporary_data():
        with bpy.data.libraries.load(str(path), link=True) as (there, here):
            here.objects = there.objects
        yield here.objects


def as_csv(entries: Iterable[dict[str, str]], delimiter: str = ",") -> str:
    """Return the entries as a table with a line of names, for a spreadsheet."""
    table = io.StringIO()
    writer = csv.DictWriter(table, NAMES, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(text) for name, text in entry.items()} for entry in entries)
    return table.getvalue()


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text

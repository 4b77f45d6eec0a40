# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of the add-on itself, damaged: metadata of downloads, marks, documents, leases."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path

from mint_blender.files.download_folder import PartFile, is_header_text
from mint_blender.files.file_lock import FileInUse
from mint_blender.jobs.batch_folder.batch_lease import Lease
from mint_blender.jobs.storage import documents, import_marks
from mint_blender.message import Message

from ..checks import guarded_folder
from ..target import Target

DOCUMENT = "0" * 32


def try_content(data: bytes) -> None:
    """Read a file of each kind with this content."""
    for read in READERS:
        with guarded_folder() as folder:
            read(folder, data)


def _part(folder: Path, data: bytes) -> None:
    (folder / "lamp.glb.part").write_bytes(b"1234")
    (folder / "lamp.glb.part.json").write_bytes(data)
    part = PartFile(folder / "lamp.glb")
    part.load("https://cdn.example/lamp.glb")
    if part.source is not None:
        assert part.size == 4 and is_header_text(part.source.validator or "")
        assert isinstance(part.is_complete, bool)


def _mark(folder: Path, data: bytes) -> None:
    (folder / "importing").mkdir()
    (folder / "importing" / "x.json").write_bytes(data)
    for _, mark in import_marks.left_behind(folder):
        import_marks.message_of_crash(mark)


def _documents(folder: Path, data: bytes) -> None:
    (folder / "documents").mkdir()
    (folder / "documents" / DOCUMENT).write_bytes(data)
    documents.open_elsewhere(folder)
    known = documents.Documents(folder)
    known.path_of(DOCUMENT)
    known.take_over(folder / "scene.blend")


def _lease(folder: Path, data: bytes) -> None:
    (folder / "lease").write_bytes(data)
    lease = Lease(folder / "lease")
    try:
        lease.acquire(lambda seconds: None)
    except FileInUse as error:
        assert len(str(error)) < 300 and str(error).isprintable()
        return
    lease.renew()
    lease.release()


def _message(_folder: Path, data: bytes) -> None:
    """Read a stored message; its docstring allows any error, but no lack of memory."""
    try:
        message = Message.from_json(json.loads(data))
    except MemoryError:
        raise
    except Exception:
        return
    assert len(message) < 40 * len(data) + 1000
    assert Message.from_json(message.to_json()) == message


def record(**members: object) -> bytes:
    """Return JSON."""
    return json.dumps(members).encode()


READERS: tuple[Callable[[Path, bytes], None], ...] = (_part, _mark, _documents, _lease, _message)
TARGETS = (
    Target(
        "local_state",
        try_content,
        (
            record(address="https://cdn.example/lamp.glb", validator='"a"', total=9),
            record(job="0123456789ab", crash_log="/tmp/scene.crash.txt", at=5.0),
            record(path="/home/a/scene.blend", is_current=True),
            record(host=platform.node(), pid=os.getpid() + 1, id="x"),
            record(host="another", pid=1, id="y"),
            record(code=None, template="{a} is {b:,.0f} {c}.", params={"a": "A", "b": 5, "c": "x"}),
            record(
                code="x",
                template="{first} {second}",
                params={
                    "first": {"code": None, "template": "One.", "params": {}},
                    "second": {"code": None, "template": "{n:>3}", "params": {"n": "x"}},
                },
            ),
        ),
        is_json=True,
    ),
)

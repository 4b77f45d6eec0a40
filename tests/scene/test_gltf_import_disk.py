# SPDX-License-Identifier: GPL-3.0-or-later
"""An import reads the downloaded file, and uses nothing else on the disk or the network."""

from __future__ import annotations

import json
import os
import site
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..files.build_glb import pack

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.windows]

from mint_blender.scene.gltf.gltf_import import SceneImportError, import_glb

from .scene_snapshot import SceneSnapshot

CHANGES_THE_DISK = {
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("shutil.move", "shutil.rmtree"),
}
LEAVES_THE_MACHINE = {
    *("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "urllib.Request")
}
PLACES = (
    *(sys.prefix, sys.base_prefix, *site.getsitepackages()),
    *(Path(__file__).parents[2], sys.pycache_prefix or sys.prefix, Path(bpy.__file__).parent),
)
INSTALLED = tuple({os.path.realpath(each) for each in PLACES})

_events: list[tuple[str, str, bool]] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _events is None or event not in {"open"} | CHANGES_THE_DISK | LEAVES_THE_MACHINE:
        return
    flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
    what = arguments[0]
    place = os.fsdecode(what) if isinstance(what, str | bytes) else repr(what)
    _events.append((event, place, bool(flags & 3)))


sys.addaudithook(_hook)  # for the rest of the process: Python has no way to take one off


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, bool]]]:
    """What Python does outside itself while the test runs: event, path, whether it writes."""
    global _events
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # of what is imported for the first time
    _events = []
    yield _events
    _events = None


def _outside_events(
    events: list[tuple[str, str, bool]], folder: Path
) -> list[tuple[str, str, bool]]:
    """Return events outside the folder, except reads of what is installed."""
    found = []
    for event, path, writes in list(events):
        place = os.path.realpath(path)
        reads_installed = event == "open" and not writes and place.startswith(INSTALLED)
        if not reads_installed and not place.startswith(os.path.realpath(folder)):
            found.append((event, path, writes))
    return found


def _changed(data: bytes, change: Callable[[dict], object]) -> bytes:
    size = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + size])
    change(document)
    return pack(document, data[28 + size :])


BAD = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "html": lambda data: b"<!doctype html><title>Expired</title>",
    "a buffer outside": lambda data: _changed(data, lambda document: document["buffers"][0].update(uri="../../../etc/passwd")),
    "a picture outside": lambda data: _changed(data, lambda document: document["images"].append({"uri": "file:///etc/passwd"})),
}  # fmt: skip


def _outside_view(document: dict[str, Any]) -> None:
    document["extensions"] = {"X_y": {"uri": "/etc/passwd"}}


GOOD = {
    "whole": lambda data: data,
    "an extension outside": lambda data: _changed(data, _outside_view),
}
"""An address in an extension that nobody reads is no reason to refuse a file."""


@pytest.mark.covers("S-files")
@pytest.mark.parametrize("kind", BAD | GOOD)
def test_nothing_outside_the_folder_is_touched(
    kind: str,
    model: Path,
    tmp_path: Path,
    target_collection: bpy.types.Collection,
    events: list[tuple[str, str, bool]],
) -> None:
    """A good, damaged or hostile file opens no other file and no address."""
    before = SceneSnapshot()
    model.write_bytes((BAD | GOOD)[kind](model.read_bytes()))
    there = sorted(path.name for path in tmp_path.iterdir())
    events.clear()
    if kind in GOOD:
        import_glb(model, target_collection)
    else:
        with pytest.raises(SceneImportError) as error:
            import_glb(model, target_collection)
        sentence = str(error.value)
        assert "model.glb" in sentence and sentence.endswith(".") and "Traceback" not in sentence
    assert any(path == str(model) for _, path, _ in events)
    assert _outside_events(events, tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == there
    if kind in BAD:
        before.assert_same(SceneSnapshot())

# SPDX-License-Identifier: GPL-3.0-or-later
"""Unusual GLBs that are harmless are accepted.

The user has paid for them.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from mint_blender.files.errors import InvalidGlb
from mint_blender.files.glb import header, normalize

from .build_glb import Document, box, box_parts, pack
from .glb_files import changed, inspect

METADATA = {"uri": "https://mint.example/model/1"}


def drawn_as(mode: int) -> bytes:
    """Return the box with its primitive in another mode: points, lines and so on."""
    return changed(lambda document: document["meshes"][0]["primitives"][0].update(mode=mode))


def version(**asset: object) -> bytes:
    """Return the box with another version."""
    return changed(lambda document: document["asset"].update(asset))


@pytest.mark.parametrize(
    "content",
    [
        box() + b"more",
        box() + bytes(4096),
        version(version="2.1", minVersion="2.0"),
        version(version="2.1"),
        changed(lambda document: document.update(extensionsRequired=["KHR_materials_unlit"])),
        changed(
            lambda document: document.update(
                extensionsUsed=["KHR_xmp_json_ld"],
                extensions={"KHR_xmp_json_ld": {"packets": [METADATA]}},
            )
        ),
        changed(lambda document: document["asset"].update(extensions={"MINT_source": METADATA})),
        changed(
            lambda document: document["materials"][0].update(
                extensions={"ANY_metadata": {"deep": [METADATA]}}
            )
        ),
        changed(lambda document: document["asset"].update(extras=METADATA)),
        *(drawn_as(mode) for mode in (0, 1, 2, 3)),
    ],
)
def test_harmless_oddities_are_accepted(tmp_path: Path, content: bytes) -> None:
    """Trailing bytes, a later minor version, an address in metadata, points and lines pass."""
    assert inspect(content, tmp_path).vertices == 8


@pytest.mark.parametrize(
    "asset",
    [
        {"version": "3.0"},
        {"version": "2.1", "minVersion": "2.1"},
        {"version": "2.0", "minVersion": 5},
        {"version": "2"},
    ],
)
def test_a_version_that_cannot_be_read_is_refused(tmp_path: Path, asset: Document) -> None:
    """`minVersion` counts, otherwise the major version (glTF 2.0, section 3.2)."""
    with pytest.raises(InvalidGlb, match=r"not glTF 2\.0"):
        inspect(version(**asset), tmp_path)


@pytest.mark.parametrize("place", ["buffers", "images"])
def test_external_bytes_in_extensions_are_refused(tmp_path: Path, place: str) -> None:
    """An extension of a buffer or picture may not say that its bytes are elsewhere."""

    def change(document: Document) -> None:
        if place == "images":
            document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]
        document[place][0]["extensions"] = {"ANY_extension": {"uri": "https://cdn.example/1.bin"}}

    with pytest.raises(InvalidGlb, match="outside the file"):
        inspect(changed(change), tmp_path)


def test_a_required_extension_may_not_hold_an_address(tmp_path: Path) -> None:
    """An importer has to understand it, so it may follow its addresses."""

    def change(document: Document) -> None:
        document["extensionsUsed"] = document["extensionsRequired"] = ["EXT_remote"]
        document["nodes"][0]["extensions"] = {"EXT_remote": {"uri": "https://cdn.example/1.glb"}}

    with pytest.raises(InvalidGlb, match="outside the file"):
        inspect(changed(change), tmp_path)


def test_points_and_lines_do_not_count_as_triangles(tmp_path: Path) -> None:
    """They are counted as points and lines."""
    assert [inspect(drawn_as(mode), tmp_path).triangles for mode in (0, 1, 4)] == [0, 0, 12]


# -- For an importer that is stricter


def normalized(content: bytes, folder: Path) -> bytes:
    """Return what an importer is given of these bytes."""
    path = folder / "lamp.glb"
    path.write_bytes(content)
    with normalize.normalized_copy(path) as copy:
        return copy.read_bytes()


def document_of(content: bytes) -> Document:
    """Return the JSON of a GLB."""
    return json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])


def test_a_plain_file_is_not_copied(tmp_path: Path) -> None:
    """The importer gets the file itself."""
    path = tmp_path / "lamp.glb"
    path.write_bytes(box())
    with normalize.normalized_copy(path) as copy:
        assert copy == path


def test_trailing_bytes_are_left_out(tmp_path: Path) -> None:
    """The copy ends where the file says that it ends."""
    assert normalized(box() + b"more", tmp_path) == box()


def test_version_and_extension_list_are_corrected(tmp_path: Path) -> None:
    """Blender's importer insists on "2.0" and on a complete list; the binary chunk stays."""
    document, binary = box_parts()
    document["asset"].update(version="2.1", minVersion="2.0")
    document["extensionsRequired"] = ["KHR_materials_unlit"]
    copy = normalized(pack(document, binary) + b"rest", tmp_path)
    found = document_of(copy)
    assert (found["asset"]["version"], found["extensionsUsed"]) == ("2.0", ["KHR_materials_unlit"])
    assert "minVersion" not in found["asset"]
    assert len(copy) == struct.unpack_from("<I", copy, 8)[0] and copy.endswith(binary)


def test_the_copy_is_removed_and_the_file_is_unchanged(tmp_path: Path) -> None:
    """Nothing is left beside the download."""
    content = box() + b"more"
    normalized(content, tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("lamp.glb", content)
    ]


def test_an_exported_file_needs_only_magic_and_length(tmp_path: Path) -> None:
    """Another program may read what we would not import."""
    path = tmp_path / "lamp.glb"
    for content in (pack(b"{broken"), pack({"asset": {"version": "3.0"}}), box() + b"more"):
        path.write_bytes(content)
        header.check_container(path)
    for content in (b"", b"<html>", box()[:-1]):
        path.write_bytes(content)
        with pytest.raises(InvalidGlb):
            header.check_container(path)

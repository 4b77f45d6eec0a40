# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that other programs read are not refused: odd, but nothing in them is dangerous.

What was paid for must arrive.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from mint_blender.files import remote_header
from mint_blender.files.errors import InvalidGlb
from mint_blender.files.glb import header, normalize

from .build_glb import Document, box, box_parts, pack
from .glb_files import changed, inspect

METADATA = {"uri": "https://mint.example/model/1"}


def drawn_as(mode: int) -> bytes:
    """The box with its primitive in another mode: points, lines, …"""
    return changed(lambda document: document["meshes"][0]["primitives"][0].update(mode=mode))


def version(**asset: object) -> bytes:
    """The box with another version."""
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
def test_what_others_read_is_not_refused(tmp_path: Path, content: bytes) -> None:
    """Trailing bytes, a later minor version, a forgotten entry, metadata with an address, points
    and lines.
    """
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
    """`minVersion` says what a reader has to know; without it the major version decides (glTF 2.0,
    section 3.2).
    """
    with pytest.raises(InvalidGlb, match=r"not glTF 2\.0"):
        inspect(version(**asset), tmp_path)


@pytest.mark.parametrize("place", ["buffers", "images"])
def test_bytes_that_an_importer_would_load_from_elsewhere_are_refused(
    tmp_path: Path, place: str
) -> None:
    """An extension of a buffer or a picture may say where its bytes are: that is no metadata."""

    def change(document: Document) -> None:
        if place == "images":
            document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]
        document[place][0]["extensions"] = {"ANY_extension": {"uri": "https://cdn.example/1.bin"}}

    with pytest.raises(InvalidGlb, match="outside the file"):
        inspect(changed(change), tmp_path)


def test_a_required_extension_may_not_lead_elsewhere(tmp_path: Path) -> None:
    """What is required has to be understood, and so its addresses may be followed."""

    def change(document: Document) -> None:
        document["extensionsUsed"] = document["extensionsRequired"] = ["EXT_remote"]
        document["nodes"][0]["extensions"] = {"EXT_remote": {"uri": "https://cdn.example/1.glb"}}

    with pytest.raises(InvalidGlb, match="outside the file"):
        inspect(changed(change), tmp_path)


def test_the_beginning_of_such_a_file_is_not_refused_either() -> None:
    """What is looked at from afar is judged by the same rules."""
    content = box() + b"more"
    beginning = content[: 20 + struct.unpack_from("<I", content, 12)[0] + 8]
    assert header.inspect_prefix(beginning, len(content), "lamp.glb").triangles == 12
    assert len(beginning) < remote_header.FIRST


def test_points_and_lines_are_no_triangles(tmp_path: Path) -> None:
    """They are counted as what they are."""
    assert [inspect(drawn_as(mode), tmp_path).triangles for mode in (0, 1, 4)] == [0, 0, 12]


# -- For an importer that is stricter


def normalized(content: bytes, folder: Path) -> bytes:
    """What an importer is given of these bytes."""
    path = folder / "lamp.glb"
    path.write_bytes(content)
    with normalize.normalized_copy(path) as copy:
        return copy.read_bytes()


def document_of(content: bytes) -> Document:
    """The JSON of a GLB."""
    return json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])


def test_a_plain_file_is_given_as_it_is(tmp_path: Path) -> None:
    """No copy is made of what needs none."""
    path = tmp_path / "lamp.glb"
    path.write_bytes(box())
    with normalize.normalized_copy(path) as copy:
        assert copy == path


def test_trailing_bytes_are_left_out(tmp_path: Path) -> None:
    """The copy ends where the file says that it ends."""
    assert normalized(box() + b"more", tmp_path) == box()


def test_the_version_and_the_list_of_extensions_are_put_right(tmp_path: Path) -> None:
    """Blender's importer insists on "2.0", and on a list that is complete; the binary chunk stays
    as it is.
    """
    document, binary = box_parts()
    document["asset"].update(version="2.1", minVersion="2.0")
    document["extensionsRequired"] = ["KHR_materials_unlit"]
    copy = normalized(pack(document, binary) + b"rest", tmp_path)
    found = document_of(copy)
    assert (found["asset"]["version"], found["extensionsUsed"]) == ("2.0", ["KHR_materials_unlit"])
    assert "minVersion" not in found["asset"]
    assert len(copy) == struct.unpack_from("<I", copy, 8)[0] and copy.endswith(binary)


def test_the_copy_is_gone_afterwards_and_the_file_as_it_was(tmp_path: Path) -> None:
    """Nothing is left beside the download."""
    content = box() + b"more"
    normalized(content, tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("lamp.glb", content)
    ]


def test_only_magic_and_length_matter_for_a_file_that_is_only_copied(tmp_path: Path) -> None:
    """It goes to another program as it came, which may well read what we would not import."""
    path = tmp_path / "lamp.glb"
    for content in (pack(b"{broken"), pack({"asset": {"version": "3.0"}}), box() + b"more"):
        path.write_bytes(content)
        header.check_container(path)
    for content in (b"", b"<html>", box()[:-1]):
        path.write_bytes(content)
        with pytest.raises(InvalidGlb):
            header.check_container(path)

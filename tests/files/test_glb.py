# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header of a GLB says, and what is refused before an importer reads it."""

from __future__ import annotations

import io
import json
import re
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.errors import InvalidFile, InvalidGlb
from mint_blender.files.glb import header, normalize
from mint_blender.files.glb.checks import GlbLimits

from ..mint_service.glb import unpack
from ..scene.rig_fixtures import Clip, Rig
from .build_glb import (
    Document,
    box,
    box_parts,
    chunk,
    jpeg_header,
    pack,
    png,
    png_that_claims,
    webp_header,
)
from .glb_files import changed, data_uri, inspect

HTML = b"<!DOCTYPE html><html><body>This link has expired.</body></html>"
TEXT = chunk(b"JSON", json.dumps(box_parts()[0]).encode(), b" ")


def of_chunks(*chunks: bytes) -> bytes:
    """Return a GLB of the JSON of the box and these chunks."""
    content = TEXT + b"".join(chunks)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(content)) + content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (HTML, "web page"),
        (b"\n  " + HTML, "web page"),
        (b'{"error": "expired"}', "JSON"),
        (b"Kaydara FBX Binary  \0", "not a GLB"),
        (b"glT", "cut off"),
        (b"glTF\2\0\0\0", "cut off"),
        (box()[:400], "cut off: 400 of"),
        (pack({}, version=1), "version 1"),
        (pack({}, b"", length=2**32 - 1), "cut off"),
        (struct.pack("<4sII", b"glTF", 2, 12), "no JSON"),
        (struct.pack("<4sII", b"glTF", 2, 16) + b"JSON", "middle of a chunk"),
        (struct.pack("<4sIII4s", b"glTF", 2, 24, 2**31, b"JSON") + b"{}  ", "beyond the end"),
        (struct.pack("<4sIII4s", b"glTF", 2, 23, 3, b"JSON") + b"{} ", "multiple of four"),
        (struct.pack("<4sII", b"glTF", 2, 20) + chunk(b"BIN\0", b""), "first chunk"),
        (of_chunks(chunk(b"JSON", b"{}  ")), "wrong order"),
        (of_chunks(chunk(b"ABCD", b""), chunk(b"BIN\0", box_parts()[1])), "wrong order"),
        (pack(b"{broken"), "JSON is invalid"),
        (pack(b'{"asset": {"version": "2.0"}, "x": NaN}'), "JSON is invalid"),
        (pack(b'{"x": 1' + b"0" * 5000 + b"}"), "JSON is invalid"),
        (pack(b"\xff\xfe{}"), "JSON is invalid"),
        (pack(b'{"asset": {"version": "2.0"}, "name": "\\ud83d"}'), "text in its JSON"),
        (pack(b"[1, 2]"), "not an object"),
        (pack(b"[" * 200_000 + b"]" * 200_000), "nested too deeply"),
        (
            pack(b'{"asset": {"version": "2.0"}, "extras": ' + b"[" * 80 + b"]" * 80 + b"}"),
            "nested too deeply",
        ),
        (pack({}), "not glTF 2.0"),
    ],
)
def test_a_broken_container_is_refused_with_its_own_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """Each sentence names the file."""
    with pytest.raises(InvalidGlb, match=re.escape(words)) as caught:
        inspect(content, tmp_path)
    assert str(caught.value).startswith("Cannot import lamp.glb: ")
    assert str(caught.value).endswith(".")
    assert isinstance(caught.value, InvalidFile) and not caught.value.retryable


def with_picture(
    content: bytes, kind: str | None = "image/png", *, times: int = 1, where: str = "bytes"
) -> bytes:
    """Return the box with a picture in its bytes, in a buffer that is a data URI, or in its own."""
    document, binary = box_parts()
    if where == "own uri":
        document["images"] = [{"uri": data_uri(content, str(kind)), "mimeType": kind}] * times
        return pack(document, binary)
    uri = where == "buffer"
    start = len(binary) if not uri else 0
    document["bufferViews"].append(
        {"buffer": int(uri), "byteOffset": start, "byteLength": len(content)}
    )
    image = {"bufferView": len(document["bufferViews"]) - 1}
    document["images"] = [image if kind is None else {**image, "mimeType": kind}] * times
    if uri:
        document["buffers"].append({"byteLength": len(content), "uri": data_uri(content)})
        return pack(document, binary)
    document["buffers"][0]["byteLength"] = start + len(content)
    return pack(document, binary + content)


@pytest.mark.parametrize("where", ["bytes", "buffer"])
@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (png_that_claims(60_000, 60_000), "image/png", "claims to be 60000 × 60000 pixels"),
        (webp_header(16_383, 16_383), "image/jpeg", None),
        (webp_header(65_535, 65_535, b"VP8X"), "image/x-unknown", "claims to be 65535"),
        (
            jpeg_header(65_535, 65_535, before=b"\xff\xe1\xea\x60" + bytes(59_998)),
            "image/jpeg",
            "claims to be 65535",
        ),
        (HTML, "image/png", "neither PNG nor JPEG nor WebP"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "cut off"),
        (b"\xabKTX 20\xbb" + bytes(80), "image/ktx2", None),
        (b"\xabKTX 20\xbb" + bytes(80), "image/png", "neither PNG nor JPEG nor WebP"),
        (b"\x76\x2f\x31\x01" + bytes(80), "image/x-exr", "neither PNG nor JPEG nor WebP"),
        (b"\x76\x2f\x31\x01" + bytes(80), None, "neither PNG nor JPEG nor WebP"),
        (b"\0\0\0 ftypavif" + bytes(80), "image/avif", "neither PNG nor JPEG nor WebP"),
        (b"II*\0" + bytes(80), "image/tiff", "neither PNG nor JPEG nor WebP"),
        (
            b"#?RADIANCE\n\n-Y 256 +X 512\n" + bytes(80),
            "image/vnd.radiance",
            "neither PNG nor JPEG nor WebP",
        ),
    ],
)
def test_pictures_that_are_too_large_are_refused(
    tmp_path: Path, content: bytes, kind: str | None, words: str | None, where: str
) -> None:
    """No picture may unpack to gigabytes, or have a format whose size is not read first."""
    packed = with_picture(content, kind, where=where)
    if words is None:
        assert inspect(packed, tmp_path).triangles == 12
        return
    with pytest.raises(InvalidGlb, match=words) as caught:
        inspect(packed, tmp_path)
    assert str(caught.value).startswith("Cannot import lamp.glb: a picture in it")


@pytest.mark.parametrize("where", ["bytes", "own uri"])
def test_many_large_pictures_are_refused_together(tmp_path: Path, where: str) -> None:
    """Each may be as large as the limit, but not all of them at once."""
    large = png_that_claims(8192, 8192)
    assert inspect(with_picture(large, times=8, where=where), tmp_path).triangles == 12
    with pytest.raises(InvalidGlb, match="pixels in total"):
        inspect(with_picture(large, times=9, where=where), tmp_path)


def image(uri: object, kind: str = "image/png") -> Callable[[Document], object]:
    """Return the change that adds an image with this address."""
    return lambda document: document.update(images=[{"uri": uri, "mimeType": kind}])


def buffer(uri: object) -> Callable[[Document], object]:
    """Return the change that gives the buffer this address."""
    return lambda document: document["buffers"][0].update(uri=uri)


def asset(**version: object) -> Callable[[Document], object]:
    """Return the change to another version: `minVersion` counts, else the major version."""
    return lambda document: document["asset"].update(version)


def elsewhere(document: Document) -> None:
    """Require an extension that may follow its addresses, as an importer has to understand it."""
    document["extensionsUsed"] = document["extensionsRequired"] = ["EXT_remote"]
    document["nodes"][0]["extensions"] = {"EXT_remote": {"uri": "https://cdn.example/1.glb"}}


def put(path: str, value: object) -> Callable[[Document], object]:
    """Return the change that puts a value at a place such as `accessors.1.count`."""

    def change(document: Document) -> None:
        *way, last = (int(word) if word.isdigit() else word for word in path.split("."))
        owner: Any = document
        for word in way:
            owner = owner[word]
        owner[last] = value

    return change


ADDRESSES = (
    *("https://cdn.example/box.bin", "file:///etc/passwd", "box.bin", "../../secret.bin"),
    *("DATA:text/plain;base64,AA==", "", 5, None),
)
NOT_BASE64 = ("data:application/octet-stream,raw", "data:;base64", "data:image/png;base64,@@@@")
EXR = data_uri(b"\x76\x2f\x31\x01" + bytes(80), "image/x-exr")
REMOTE = [{"bufferView": 0, "byteLength": 240, "extensions": {"X": {"uri": "a.bin"}}}]
UNFOUNDED = {"componentType": 5126, "count": 4_000_000_000, "type": "VEC3"}
SPARSE = {
    "count": 8,
    "indices": {"bufferView": 0, "componentType": 5125},
    "values": {"bufferView": 1, "byteOffset": 8},
}
PRIMITIVE = "meshes.0.primitives.0"
CHAIN = [*({"children": [number + 1]} for number in range(5000)), {"mesh": 0}]
CHANGES: list[tuple[str, Callable[[Document], object]]] = [
    *(("outside the file", change(uri)) for uri in ADDRESSES for change in (buffer, image)),
    *(("unsupported encoding", change(uri)) for uri in NOT_BASE64 for change in (buffer, image)),
    *(("claims", buffer(data_uri(content))) for content in (b"short", bytes(5000))),
    ("marked as text/html", buffer(data_uri(box_parts()[1], "text/html"))),
    ("marked as image/webp, but", image(data_uri(png(), "image/webp"), "image/webp")),
    ("is not a picture", image(data_uri(HTML, "image/png"))),
    ("is not a picture", image(data_uri(b"", "image/png"))),
    ("marked as image/png, but", image(data_uri(png(), "image/png"), "image/jpeg")),
    ("marked as text/html, but", image(data_uri(png(), "text/html"), "text/html")),
    ("neither PNG nor JPEG nor WebP", image(EXR, "image/x-exr")),
    ("outside the file", elsewhere),
    ("outside the file", put("buffers", REMOTE)),
    ("outside the file", put("images", REMOTE)),
    ("not glTF", asset(version="3.0")),
    ("not glTF", asset(version="2.1", minVersion="2.1")),
    ("not glTF", asset(version="2.0", minVersion=5)),
    ("not glTF", asset(version="2")),
    ("claims", put("buffers.0.byteLength", 10**9)),
    ("no data", lambda document: document["buffers"].append({"byteLength": 10**9})),
    ("outside", put("bufferViews.1.byteOffset", 150)),
    ("outside", put("bufferViews.1.byteLength", 2**40)),
    ("byteLength", put("bufferViews.1.byteLength", -5)),
    ("does not exist", put("bufferViews.1.buffer", 7)),
    ("does not exist", put("accessors.1.bufferView", 7)),
    ("more values", put("accessors.1.count", 9)),
    ("claims", put("accessors.1.count", 4_000_000_000)),
    ("claims", lambda document: document["accessors"].append(UNFOUNDED)),
    ("more values", put("accessors.1.byteOffset", 4)),
    ("more values", put("bufferViews.1.byteStride", 16)),
    ("unknown type", put("accessors.1.componentType", 5124)),
    ("unknown type", put("accessors.1.type", "VEC5")),
    ("unknown type", put("accessors.1.type", ["VEC3"])),
    ("count", put("accessors.1.count", True)),
    ("count", put("accessors.1.count", 1.5)),
    ("more values", put("accessors.1.sparse", SPARSE)),
    (
        "three numbers",
        lambda document: document["accessors"][1].update(type="VEC2", max=None, min=None),
    ),
    ("not integers", put("accessors.0.componentType", 5126)),
    ("invalid", put("accessors.1.max", ["a", 1, 2])),
    ("invalid", put("accessors.1.max", [1e300, 1, 2])),
    ("no triangles", lambda document: document.update(meshes=[], nodes=[], scenes=[{"nodes": []}])),
    ("no triangles", lambda document: document["nodes"][0].pop("mesh")),
    ("no triangles", put("meshes.0.primitives", [])),
    ("no triangles", put("accessors.0.count", 2)),
    ("mode", put(f"{PRIMITIVE}.mode", 9)),
    ("does not exist", put(f"{PRIMITIVE}.indices", 5)),
    ("does not exist", put(f"{PRIMITIVE}.material", 5)),
    ("does not exist", put(f"{PRIMITIVE}.attributes.NORMAL", 5)),
    ("does not exist", put("nodes.0.mesh", 5)),
    ("does not exist", put("nodes.0.children", [5])),
    ("does not exist", put("scene", 5)),
    ("does not exist", put("scenes.0.nodes", [5])),
    ("does not exist", put("textures", [{"source": 3}])),
    ("two parents", put("nodes", [{"children": [2]}, {"children": [2]}, {"mesh": 0}])),
    ("cycle", put("nodes.0.children", [0])),
    ("cycle", put("nodes", [{"mesh": 0}, {"children": [2]}, {"children": [1]}])),
    ("too deeply", put("nodes", CHAIN)),
    ("more than the limit", put("nodes", [{"mesh": 0}] * 70_000)),
    ("invalid", put("nodes.0.translation", [1, 2])),
    ("invalid", put("nodes.0.matrix", ["x"] * 16)),
    ("extensionsUsed", put("extensionsUsed", [5])),
    ("meshes", put("meshes", {"0": {}})),
    ("nodes", put("nodes", [1, 2])),
    ("asset", put("asset", "2.0")),
]


@pytest.mark.covers("S-models")
@pytest.mark.parametrize(
    ("words", "change"),
    CHANGES,
    ids=[f"{number}-{words}" for number, (words, _) in enumerate(CHANGES)],
)
def test_inconsistent_json_is_refused(
    tmp_path: Path, words: str, change: Callable[[Document], object]
) -> None:
    """Wrong indices, counts without bytes, cycles and nonsense are found before the import."""
    with pytest.raises(InvalidGlb, match=words):
        inspect(changed(change), tmp_path)


def test_limits_can_be_set(tmp_path: Path) -> None:
    """The sizes of the file and of its JSON, and the counts of its items, are limited."""
    for limits in (
        header.GlbLimits(file_bytes=100),
        header.GlbLimits(json_bytes=100),
        header.GlbLimits(triangles=11),
        header.GlbLimits(vertices=7),
    ):
        with pytest.raises(InvalidGlb):
            inspect(box(), tmp_path, limits=limits)


def test_a_missing_file_is_an_error_in_words(tmp_path: Path) -> None:
    """A file that cannot be opened is reported in a sentence."""
    with pytest.raises(InvalidGlb, match="could not be read"):
        header.inspect(tmp_path / "gone.glb")


@pytest.mark.covers("C2-header")
def test_the_header_describes_a_box(tmp_path: Path) -> None:
    """Counts and extensions are read: what the file needs is known before the import."""
    found = inspect(box(requires=["EXT_texture_webp"]), tmp_path)
    assert (found.vertices, found.triangles) == (8, 12)
    assert found.extensions_used == found.extensions_required == {"EXT_texture_webp"}


def test_a_buffer_inside_the_json_is_accepted(tmp_path: Path) -> None:
    """A data URI with the right length and kind is part of the file."""
    document, binary = box_parts()
    document["buffers"][0]["uri"] = data_uri(binary)
    document["images"] = [{"uri": data_uri(png(), "image/png"), "mimeType": "image/png"}]
    assert inspect(pack(document, None), tmp_path).triangles == 12


def test_meshopt_files_are_understood(tmp_path: Path) -> None:
    """A fallback buffer has no bytes in the file; its views are covered by compressed ones."""
    document, binary = box_parts()
    packed = {
        "buffer": 0,
        "byteOffset": 0,
        "byteLength": 100,
        "byteStride": 12,
        "count": 8,
        "mode": "ATTRIBUTES",
    }
    document["buffers"].append(
        {"byteLength": 96, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
    )
    document["bufferViews"][1] = {
        "buffer": 1,
        "byteLength": 96,
        "byteStride": 12,
        "extensions": {"EXT_meshopt_compression": packed},
    }
    assert inspect(pack(document, binary), tmp_path).triangles == 12
    packed["count"] = 9
    with pytest.raises(InvalidGlb, match="larger than its space"):
        inspect(pack(document, binary), tmp_path)


def test_a_huge_file_costs_little_memory(tmp_path: Path) -> None:
    """A sparse file of 900 MB is inspected in less than 4 MB of memory."""
    document, _ = box_parts()
    size = 900_000_000
    text = chunk(b"JSON", json.dumps(document).encode(), b" ")
    path = tmp_path / "huge.glb"
    with path.open("wb") as stream:
        stream.write(
            struct.pack("<4sII", b"glTF", 2, 12 + len(text) + 8 + size)
            + text
            + struct.pack("<I4s", size, b"BIN\0")
        )
        stream.truncate(12 + len(text) + 8 + size)
    tracemalloc.start()
    try:
        assert header.inspect(path).triangles == 12
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


class CountingStream(io.BytesIO):
    """A file that counts its reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def test_an_image_is_read_once() -> None:
    """The bytes of a view are read from the file once, however many images name it."""
    document: Document = {"buffers": [{}], "bufferViews": [{"buffer": 0, "byteLength": len(png())}]}
    document["images"] = [{"bufferView": 0, "mimeType": "image/png"}] * 2000
    stream = CountingStream(png())
    header.check_images(stream, 0, document, GlbLimits())
    assert stream.reads == 1


def test_the_number_of_images_is_limited(tmp_path: Path) -> None:
    """Each may have a header of a megabyte."""
    document, binary = box_parts()
    uri = data_uri(png(), "image/png")
    document["images"] = [{"uri": uri}] * 5
    content = pack(document, binary)
    assert inspect(content, tmp_path, limits=GlbLimits(images=5)).triangles == 12
    with pytest.raises(InvalidGlb, match="more than the limit"):
        inspect(content, tmp_path, limits=GlbLimits(images=4))


def test_a_clip_may_come_without_its_character(tmp_path: Path) -> None:
    """A file of animations alone passes: what moves is in the scene already."""
    path = Rig(has_mesh=False).save(tmp_path / "walk.glb", Clip())
    assert header.inspect(path).triangles == 0


# -- what is used often is counted at each use; harmless oddities are corrected


def _without_bytes(document: Document, kind: str, count: int) -> int:
    """Return an accessor that claims so many zeros and has no bytes, which glTF allows."""
    document["accessors"].append({"componentType": 5126, "type": kind, "count": count})
    return len(document["accessors"]) - 1


def _instances(document: Document, count: int) -> None:
    places = {"TRANSLATION": _without_bytes(document, "VEC3", count)}
    document["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": places}}


def _shape_keys(document: Document, count: int) -> None:
    primitive = {"attributes": {"POSITION": _without_bytes(document, "VEC3", 90_000)}}
    primitive["targets"] = [dict(primitive["attributes"]) for _ in range(count)]
    document["meshes"][0]["primitives"].append(primitive)


def _attributes(document: Document, count: int) -> None:
    place = _without_bytes(document, "VEC3", 30_000)
    document["meshes"][0]["primitives"].append(
        {"attributes": {"POSITION": place} | {f"_{number}": place for number in range(count)}}
    )


def _points(document: Document, count: int) -> None:
    place = _without_bytes(document, "VEC3", 30_000)
    document["meshes"] += [
        {"primitives": [{"attributes": {"POSITION": place}, "mode": 0}]} for _ in range(count)
    ]
    document["nodes"] += [{"mesh": number + 1} for number in range(count)]


def _channels(document: Document, count: int) -> None:
    sampler = {
        "input": _without_bytes(document, "SCALAR", 10_000),
        "output": _without_bytes(document, "VEC3", 10_000),
    }
    channels = [{"sampler": 0, "target": {"node": 0, "path": "translation"}} for _ in range(count)]
    document["animations"] = [{"samplers": [sampler], "channels": channels}]


USES = {
    _instances: (60_000, 70_000),
    _shape_keys: (1000, 4096),
    _attributes: (1000, 10_000),
    _points: (1000, 10_000),
    _channels: (500, 2000),
}
"""What multiplies a claim: how often it may, and how often is too much."""


@pytest.mark.parametrize("use", USES)
def test_data_that_is_used_often_is_counted_at_each_use(
    use: Callable[[Document, int], None], tmp_path: Path
) -> None:
    """A few kilobytes may not let the importer make a large thing thousands of times."""
    accepted, too_many = USES[use]
    assert inspect(changed(lambda document: use(document, accepted)), tmp_path).triangles > 0
    with pytest.raises(InvalidGlb, match=r"more than the limit|too often to fit in memory"):
        inspect(changed(lambda document: use(document, too_many)), tmp_path)


METADATA = {"uri": "https://mint.example/model/1"}


@pytest.mark.parametrize(
    "content",
    [
        box() + b"more",
        box() + bytes(4096),
        changed(asset(version="2.1", minVersion="2.0")),
        changed(asset(version="2.1")),
        changed(put("extensionsRequired", ["KHR_materials_unlit"])),
        changed(put("extensions", {"KHR_xmp_json_ld": {"packets": [METADATA]}})),
        changed(put("asset.extensions", {"MINT_source": METADATA})),
        changed(put("materials.0.extensions", {"ANY_metadata": {"deep": [METADATA]}})),
        changed(put("asset.extras", METADATA)),
        changed(put("nodes.0.extras", METADATA)),
    ],
)
def test_harmless_oddities_are_accepted(tmp_path: Path, content: bytes) -> None:
    """Trailing bytes, a later minor version, and an address in metadata pass."""
    assert inspect(content, tmp_path).triangles == 12


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_points_and_lines_do_not_count_as_triangles(tmp_path: Path, mode: int) -> None:
    """They are counted as points and lines."""
    found = inspect(changed(put(f"{PRIMITIVE}.mode", mode)), tmp_path)
    assert (found.vertices, found.triangles) == (8, 0)


# -- For an importer that is stricter


def normalized(content: bytes, folder: Path) -> bytes:
    """Return what an importer is given of these bytes."""
    path = folder / "lamp.glb"
    path.write_bytes(content)
    with normalize.normalized_copy(path) as copy:
        return copy.read_bytes()


def test_a_plain_file_is_not_copied(tmp_path: Path) -> None:
    """The importer gets the file itself."""
    path = tmp_path / "lamp.glb"
    path.write_bytes(box())
    with normalize.normalized_copy(path) as copy:
        assert copy == path


def test_trailing_bytes_are_left_out(tmp_path: Path) -> None:
    """The copy ends where the file says that it ends; it is removed, and the file unchanged."""
    content = box() + b"more"
    assert normalized(content, tmp_path) == box()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [content]


def test_version_and_extension_list_are_corrected(tmp_path: Path) -> None:
    """Blender's importer insists on "2.0" and on a complete list; the binary chunk stays."""
    document, binary = box_parts()
    document["asset"].update(version="2.1", minVersion="2.0")
    document["extensionsRequired"] = ["KHR_materials_unlit"]
    copy = normalized(pack(document, binary) + b"rest", tmp_path)
    found, _ = unpack(copy)
    assert (found["asset"]["version"], found["extensionsUsed"]) == ("2.0", ["KHR_materials_unlit"])
    assert "minVersion" not in found["asset"]
    assert len(copy) == struct.unpack_from("<I", copy, 8)[0] and copy.endswith(binary)


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB that was changed at random: described, or refused in words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mint_blender.files.errors import BadGlb

from .build_glb import box, box_parts, pack, png
from .glb_files import data_uri, inspect

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(2**70) | st.just("data:image/png;base64,AAAA"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["uri", "count", "extensions", "mesh", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as a path of keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, member in inner for place in places(member, (*path, key))]


RICH = box_parts()[0] | {
    "extensionsUsed": ["EXT_x"],
    "extensionsRequired": ["EXT_x"],
    "textures": [{"source": 0, "sampler": 0}],
    "samplers": [{}],
    "images": [{"uri": data_uri(png(), "image/png")}, {"bufferView": 2, "mimeType": "image/png"}],
    "skins": [{"joints": [0]}],
    "cameras": [],
}
RICH["nodes"] = [
    {"mesh": 0, "children": [1]},
    {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], "extensions": {}},
    {"rotation": [0, 0, 0, 1], "scale": [1, 1, 1], "translation": [0, 0, 0]},
]
RICH_BYTES = box_parts()[1] + png()
RICH["buffers"][0]["byteLength"] = len(RICH_BYTES)
RICH["bufferViews"].append({"buffer": 0, "byteOffset": len(box_parts()[1]), "byteLength": len(png())})
RICH["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": 1}]
PLACES = places(RICH)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=3))
def test_changed_json_never_surprises(tmp_path: Path, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Whatever stands in whichever place of the JSON: the file is either described or refused in words."""
    document = copy.deepcopy(RICH)
    for path, value in changes:
        owner: Any = document
        try:
            for key in path[:-1]:
                owner = owner[key]
            owner[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    try:
        found = inspect(pack(json.dumps(document).encode(), RICH_BYTES), tmp_path)
    except BadGlb:
        return
    assert found.triangles > 0


def test_the_document_of_that_test_is_a_good_one(tmp_path: Path) -> None:
    """Proves the test above: unchanged, its document passes."""
    assert inspect(pack(RICH, RICH_BYTES), tmp_path).images == 2


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(box()) - 1), st.integers(0, 255)), max_size=6), end=st.none() | st.integers(0, len(box()))
)
def test_changed_bytes_never_surprise(tmp_path: Path, flips: list[tuple[int, int]], end: int | None) -> None:
    """A valid file with some bytes changed, or cut off anywhere, is described or refused in words."""
    content = bytearray(box())
    for place, value in flips:
        content[place] = value
    try:
        assert inspect(bytes(content[:end]), tmp_path).triangles > 0
    except BadGlb as trouble:
        assert str(trouble).endswith(".")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda tail: pack(tail, None))
    | st.binary(max_size=100).map(lambda tail: box()[:20] + tail)
)
def test_random_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """Noise is never a GLB, and never anything but `BadGlb`."""
    with pytest.raises(BadGlb):
        inspect(content, tmp_path)

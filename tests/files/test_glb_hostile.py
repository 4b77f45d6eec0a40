# SPDX-License-Identifier: GPL-3.0-or-later
"""GLBs with random changes: they are described, or refused in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mint_blender.files.errors import InvalidGlb

from .build_glb import Document, box, pack
from .glb_files import changed, inspect
from .rich_glb import RICH, RICH_BYTES

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just(2**70)
    | st.just("data:image/png;base64,AAAA"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["uri", "count", "extensions", "mesh", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every position in a JSON value, as a path of keys."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] * bool(path) + [
        place for key, member in inner for place in places(member, (*path, key))
    ]


PLACES = places(RICH)


@pytest.mark.covers("S-models")
@settings(
    max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=3))
def test_changed_json_is_described_or_refused(
    tmp_path: Path, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    """Any value at any position of the JSON leads to a description or a sentence."""
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
    except InvalidGlb:
        return
    assert found.triangles > 0


def test_the_unchanged_document_is_accepted(tmp_path: Path) -> None:
    """Prove the test above: unchanged, its document passes."""
    assert inspect(pack(RICH, RICH_BYTES), tmp_path).triangles > 0


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(box()) - 1), st.integers(0, 255)), max_size=6),
    end=st.none() | st.integers(0, len(box())),
)
def test_changed_bytes_are_described_or_refused(
    tmp_path: Path, flips: list[tuple[int, int]], end: int | None
) -> None:
    """A file with changed bytes, or cut anywhere, is described or refused in words."""
    content = bytearray(box())
    for place, value in flips:
        content[place] = value
    try:
        assert inspect(bytes(content[:end]), tmp_path).triangles > 0
    except InvalidGlb as error:
        assert str(error).endswith(".")


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    content=st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda tail: pack(tail, None))
    | st.binary(max_size=100).map(lambda tail: box()[:20] + tail)
)
def test_random_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """Noise is never a GLB, and the only error is `InvalidGlb`."""
    with pytest.raises(InvalidGlb):
        inspect(content, tmp_path)


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

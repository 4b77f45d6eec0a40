# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files are unpacked beside the decompression, in blocks, with bounded memory."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import CodeType, FrameType

import numpy as np
import pytest

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import decode, unpack
from mint_blender.files.spz.coordinates import PER_DEGREE

from . import build_spz
from .read_spz import read_splats, to_blender_axes

FEW = build_spz.made_up(1, degree=3)


def random_sections(points: int, version: int, degree: int = 3) -> list[bytes]:
    """Return random attributes; every byte is valid."""
    random = np.random.default_rng(points)
    rotation = 3 if version < 3 else 4
    sizes = (9, 1, 3, 3, rotation, 3 * PER_DEGREE[degree])
    return [random.bytes(points * size) for size in sizes]


def pack(sections: list[bytes], version: int, degree: int = 3) -> bytes:
    """Return the bytes of a file with these attributes."""
    head = build_spz.header(FEW, version, points=len(sections[1]), degree=degree)
    if version == 4:
        return build_spz.table(head, [part for part in sections if part])
    return gzip.compress(head + b"".join(sections), compresslevel=1)


@pytest.fixture
def large(write_spz: Callable[[bytes], Path], request: pytest.FixtureRequest) -> Path:
    """Write 200,000 splats in the version that the test names."""
    return write_spz(pack(random_sections(200_000, request.param), request.param))


def whole(path: Path) -> dict[str, np.ndarray]:
    """Return what `attributes` yields, harmonics in one array."""
    listed = [(name, values.copy()) for name, values in decode.attributes(path)]
    found = {name: values for name, values in listed if name != "harmonics"}
    planes = [values for name, values in listed if name == "harmonics"]
    return found | ({"harmonics": np.stack(planes, axis=1)} if planes else {})


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 4])
def test_attributes_equal_those_of_a_decoded_file(write_spz, version, degree):
    """Turned while they are unpacked or afterwards: every bit is the same."""
    path = write_spz(build_spz.encode(build_spz.made_up(500, degree=degree), version=version))
    expected = to_blender_axes(read_splats(path))
    found = whole(path)
    for name in ("positions", "scales", "rotations", "base"):
        assert np.array_equal(found[name], getattr(expected, name)), name
    assert np.array_equal(found.get("harmonics", expected.harmonics), expected.harmonics)
    assert ("harmonics" in found) == (degree > 0)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_file_of_several_blocks_is_unpacked_whole(write_spz, version):
    """The values are those of its parts, each of which fits into one block."""
    points = 2 * unpack._BLOCK + 1001
    sections = random_sections(points, version)
    together = whole(write_spz(pack(sections, version)))
    for start in range(0, points, 10_000):
        stop = min(points, start + 10_000)
        cut = [
            part[len(part) // points * start :][: len(part) // points * (stop - start)]
            for part in sections
        ]
        alone = whole(write_spz(pack(cut, version)))
        for name, values in alone.items():
            assert np.array_equal(together[name][start:stop], values), name


def threads_of(code: CodeType, path: Path) -> set[int]:
    """Return the threads that call a function while a file is decoded, the caller's included."""
    seen: set[int] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is code:
            seen.add(threading.get_ident())

    threading.setprofile(note)
    try:
        whole(path)
    finally:
        threading.setprofile(None)
    return seen


@pytest.mark.parametrize(("large", "threads"), [(3, 2), (4, 1)], indirect=["large"])
def test_values_are_unpacked_beside_the_streams(large, threads):
    """Only decompressing, which one thread has to do, is left to the caller's.

    The streams of version 4 are there at once, so that one thread may be quicker than the next.
    """
    seen = threads_of(unpack.harmonic.__code__, large)
    assert len(seen) >= threads and threading.get_ident() not in seen


@pytest.mark.parametrize("large", [3, 4], indirect=True)
def test_no_thread_outlives_the_call(large):
    """Also if not all attributes are wanted, and for a damaged file."""
    large.with_name("cut.spz").write_bytes(large.read_bytes()[:-40_000])
    before = set(threading.enumerate())
    with closing(decode.attributes(large)) as attributes:
        next(attributes)
    with pytest.raises(InvalidSplats):
        whole(large.with_name("cut.spz"))
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("large", [3, 4], indirect=True)
def test_memory_is_bounded_while_attributes_are_taken_one_by_one(large):
    """Taking them one by one needs less than all of them together, even if nothing is compressed."""
    kept = 200_000 * 4 * (3 + 3 + 4 + 4 + 15 * 3)
    assert peak_of(lambda: consume(decode.attributes(large))) < kept


def consume(attributes: Iterator[object]) -> None:
    """Take each and keep none."""
    for _ in attributes:
        pass


def peak_of(call: Callable[[], object]) -> int:
    """Return the most memory, in bytes, that was in use during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile or damaged splat files and panoramas are refused in words, with little memory."""

from __future__ import annotations

import gzip
import json
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import container

from ..processes import captured
from . import build_spz
from .build_glb import png_that_claims
from .read_spz import Splats, read_splats

SMALL = build_spz.made_up(40, degree=2)
CONTENT = {
    version: build_spz.header(SMALL, version) + b"".join(build_spz.sections(SMALL, version))
    for version in (1, 2, 3)
}
TABLE = build_spz.encode(SMALL, version=4)

bends = st.lists(
    st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=5)), min_size=1, max_size=6
)


def bent(data: bytes, changes: list[tuple[int, bytes]], length: int) -> bytes:
    """Return the bytes with some overwritten, cut at a length."""
    changed = bytearray(data)
    for place, piece in changes:
        changed[place : place + len(piece)] = piece
    return bytes(changed[:length])


@pytest.fixture(scope="module", autouse=True)
def _small_limit() -> Iterator[None]:
    """Refuse files that would make these tests slow."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(container, "MAX_POINTS", 100_000)
        yield


def read(data: bytes) -> Splats | None:
    """Return the splats of these bytes; None for a file that was refused in a sentence.

    Any other exception fails the test.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "place.spz"
        path.write_bytes(data)
        try:
            return read_splats(path)
        except InvalidSplats as refusal:
            assert str(refusal).endswith(".") and "place.spz" in str(refusal)
            return None


def assert_sound(splats: Splats | None) -> None:
    """Check that the splats can be put into a scene: finite numbers, as many of each as splats."""
    if splats is not None:
        for values in (
            splats.positions,
            splats.scales,
            splats.rotations,
            splats.base,
            splats.harmonics,
        ):
            assert len(values) == len(splats) and np.isfinite(values).all()


fast_config = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@fast_config
@given(version=st.sampled_from(sorted(CONTENT)), changes=bends, length=st.integers(0, 5000))
def test_damaged_gzip_content_is_read_or_refused(
    version: int, changes: list[tuple[int, bytes]], length: int
) -> None:
    """Header and values are changed behind a stream that decompresses well."""
    assert_sound(read(gzip.compress(bent(CONTENT[version], changes, length), compresslevel=1)))


@fast_config
@given(changes=bends, length=st.integers(0, 2 * len(TABLE)))
def test_a_damaged_version_4_file_is_read_or_refused(
    changes: list[tuple[int, bytes]], length: int
) -> None:
    """Header, table of contents and streams are changed."""
    assert_sound(read(bent(TABLE, changes, length)))


@fast_config
@given(
    version=st.integers(0, 6),
    points=st.integers(0, 2**32 - 1) | st.integers(0, 50),
    degree=st.integers(0, 255),
    bits=st.integers(0, 255),
    flags=st.integers(0, 255),
    streams=st.integers(0, 255),
    offset=st.integers(0, 2**32 - 1) | st.integers(0, 300),
    sizes=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 400), min_size=0, max_size=14),
    rest=st.binary(max_size=200),
)
def test_any_version_4_header_is_read_or_refused(
    version, points, degree, bits, flags, streams, offset, sizes, rest
) -> None:
    """Every field of the header may hold any value."""
    head = struct.pack(
        "<4sIIBBBBI12x", b"NGSP", version, points, degree, bits, flags, streams, offset
    )
    assert_sound(read(head + b"".join(struct.pack("<Q", size) for size in sizes) + rest))


def zeros(megabytes: int) -> bytes:
    """Return a gzip stream of a valid header and values, followed by so many megabytes of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(CONTENT[3])] + [
        packer.compress(bytes(1 << 20)) for _ in range(megabytes)
    ]
    return b"".join([*parts, packer.flush()])


MEMORY = """
import json, resource, sys
from collections import deque
from pathlib import Path
from mint_blender.files import pictures as picture
from mint_blender.files.spz import container, decode
from mint_blender.files.errors import FileError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

container._zstandard()
answers = {}
for path in map(Path, sys.argv[1:]):
    before = peak()
    try:
        picture.inspect(path) if path.suffix == ".png" else deque(decode.attributes(path), maxlen=0)
        said = ""
    except FileError as refusal:
        said = str(refusal)
    answers[path.name] = [said, peak() - before]
print(json.dumps(answers))
"""


@pytest.mark.covers("S-splats")
def test_memory_of_a_whole_process_stays_small(tmp_path: Path) -> None:
    """Huge claims are refused within a few megabytes.

    Four billion splats, streams that decompress to 300 MB, a picture of five billion pixels.
    """
    import zstandard

    parts = build_spz.sections(SMALL, 4)
    sizes = [len(part) for part in parts]
    bomb = build_spz.table(
        build_spz.header(SMALL, 4), [*parts[:5], parts[5] + bytes(300 << 20)], sizes=sizes
    )
    window = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30)
    ).compress(bytes(1 << 27))
    wide = build_spz.table(build_spz.header(SMALL, 4), parts)
    files = {
        "four-billion.spz": gzip.compress(
            build_spz.header(SMALL, 3, points=2**32 - 1) + bytes(100)
        ),
        "four-billion-4.spz": TABLE[:8] + b"\xff" * 4 + TABLE[12:],
        "ten-million.spz": gzip.compress(
            build_spz.header(SMALL, 3, points=10_000_000) + bytes(100)
        ),
        "gzip-bomb.spz": zeros(300),
        "zstandard-bomb.spz": bomb,
        "zstandard-window.spz": wide[:32]
        + struct.pack("<Q", len(window))
        + wide[40:128]
        + window
        + wide[128:],
        "five-billion-pixels.png": png_that_claims(100_000, 50_000),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", MEMORY, *(str(tmp_path / name) for name in files)]
    done = captured(command, check=True, cwd=Path(__file__).parents[2])
    answers = json.loads(done.stdout)
    assert set(answers) == set(files)
    for name, (said, megabytes) in answers.items():
        assert said and megabytes < 40, f"{name}: {megabytes} MB, {said!r}"

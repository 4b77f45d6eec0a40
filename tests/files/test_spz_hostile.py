# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile or damaged splat files and panoramas are refused in words, with little memory."""

from __future__ import annotations

import gzip
import json
import struct
import sys
import zlib
from pathlib import Path

import pytest

from ..processes import captured
from . import build_spz
from .build_glb import png_that_claims

SMALL = build_spz.made_up(40, degree=2)
CONTENT = {
    version: build_spz.header(SMALL, version) + b"".join(build_spz.sections(SMALL, version))
    for version in (1, 2, 3)
}
TABLE = build_spz.encode(SMALL, version=4)


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

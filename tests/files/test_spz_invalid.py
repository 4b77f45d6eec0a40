# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files that are damaged, too large or hostile are refused in words, with little memory."""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import container, decode

from ..harness.processes import captured
from . import build_spz
from .build_glb import png_that_claims
from .read_spz import read_splats

SMALL = build_spz.made_up(100, degree=1)
WHOLE = {version: build_spz.encode(SMALL, version=version) for version in (1, 2, 3, 4)}


header, sections = partial(build_spz.header, SMALL), partial(build_spz.sections, SMALL)
SIZES = [900, 100, 300, 300, 400, 900]


def gzipped(head: bytes, *parts: bytes) -> bytes:
    """Return the gzip stream of a header and the parts after it."""
    return gzip.compress(head + b"".join(parts), mtime=0)


def not_a_number() -> bytes:
    """Return a file of version 1 with a position that is not a number."""
    positions = SMALL.positions.copy()
    positions[7, 1] = np.nan
    return build_spz.encode(replace(SMALL, positions=positions), version=1)


def table(first: int, middle: bytes, last: int) -> bytes:
    """Return the file of version 4 with other bytes from the first place up to the last."""
    return WHOLE[4][:first] + middle + WHOLE[4][last:]


def other_streams(change: Callable[[bytes], bytes]) -> bytes:
    """Return a file of version 4 with changed streams, whose sizes are said to be the usual ones."""
    return build_spz.table(header(4), [change(part) for part in sections(4)], sizes=SIZES)


BAD = {
    "empty": (b"", "is empty"),
    "a web page": (b"<!DOCTYPE html><title>404</title>", "web page"),
    "something else": (b"glTF" + bytes(200), "is not an SPZ file"),
    "gzip of something else": (gzipped(b"hello, this is no splat file"), "does not contain splats"),
    "gzip of nothing": (gzip.compress(b""), "cut short"),
    "gzip cut in two": (WHOLE[3][: len(WHOLE[3]) // 2], "cut short"),
    "gzip without its checksum": (WHOLE[3][:-8], "cut short"),
    "gzip with a wrong checksum": (WHOLE[3][:-8] + bytes(8), "damaged"),
    "gzip with a damaged middle": (WHOLE[2][:60] + bytes(40) + WHOLE[2][100:], "damaged"),
    "gzip with something after it": (WHOLE[3] + b"more", "contains more"),
    "more bytes than the header says": (gzipped(header(3), *sections(3), b"x"), "contains more"),
    "fewer bytes than it says": (gzipped(header(3, points=101), *sections(3)), "cut short"),
    "version 0": (gzipped(header(0)), "version 0; versions 1 to 4"),
    "version 9": (gzipped(header(9)), "version 9"),
    "version 5 without gzip": (header(5) + bytes(16), "version 5; versions 1 to"),
    "version 4 in gzip": (gzipped(header(4)), "not compressed as SPZ version 4"),
    "version 3 without gzip": (header(3) + bytes(16), "not compressed as SPZ version 3"),
    "harmonics of degree 7": (gzipped(header(3, degree=7)), "invalid header"),
    "200 fractional bits": (gzipped(header(3, bits=200)), "invalid header"),
    "no splats": (gzipped(header(3, points=0)), "contains no splats"),
    "4 billion splats": (gzipped(header(3, points=2**32 - 1)), "4,294,967,295"),
    "9 million splats in a few bytes": (gzipped(header(3, points=9_000_000)), "more than"),
    "a place that is invalid positions": (not_a_number(), "invalid positions"),
    "table: only a header": (WHOLE[4][:20], "cut short"),
    "table: 4 billion splats": (table(8, b"\xff" * 4, 12), "4,294,967,295"),
    "table: another count": (table(8, struct.pack("<I", 99), 12), "do not have the size"),
    "table: too few streams": (table(15, b"\x05", 16), "do not have the size"),
    "table: offset past the end": (table(16, struct.pack("<I", 2**31), 20), "cut short"),
    "table: offset into the header": (table(16, struct.pack("<I", 4), 20), "cut short"),
    "table: cut": (WHOLE[4][:-50], "cut short"),
    "table: longer": (WHOLE[4] + b"more", "longer than its header says"),
    "table: a huge stream": (table(32, struct.pack("<Q", 2**63), 40), "cut short"),
    "table: streams of nonsense": (WHOLE[4][:128] + bytes(len(WHOLE[4]) - 128), "damaged"),
    "table: a longer stream": (other_streams(lambda part: part + b"xx"), "contains more"),
    "table: a shorter stream": (other_streams(lambda part: part[:-2]), "cut short"),
}


@pytest.mark.parametrize("what", BAD)
def test_an_invalid_file_is_refused_with_a_sentence(write_spz, what):
    """The sentence names the file and what is wrong with it."""
    data, words = BAD[what]
    with pytest.raises(InvalidSplats, match=words) as caught:
        read_splats(write_spz(data))
    assert str(caught.value).endswith(".") and "place.spz" in str(caught.value)


def test_a_missing_file_is_refused_with_a_sentence(tmp_path):
    """A file that does not exist raises no other exception."""
    with pytest.raises(InvalidSplats, match="cannot be opened"):
        decode.inspect(tmp_path / "gone.spz")


def test_inspect_reads_only_the_header(write_spz, monkeypatch):
    """The header is read without the splats, and the limit applies to it."""
    path = write_spz(WHOLE[4])
    read = decode.inspect(path)
    assert (read.version, read.points, read.degree) == (4, 100, 1)
    monkeypatch.setattr(container, "MAX_POINTS", 50)
    with pytest.raises(InvalidSplats, match="the limit is 50"):
        decode.inspect(path)


# -- hostile or damaged splat files and panoramas are refused in words, with little memory


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


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="does not apply: Windows has no module `resource`")
@pytest.mark.covers("S-splats")
def test_memory_of_a_whole_process_stays_small(tmp_path: Path) -> None:
    """Huge claims are refused within a few megabytes."""
    import zstandard

    parts = sections(4)
    window = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30)
    ).compress(bytes(1 << 27))
    wide = struct.pack("<Q", len(window)) + WHOLE[4][40:128] + window
    bomb = [*parts[:5], parts[5] + bytes(100 << 20)]
    files = {
        "four-billion.spz": gzipped(header(3, points=2**32 - 1), bytes(100)),
        "four-billion-4.spz": table(8, b"\xff" * 4, 12),
        "ten-million.spz": gzipped(header(3, points=10_000_000), bytes(100)),
        "gzip-bomb.spz": gzipped(build_spz.content(SMALL), bytes(100 << 20)),
        "zstandard-bomb.spz": build_spz.table(header(4), bomb, sizes=SIZES),
        "zstandard-window.spz": table(32, wide, 128),
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

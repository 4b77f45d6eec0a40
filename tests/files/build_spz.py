# SPDX-License-Identifier: GPL-3.0-or-later
"""Write SPZ files of every version: the counterpart of `mint_blender/files/spz/decode.py`.

It is written from the format's description. `python3 -m tests.files.build_spz FOLDER` writes the
files whose values two other decoders have given in `data/spz/`.
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .read_spz import Splats

COEFFICIENTS = (0, 3, 8, 15, 24)
FRACTIONAL_BITS = 12


def made_up(points: int, *, degree: int = 0, seed: int = 1) -> Splats:
    """Return random splats that differ in everything."""
    random = np.random.default_rng(seed)
    rotations = random.normal(size=(points, 4))
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    return Splats(
        positions=random.uniform(-4, 4, (points, 3)).astype(np.float32),
        scales=np.exp(random.uniform(np.log(0.01), np.log(0.4), (points, 3))).astype(np.float32),
        rotations=rotations.astype(np.float32),
        base=np.concatenate(
            (random.uniform(-1.7, 1.7, (points, 3)), random.uniform(0, 1, (points, 1))), axis=1
        ).astype(np.float32),
        harmonics=random.uniform(-0.9, 0.9, (COEFFICIENTS[degree], points, 3))
        .astype(np.float32)
        .transpose(1, 0, 2),
    )


def plain(
    places: Any,
    scales: Any = (0.1,) * 3,
    rotations: Any = (1, 0, 0, 0),
    colors: Any = (1,) * 3,
    opacities: Any = 1,
) -> Splats:
    """Return splats without harmonics; colors are sRGB values as displayed."""
    count = len(places)

    def rows(values: Any) -> np.ndarray:
        return np.broadcast_to(np.array(values, np.float32), (count, np.shape(values)[-1]))

    opacity = np.broadcast_to(np.array(opacities, np.float32), count)
    base = np.column_stack([(rows(colors) - 0.5) / 0.2820948, opacity])
    harmonics = np.zeros((count, 0, 3))
    return Splats(rows(places), rows(scales), rows(rotations), base, harmonics)


def encode(splats: Splats, *, version: int = 3, flags: int = 0, extension: bytes = b"") -> bytes:
    """Return the bytes of an SPZ file; `extension` is put where extension records stand."""
    if version < 4:
        return gzip.compress(content(splats, version, flags) + extension, mtime=0)
    # without harmonics there is no stream for them
    parts = [part for part in sections(splats, version) if part]
    return table(header(splats, version, flags), parts, extension)


def content(splats: Splats, version: int = 3, flags: int = 0) -> bytes:
    """Return what is compressed as a whole up to version 3."""
    return header(splats, version, flags) + b"".join(sections(splats, version))


def header(
    splats: Splats,
    version: int,
    flags: int = 0,
    *,
    points: int | None = None,
    degree: int | None = None,
    bits: int = FRACTIONAL_BITS,
) -> bytes:
    """Return the first 16 bytes; the last one, version 4's number of streams, is zero."""
    count = len(splats) if points is None else points
    degree = COEFFICIENTS.index(splats.harmonics.shape[1]) if degree is None else degree
    return struct.pack("<4sIIBBBB", b"NGSP", version, count, degree, bits, flags, 0)


def table(
    head: bytes, parts: list[bytes], extension: bytes = b"", *, sizes: list[int] | None = None
) -> bytes:
    """Return a file of version 4: header, extension records, table of contents, streams.

    The streams are compressed with Zstandard. `sizes` replaces the true unpacked sizes.
    """
    import zstandard

    packed = [zstandard.ZstdCompressor().compress(part) for part in parts]
    sizes = sizes or [len(part) for part in parts]
    contents = b"".join(
        struct.pack("<QQ", len(stream), size) for stream, size in zip(packed, sizes, strict=True)
    )
    return (
        head[:15]
        + bytes([len(parts)])
        + struct.pack("<I", 32 + len(extension))
        + bytes(12)
        + extension
        + contents
        + b"".join(packed)
    )


def sections(splats: Splats, version: int) -> list[bytes]:
    """Return the six attributes, quantized."""
    if version == 1:
        positions = splats.positions.astype("<f2").tobytes()
    else:
        fixed = np.round(splats.positions * (1 << FRACTIONAL_BITS)).astype("<i4")
        positions = np.ascontiguousarray(fixed).view(np.uint8).reshape(-1, 3, 4)[:, :, :3].tobytes()
    colors = _byte(splats.base[:, :3] * 0.15 * 255 + 127.5)
    scales = _byte((np.log(splats.scales) + 10) * 16)
    rotations = _three_bytes(splats.rotations) if version < 3 else _smallest_three(splats.rotations)
    return [
        positions,
        _byte(splats.base[:, 3] * 255),
        colors,
        scales,
        rotations,
        _byte(splats.harmonics * 128 + 128),
    ]


def _byte(values: np.ndarray) -> bytes:
    return np.clip(np.round(values), 0, 255).astype(np.uint8).tobytes()


def _three_bytes(rotations: np.ndarray) -> bytes:
    # w is not stored: it has to be positive
    upward = rotations * np.where(rotations[:, :1] < 0, -1, 1)
    return _byte((upward[:, 1:] + 1) * 127.5)


def _smallest_three(rotations: np.ndarray) -> bytes:
    turns = np.roll(rotations, -1, axis=1)  # w comes last
    largest = np.argmax(np.abs(turns), axis=1)
    turns = turns * np.sign(turns[np.arange(len(turns)), largest])[:, None]
    words = largest.astype("<u4")
    for index in range(4):
        magnitude = np.minimum(np.round(np.abs(turns[:, index]) * np.sqrt(2) * 511), 511)
        added = (turns[:, index] < 0).astype("<u4") << 9 | magnitude.astype("<u4")
        words = np.where(index == largest, words, words << 10 | added)
    return words.astype("<u4").tobytes()


def write_reference_files(folder: Path) -> None:
    """Write a small file for each version and for the degrees of harmonics that differ."""
    for version, degree in ((1, 1), (2, 3), (3, 0), (3, 2), (3, 3), (4, 0), (4, 3), (4, 4)):
        (folder / f"version{version}-degree{degree}.spz").write_bytes(
            encode(made_up(20, degree=degree, seed=version), version=version)
        )


if __name__ == "__main__":
    write_reference_files(Path(sys.argv[1]))

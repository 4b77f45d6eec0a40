# SPDX-License-Identifier: GPL-3.0-or-later
"""Splat files: as they are stored, and what is inside of a gzip stream."""

from __future__ import annotations

import gzip
from pathlib import Path
from unittest import mock

import numpy as np

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import container, decode

from ...files import build_spz
from ..checks import guarded_folder, refusing
from ..target import MEGABYTE, Target

SMALL = build_spz.made_up(6, degree=1)
AXES = b"\x03\0\xbe\xad\x04\0\0\0\x07\0\0\0"
"""An extension record that names the axes."""


def try_file(data: bytes) -> None:
    """Read the header and all splats of a file."""
    few = mock.patch.object(container, "MAX_POINTS", 20_000)
    with guarded_folder() as folder, few:
        path = folder / "place.spz"
        path.write_bytes(data)
        for read in (decode.inspect, _read_attributes):
            with refusing(InvalidSplats):
                read(path)


def try_content(data: bytes) -> None:
    """Read a file whose gzip stream is intact, and holds this."""
    try_file(gzip.compress(data, compresslevel=1, mtime=0))


def _read_attributes(path: Path) -> None:
    lengths = set()
    for _, values in decode.attributes(path):
        lengths.add(len(values))
        assert np.isfinite(values).all()
    assert len(lengths) == 1


TARGETS = (
    Target(
        "splat_files",
        try_file,
        (
            build_spz.encode(SMALL, version=4),
            build_spz.encode(SMALL, version=4, flags=2, extension=AXES),
            build_spz.encode(SMALL, version=3),
            build_spz.encode(SMALL, version=1),
            b"<html>",
        ),
        memory=32 * MEGABYTE,
    ),
    Target(
        "splat_contents",
        try_content,
        (
            *(gzip.decompress(build_spz.encode(SMALL, version=each)) for each in (1, 2, 3)),
            gzip.decompress(build_spz.encode(SMALL, version=3, flags=2, extension=AXES)),
        ),
        memory=32 * MEGABYTE,
    ),
)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode Gaussian splats from SPZ files, versions 1 to 4, to NumPy arrays. Does not use Blender.

`attributes` yields one array after the other, as they are written to a scene, so that never all of
them are in memory. They are unpacked beside the decompression, on threads that end with the call.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from . import coordinates, unpack
from .container import Header, open_file, open_sections

__all__ = ["Header", "attributes", "inspect"]

Floats = NDArray[np.float32]

_AHEAD = 2  # harmonics that are unpacked before the caller wants them: 24 MB each


def inspect(path: Path) -> Header:
    """Return the header of an SPZ file after checking that it fits the file.

    Raises:
        InvalidSplats: If it does not, or is above the limit.
    """
    with open_file(path) as file:
        return open_sections(file, path)[0]


def attributes(path: Path, *, harmonics: bool = True) -> Generator[tuple[str, Floats], None, None]:
    """Yield the attributes of n splats in Blender's axes: name and values of each, float32.

    From RUB, the usual axes of files, (x, y, z) becomes (x, -z, y). Rotations and harmonics are
    transformed, too, so that a splat shows the same color in the same direction. Blender 5.3's own
    importer does the same.

    - `positions`: (n, 3).
    - `scales`: (n, 3) standard deviation along each axis of the splat.
    - `rotations`: (n, 4) quaternions w, x, y, z.
    - `base`: (n, 4) first harmonic of red, green, blue (color = 0.5 + 0.2820948 × it), then the
      opacity, 0 to 1.
    - `harmonics`: (n, 3), once for each higher harmonic, from the lowest on. The array is only
      valid until the next is asked for. None without `harmonics`; those are checked, too.

    Close the generator if not all are wanted.

    Raises:
        InvalidSplats: If the file is damaged or above the limit; some may have been yielded.
    """
    workers = max(2, min(4, os.cpu_count() or 1))
    with open_file(path) as file, ThreadPoolExecutor(workers, "mint-splats") as pool:
        header, sections = open_sections(file, path)
        if header.axes is None:  # the records that name them follow the attributes
            *loaded, records = sections
            named = coordinates.parse_axes(bytes(records), path.name)
            header = replace(header, axes=named)
            sections = iter(loaded)
        axes = header.axes or coordinates.DEFAULT_AXES
        turn = coordinates.to_blender(axes)
        # in the order of the file, which is decompressed by `next`
        unpacked: dict[str, Future[Floats]] = {
            "positions": pool.submit(unpack.positions, next(sections), header, turn),
            "base": pool.submit(unpack.base, next(sections), next(sections)),
            "scales": pool.submit(unpack.scales, next(sections)),
            "rotations": pool.submit(unpack.rotations, next(sections), header, turn),
        }
        last = next(sections)
        coefficients = pool.submit(unpack.by_coefficient, last, header) if harmonics else None
        for _ in sections:  # checks the end of the file
            pass
        if header.version == 1 and not np.isfinite(unpacked["positions"].result()).all():
            raise coordinates.flawed(path.name, Message("has splats with invalid positions"))
        for name in ("positions", "scales", "rotations", "base"):
            yield name, unpacked.pop(name).result()  # which is then no longer kept here
        if coefficients is not None:
            matrix = coordinates.coefficient_matrix(axes)
            for harmonic in _harmonics(coefficients.result(), matrix, pool):
                yield "harmonics", harmonic


def _harmonics(stored: Any, matrix: Floats, pool: ThreadPoolExecutor) -> Iterator[Floats]:
    """Yield each harmonic; few are unpacked before they are wanted.

    An array is used again for a later one: new memory costs more time than unpacking.
    """
    rows = iter(matrix[: len(stored), : len(stored)])
    free = [np.empty(stored.shape[1:], np.float32) for _ in range(_AHEAD + 1)]

    def start(row: Floats) -> Future[Floats]:
        return pool.submit(unpack.harmonic, stored, row, free.pop())

    waiting = deque(map(start, islice(rows, _AHEAD)))
    while waiting:
        harmonic = waiting.popleft().result()
        waiting.extend(map(start, islice(rows, 1)))
        yield harmonic
        free.append(harmonic)

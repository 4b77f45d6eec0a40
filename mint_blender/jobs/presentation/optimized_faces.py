# SPDX-License-Identifier: GPL-3.0-or-later
"""Expect how many faces an optimized model will have.

Mint names no figure for its levels, so it is what the same level has left of earlier models.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from ..job import Job


def expected(jobs: Iterable[Job], faces: int) -> dict[str, int]:
    """Return the faces that each level leaves of a model with so many, by the name of the level.

    The levels with which no model was optimized yet are left out.
    """
    shares: dict[str, list[float]] = {}
    for job in jobs:
        for note in job.notes:
            before = note.params.get("before")
            after = note.params.get("after")
            if not isinstance(before, int) or not isinstance(after, int) or not before:
                continue
            if job.optimize is not None and note.code == "optimized":
                shares.setdefault(job.optimize.name, []).append(after / before)
    return {
        level: int(float(f"{faces * median(found):.2g}"))
        for level, found in shares.items()
        if faces
    }

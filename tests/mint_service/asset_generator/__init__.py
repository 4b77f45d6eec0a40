# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset generators make the files that the service returns.

`make(request)` returns the files for a stage of an operation: small ones from `tiny_assets`, or those
of `sample_files`, which resemble Mint's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parents[1] / "sample_files"


@dataclass(frozen=True)
class AssetRequest:
    """The input for the assets of one stage of an operation."""

    kind: str  # model, world
    stage: str  # preview, final, optimize, convert
    description: str  # the prompt and its revisions, one per line
    formats: tuple[str, ...] = ()  # only for a conversion
    draco_original: bool = False
    collider_up: bool = False


@dataclass(frozen=True)
class Made:
    """A generated file."""

    role: str  # preview, glb, optimized, collider, pano, spz:<tier>, rad, fbx, obj, stl, usdz
    content_type: str
    content: bytes


class AssetGenerator(Protocol):
    """The interface of an asset generator."""

    def make(self, request: AssetRequest) -> Sequence[Made]:
        """Return the files."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset generators make the files that the service returns.

`make(request)` returns the files for a stage of an operation, or None while they are being made.
`tiny_assets` is instant and pure Python; `blender_process` runs Blender and caches its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class AssetRequest:
    """What a stage of an operation needs."""

    kind: str  # model, world
    stage: str  # preview, final, optimize, convert
    description: str  # the prompt and its revisions, one a line
    formats: tuple[str, ...] = ()  # of a conversion
    level: str | None = None  # of an optimization
    draco_original: bool = False
    collider_up: bool = False
    full_res: bool = False
    spz_version: int = 3


@dataclass(frozen=True)
class Made:
    """A file that was made: its content, or where it lies."""

    role: str  # preview, glb, optimized, collider, pano, spz:<tier>, rad, fbx, obj, stl, usdz
    content_type: str
    content: bytes | None = None
    path: Path | None = field(default=None)

    def read(self) -> bytes:
        """The content."""
        if self.content is not None:
            return self.content
        assert self.path is not None
        return self.path.read_bytes()


class AssetGeneratorError(Exception):
    """Something could not be made."""


class AssetGenerator(Protocol):
    """Makes files."""

    def make(self, request: AssetRequest) -> Sequence[Made] | None:
        """The files, or None while they are being made. AssetGeneratorError when that failed."""

    def begin(self, request: AssetRequest) -> None:
        """Start on something that will be asked for. Never fails: `make` tells what went wrong."""

    def close(self) -> None:
        """Stop what is still going on."""

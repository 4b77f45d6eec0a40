# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a World, and the options for building it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...message import Message

Part = Literal["COLLIDER", "PANORAMA", "SPLATS"]
PART_NAMES: dict[Part, str] = {
    "COLLIDER": Message("collider mesh"),
    "PANORAMA": Message("panorama"),
    "SPLATS": Message("splats"),
}
"""Names of the parts in messages."""


@dataclass(frozen=True)
class WorldFiles:
    """Downloaded files of a World; None for a part that is missing or not wanted."""

    collider: Path | None = None
    panorama: Path | None = None
    splats: Path | None = None
    caption: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    """URLs worth keeping, by name: `rad`, `spz_500k`, …"""

    def by_part(self) -> dict[Part, Path | None]:
        """Return the file of each part."""
        return {"COLLIDER": self.collider, "PANORAMA": self.panorama, "SPLATS": self.splats}


@dataclass(frozen=True)
class WorldOptions:
    """Options for building a World."""

    collider: str = "AUTO"
    """PHYSICS: drawn as wire, not rendered.

    VISIBLE: solid, with the panorama on it. NONE: left out. Any other: its bounds beside splats,
    else visible if there is a panorama.
    """
    panorama_as_world: bool = True
    splats: bool = True
    camera: bool = True
    rigid_body: bool = False

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model can be exported for, and how: the words of commands, scripts and the dialog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..message import Message, MessageError

COLLISIONS = ("none", "hull", "several")
"""No collision mesh, one convex hull, or eight that follow the shape more closely."""
MOST_LEVELS = 3
LEAST_FACES = 60
"""A model or a level of detail does not get fewer faces."""


class ExportRefused(MessageError, ValueError):
    """The options do not fit together; nothing was written."""


@dataclass(frozen=True)
class Target:
    """An engine or a file format."""

    name: str
    suffix: str
    has_levels: bool = False
    """Whether its importer makes levels of detail of meshes by their names."""
    has_textures: bool = True
    has_parts: bool = True
    """Whether a collision mesh in its file can be told from the model."""
    most_clips: int | None = None
    """How many clips such a file holds; None: any number."""


TARGETS = {
    "unity": Target("Unity", ".fbx", has_levels=True),
    "unreal": Target("Unreal", ".fbx", has_levels=True),
    "godot": Target("Godot", ".glb"),
    "three": Target("three.js", ".glb"),
    "usd": Target("USD", ".usdz", most_clips=1),
    "glb": Target("GLB", ".glb"),
    "fbx": Target("FBX", ".fbx"),
    "obj": Target("OBJ", ".obj", most_clips=0),
    "stl": Target("STL", ".stl", has_textures=False, has_parts=False, most_clips=0),
}
"""By the word that the command and scripts take."""


@dataclass(frozen=True)
class ExportOptions:
    """How a model is exported."""

    target: str = "glb"
    """One of `TARGETS`."""
    faces: int | None = None
    """The most triangles of the whole model; None: as many as it has."""
    lods: int = 0
    """How many levels of detail beside the model itself, each with half the faces."""
    collision: str = "none"
    """One of `COLLISIONS`."""
    texture: int | None = None
    """The most pixels of a side of a texture; None: as large as it is."""

    def check(self) -> Target:
        """Return the target. Raises ExportRefused."""
        target = TARGETS.get(self.target)
        if target is None:
            raise ExportRefused(
                "Cannot export for {word}. Choose one of: {words}.",
                word=str(self.target),
                words=", ".join(TARGETS),
            )
        if self.collision not in COLLISIONS:
            raise ExportRefused(
                "collision is one of {words}, not {word}.",
                word=str(self.collision),
                words=", ".join(COLLISIONS),
            )
        if not _is_count(self.lods, 0, MOST_LEVELS):
            raise ExportRefused("lods is a number from 0 to {most}.", most=MOST_LEVELS)
        if self.faces is not None and not _is_count(self.faces, LEAST_FACES):
            raise ExportRefused("faces is a number, at least {least}.", least=LEAST_FACES)
        if self.texture is not None and not _is_count(self.texture, 1):
            raise ExportRefused("texture is a number of pixels.")
        if self.lods and not target.has_levels:
            raise ExportRefused(no_levels(target))
        if self.collision != "none" and not target.has_parts:
            raise ExportRefused(no_collision(target))
        return target


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: Path
    faces: tuple[int, ...]
    """Triangles of the model, and of each level of detail."""
    hulls: int = 0
    clips: tuple[str, ...] = ()
    notes: tuple[Message, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that `from_json` reads."""
        notes = [note.to_json() for note in self.notes]
        return asdict(self) | {"path": str(self.path), "notes": notes}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Exported:
        """Return what `to_json` wrote."""
        return cls(
            Path(record["path"]),
            tuple(record["faces"]),
            record["hulls"],
            tuple(record["clips"]),
            tuple(map(Message.from_json, record["notes"])),
        )


def no_collision(target: Target) -> Message:
    """Return why a target gets no collision mesh."""
    return Message("{target} holds the model only.", target=target.name)


def no_levels(target: Target) -> Message:
    """Return why a target gets no levels of detail."""
    if target is TARGETS["godot"]:
        return Message("Godot makes levels of detail itself.")
    return Message("{target} has no levels of detail in a file.", target=target.name)


def _is_count(value: object, least: int, most: int | None = None) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return least <= value and (most is None or value <= most)

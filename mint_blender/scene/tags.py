# SPDX-License-Identifier: GPL-3.0-or-later
"""Store the provenance of results as custom properties `mint_*` on their root objects.

Nothing else is stored in a .blend. Results are found again by these properties, since Python
references to objects do not survive an undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import bpy

from .data_blocks import current_scene

PREFIX = "mint_"
WORLD_MARK = PREFIX + "flipped"
"""Only the root of a World has this custom property."""
RESULT = PREFIX + "result"
"""Marks the collection of a result, also where the Asset Browser has linked or appended it."""
_MOST_WORDS = 3
_SMALL_WORDS = {"a", "an", "the", "and", "at", "by", "for", "from", "in", "on", "to", "with"}
_MARKS = ",.;:!?"
_ROOT_MARKS = (PREFIX + "job_id", PREFIX + "asset_id", WORLD_MARK)


@dataclass(frozen=True)
class Provenance:
    """What was requested from Mint and what it returned; unknown members are empty."""

    job_id: str = ""
    operation_id: str = ""
    asset_id: str = ""
    kind: str = "model"
    prompt: str = ""
    name: str = ""
    preset: str = ""
    mint_url: str = ""
    file_used: str = ""
    """Which of the offered files this is, in words ("optimized", "original")."""
    file_reason: str = ""
    """Why it is that one: a sentence."""
    created_at: str = ""
    group: str = ""
    """Id of the request; results of the same request are placed side by side."""
    credits: str = ""
    """What the result has cost, as a number in digits."""
    sha256: str = ""
    """Of the file that was imported; of a World: of its panorama, else of its collider."""

    @property
    def title(self) -> str:
        """The name that the user sees: the one from Mint, else a few words of the prompt.

        Mint may have taken the whole prompt as the name.
        """
        name = self.name.split()
        prompt = self.prompt.split()
        words = name if name and name != prompt else _few(prompt)
        title = " ".join(words) or f"Mint {self.kind}"
        if len(title) <= 48:
            return title
        return title[:48].rsplit(" ", 1)[0] + "…"

    def properties(self) -> dict[str, str]:
        """Return the custom properties: one for each known member."""
        return {
            _key(field.name): value
            for field in fields(self)
            if (value := getattr(self, field.name))
        }


def _few(words: list[str]) -> list[str]:
    """Return up to three words of a prompt that name what it is about, as in "ceramic lamp".

    They are the last ones before the first comma or small word, since the noun comes last. What it
    is made of or shows is named, too, if there is room, as in "house of glass".
    """
    if len(words) > 1 and words[0].lower() in _SMALL_WORDS:
        words = words[1:]
    few: list[str] = []
    for word in words:
        if few and word.lower() in _SMALL_WORDS:
            break
        few.append(word.rstrip(_MARKS))
        if word[-1] in _MARKS:
            break
    if "of" in few[1:] and (len(few) > _MOST_WORDS or few[-1] == "of"):
        few = few[: few.index("of", 1)]
    return few[-_MOST_WORDS:]


def _key(member: str) -> str:
    return PREFIX + member.removeprefix(PREFIX)


def mark(blocks: Iterable[bpy.types.ID]) -> None:
    """Mark data-blocks as made by Mint, so that a later version may remove them."""
    for block in blocks:
        block[PREFIX + "made"] = True


def is_marked(block: bpy.types.ID) -> bool:
    """Return whether `mark` was called for a data-block."""
    return bool(block.get(PREFIX + "made"))


def write(root: bpy.types.Object, provenance: Provenance) -> None:
    """Store the provenance on a root, replacing an earlier one."""
    for field in fields(Provenance):
        root.pop(_key(field.name), None)
    for key, value in provenance.properties().items():
        root[key] = value


def read(root: bpy.types.Object) -> Provenance | None:
    """Return the provenance of a root, or None for any other object."""
    values = {field.name: str(root.get(_key(field.name), "")) for field in fields(Provenance)}
    return Provenance(**values) if values["job_id"] or values["asset_id"] else None


def root_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root of the result that an object belongs to: the nearest one; None without."""
    while obj is not None and not is_root(obj):
        obj = obj.parent
    return obj


def is_root(obj: bpy.types.Object) -> bool:
    """Return whether an object is the root of a model or World."""
    return any(obj.get(name) is not None for name in _ROOT_MARKS)


def root_in_instance(obj: bpy.types.Object) -> bpy.types.Object | None:
    """Return the root of the result that a collection instance shows, or None."""
    collection = obj.instance_collection if obj.instance_type == "COLLECTION" else None
    if collection is None or collection.get(RESULT) is None:
        return None
    return next(filter(is_root, collection.objects), None)


def roots(
    *, job_id: str = "", asset_id: str = "", scene: bpy.types.Scene | None = None
) -> Iterator[bpy.types.Object]:
    """Yield the roots of a job or an asset in a scene (default: the current one).

    There may be several, since the user can make copies.
    """
    wanted = {PREFIX + "job_id": job_id, PREFIX + "asset_id": asset_id}
    for obj in (scene or current_scene()).objects:
        if any(value and obj.get(key) == value for key, value in wanted.items()):
            yield obj


def all_provenances(scene: bpy.types.Scene) -> Iterator[Provenance]:
    """Yield the provenance of every root in a scene."""
    for obj in scene.objects:
        if (provenance := read(obj)) is not None:
            yield provenance


def result_collection(root: bpy.types.Object) -> bpy.types.Collection | None:
    """Return the collection made for this root, or None if the user moved the root out of it."""
    for collection in root.users_collection:
        if collection.get(RESULT):
            return collection
    return None


def hierarchy(root: bpy.types.Object) -> tuple[bpy.types.Object, ...]:
    """Return the root, followed by everything below it."""
    return (root, *root.children_recursive)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where something in the scene came from, kept on its root object as custom properties `mint_*`.

This is all that Mint leaves in a .blend, and by it things are found again: Python references to
objects do not outlive an undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import bpy

PREFIX = "mint_"


@dataclass(frozen=True)
class Provenance:
    """What was asked of Mint and what it answered; unknown members are empty."""

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
    """What was asked for together with it: such results stand side by side."""

    @property
    def title(self) -> str:
        """The name a person sees: Mint's, else the beginning of the prompt."""
        given = " ".join((self.name or self.prompt).split()) or f"Mint {self.kind}"
        if len(given) <= 48:
            return given
        return given[:48].rsplit(" ", 1)[0] + "…"

    def properties(self) -> dict[str, str]:
        """The custom properties: one for each known member."""
        return {
            _key(each.name): value for each in fields(self) if (value := getattr(self, each.name))
        }


def _key(member: str) -> str:
    return PREFIX + member.removeprefix(PREFIX)


def mark(blocks: Iterable[bpy.types.ID]) -> None:
    """Remember that these data-blocks came from Mint, so that a later version may clear them away
    and nothing of the user's.
    """
    for each in blocks:
        each[PREFIX + "made"] = True


def is_marked(block: bpy.types.ID) -> bool:
    """Whether `mark` was here."""
    return bool(block.get(PREFIX + "made"))


def write(root: bpy.types.Object, provenance: Provenance) -> None:
    """Put the provenance on a root, in place of an earlier one."""
    for each in fields(Provenance):
        root.pop(_key(each.name), None)
    for key, value in provenance.properties().items():
        root[key] = value


def read(root: bpy.types.Object) -> Provenance | None:
    """The provenance of a root, or None for objects that are no root of ours."""
    known = {each.name: str(root.get(_key(each.name), "")) for each in fields(Provenance)}
    return Provenance(**known) if known["job_id"] or known["asset_id"] else None


def roots(
    *, job_id: str = "", asset_id: str = "", scene: bpy.types.Scene | None = None
) -> Iterator[bpy.types.Object]:
    """The roots of a job or an asset in a scene (the current one if not given): none, one, or
    copies that the user made.
    """
    wanted = {PREFIX + "job_id": job_id, PREFIX + "asset_id": asset_id}
    for each in (scene or bpy.context.scene).objects:
        if any(value and each.get(key) == value for key, value in wanted.items()):
            yield each


def all_provenances(scene: bpy.types.Scene) -> Iterator[Provenance]:
    """The provenance of everything that has one in a scene."""
    for each in scene.objects:
        if (known := read(each)) is not None:
            yield known


def result_collection(root: bpy.types.Object) -> bpy.types.Collection | None:
    """The collection made for this root; None when the user has moved it elsewhere or dissolved it."""  # noqa: E501
    for each in root.users_collection:
        if each.get(PREFIX + "result"):
            return each
    return None


def hierarchy(root: bpy.types.Object) -> tuple[bpy.types.Object, ...]:
    """The root and everything under it, the root first."""
    return (root, *root.children_recursive)

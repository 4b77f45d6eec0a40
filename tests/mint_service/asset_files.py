# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep generated files, assign their paths, and return the members of `assets`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..mint_model.records import Operation
from . import glb, motions, prompt_words
from .asset_generator import AssetGenerator, AssetRequest, Made
from .asset_generator.tiny_assets import TinyAssetGenerator
from .switches import TABLE, without

MODEL_MEMBERS = (
    "glbUrl", "glbSizeBytes", "optimizedGlbUrl", "optimizedGlbSizeBytes", "fbxUrl", "objUrl", "stlUrl", "usdzUrl",
    "previewImageUrl", "thumbnailUrl", "bounds",
)  # fmt: skip
FILE_SWITCHES = frozenset(s.name for s in TABLE if s.acts == "file" and s.name != "api-redirect")
API_MARK = "api:"  # prefix of a path whose address is on the API's origin

PATHS = {
    "glb": "glb/{slug}-{digits}.glb",
    "optimized": "glb/{slug}-optimized-{digits}.glb",
    "collider": "worlds/{slug}-collider-{digits}.glb",
    "pano": "worlds/{slug}-pano-{digits}.{ending}",
    "rad": "rad/{slug}-{digits}-lod.rad",
    "spz": "worlds/{slug}-{tier}-spz-{digits}.spz",
    "preview of a world": "assets/{slug}-preview-webp-{digits}.{ending}",
    "preview of a model": "images/models/{slug}-{digits}.{ending}",
}
"""The names of files as on Mint's file host, by their roles; `digits` are 16 hex digits."""
ENDINGS = {"image/webp": "webp", "image/png": "png", "image/jpeg": "jpg"}


@dataclass
class StoredFile:
    """A file of the file host; `path` is the part of its address after the host."""

    path: str
    content: bytes
    content_type: str
    role: str
    operation: str | None = None
    faults: list[str] = field(default_factory=list)  # switches for files
    fired: list[str] = field(default_factory=list)
    issued: float = 0.0  # on Clock.age_now: when its current link was created


class AssetFiles:
    """Requests files from the asset generator and keeps them for download."""

    def __init__(self, files: dict[str, StoredFile], generator: AssetGenerator) -> None:
        self._files = files
        self._generator = generator

    def fill(self, operation: Operation, stage: str) -> dict[str, Any]:
        """Return the asset members of a stage."""
        made = self._generator.make(self._asset_request(operation, stage))
        if stage == "preview":
            return {"previewImageUrl": self._put(operation, made[0])}
        if stage == "optimize":
            path = self._put(operation, made[0])
            return {"optimizedGlbUrl": path, "optimizedGlbSizeBytes": self._size(path)}
        if stage == "convert":
            return {f"{one.role}Url": self._put(operation, one) for one in made}
        preview = (operation.assets or {}).get("previewImageUrl")
        if operation.kind == "world":
            return self._world(operation, made, preview)
        return self._model(operation, made, preview)

    def motion(self, operation: Operation) -> dict[str, str]:
        """Keep the files of a motion, and return their paths by their ids."""
        words = prompt_words.slug(without(operation.motion or ""))
        faults = [name for name in operation.switches if name in FILE_SWITCHES]
        made = motions.files(
            without(operation.motion or ""),
            operation.height,
            operation.id,
            operation.switches,
            color=self._color(operation),
        )
        paths = {}
        for number, (id, content) in enumerate(made.items()):
            path = f"animations/{words}-{operation.id[:16]}-{number}.glb"
            type = "model/gltf-binary"
            content = _spoiled(content, operation.switches)
            self._files[path] = StoredFile(path, content, type, "motion", operation.id, faults)
            paths[id] = path
        return paths

    def _color(self, operation: Operation) -> prompt_words.Color | None:
        """Return the color of a model that is made with a figure; None for a box."""
        about = _description(operation)
        is_box = isinstance(self._generator, TinyAssetGenerator)
        is_figure = not is_box and prompt_words.shape(about) in prompt_words.FIGURES
        return prompt_words.color(about) if is_figure else None

    def _asset_request(self, operation: Operation, stage: str) -> AssetRequest:
        selected = operation.switches
        return AssetRequest(
            kind=operation.kind,
            stage=stage,
            description=_description(operation),
            formats=tuple(operation.formats) if stage == "convert" else (),
            draco_original="draco-original" in selected,
            collider_up="collider-up" in selected,
        )

    def _model(
        self, operation: Operation, made: Iterable[Made], preview: str | None
    ) -> dict[str, Any]:
        selected = operation.switches
        path = self._put(operation, next(one for one in made if one.role == "glb"))
        assets: dict[str, Any] = dict.fromkeys(MODEL_MEMBERS)
        assets |= {
            "glbUrl": API_MARK + path if "api-redirect" in selected else path,
            "glbSizeBytes": self._size(path),
            "previewImageUrl": preview,
            "thumbnailUrl": None if "partial" in selected else preview,
        }
        return assets

    def _world(
        self, operation: Operation, made: Iterable[Made], preview: str | None
    ) -> dict[str, Any]:
        selected = set(operation.switches)
        partial = "partial" in selected
        paths = {one.role: self._put(operation, one) for one in made}
        tiers: dict[str, str | None] = {
            role.split(":")[1]: path for role, path in paths.items() if role.startswith("spz:")
        }
        if "spz-tier-null" in selected:
            tiers["full_res"] = None
        words = without(operation.prompt)
        return {
            "caption": f"A place around the viewer: {words}. Walls, floor and a few columns, seen from eye height.",
            "colliderMeshUrl": None if "collider-null" in selected else paths["collider"],
            "panoUrl": None if partial or "pano-null" in selected else paths["pano"],
            "previewImageUrl": preview,
            "radUrl": None if partial else paths["rad"],
            "spzUrls": None if partial or "spz-null" in selected else tiers,
            "thumbnailUrl": preview,
        }

    def _put(self, operation: Operation, made: Made) -> str:
        """Store a file and return its path."""
        words = without(operation.name or operation.prompt)
        faults: list[str] = []
        content = made.content
        if made.content_type == "model/gltf-binary":
            marked = glb.mark(
                content, prompt=_description(operation), operation=operation.id, name=words[:60]
            )
            content = _spoiled(marked, operation.switches)
            faults = [name for name in operation.switches if name in FILE_SWITCHES]
        path = _path(made, prompt_words.slug(words), operation, content)
        self._files[path] = StoredFile(
            path, content, made.content_type, made.role, operation.id, faults
        )
        return path

    def _size(self, path: str) -> int:
        return len(self._files[path].content)


def _description(operation: Operation) -> str:
    """Return the prompt with every revision, which the picture and the result must follow."""
    return "\n".join([operation.prompt, *operation.feedback])


def _spoiled(content: bytes, switches: Iterable[str]) -> bytes:
    for name in switches:
        if name == "external-buffer":
            content = glb.with_external_buffer(content)
        elif name == "bad-length":
            content = glb.with_wrong_length(content)
        elif name == "meshopt":
            content = glb.requiring(content, "EXT_meshopt_compression")
    return content


def _path(made: Made, slug: str, operation: Operation, content: bytes) -> str:
    """Return a path that depends on the content and its operation."""
    about = f"{operation.id} {made.role} {len(operation.feedback)} ".encode()
    digits = hashlib.sha256(about + content).hexdigest()[:16]
    role, _, tier = made.role.partition(":")
    role = f"preview of a {operation.kind}" if role == "preview" else role
    return PATHS.get(role, f"conversions/{operation.id}/{{slug}}-{{digits}}.{role}").format(
        slug=slug,
        digits=digits,
        ending=ENDINGS.get(made.content_type, "bin"),
        tier=tier.replace("_", "-"),
    )

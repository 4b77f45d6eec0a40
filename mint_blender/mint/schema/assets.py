# SPDX-License-Identifier: GPL-3.0-or-later
"""Models and Worlds, their files, lists of them, and uploaded reference images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .enums import Format, Kind, Status
from .parsing import Json, is_number, read_id, read_number, read_object, read_text, read_time

_TIER = re.compile(r"[ -~]{1,40}")


@dataclass(frozen=True)
class Bounds:
    """Axis-aligned box in glTF axes (Y up) and the file's units.

    Only a hint and often null: measure after the import.
    """

    min: tuple[float, float, float]
    max: tuple[float, float, float]


@dataclass(frozen=True)
class Assets:
    """The files of a model or a World; every member may be None.

    One class for both, since an operation does not say which of the two its `assets` belong to.
    """

    preview_image_url: str | None = None
    thumbnail_url: str | None = None
    glb_url: str | None = None
    glb_size_bytes: int | None = None
    optimized_glb_url: str | None = None
    optimized_glb_size_bytes: int | None = None
    fbx_url: str | None = None
    obj_url: str | None = None
    stl_url: str | None = None
    usdz_url: str | None = None
    bounds: Bounds | None = None
    caption: str | None = None
    collider_mesh_url: str | None = None
    pano_url: str | None = None
    rad_url: str | None = None
    spz_urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def picture_url(self) -> str | None:
        """The small picture for lists."""
        return self.thumbnail_url or self.preview_image_url

    def converted_url(self, format: Format) -> str | None:
        """Return the URL of the model in another format; None until it was converted."""
        return {
            Format.FBX: self.fbx_url,
            Format.OBJ: self.obj_url,
            Format.STL: self.stl_url,
            Format.USDZ: self.usdz_url,
        }[format]

    @property
    def has_result(self) -> bool:
        """Whether there is anything to place in a scene."""
        return any(
            (
                self.glb_url,
                self.optimized_glb_url,
                self.collider_mesh_url,
                self.pano_url,
                self.spz_urls,
            )
        )


@dataclass(frozen=True)
class Asset:
    """A model or a World of the API project.

    `status` is free text; a finished asset has "succeeded".
    """

    kind: Kind
    id: str
    name: str | None
    status: str | None
    asset_stage: str | None
    mint_url: str | None
    prompt: str | None
    assets: Assets | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Whether the asset is finished and has a file to import."""
        return (
            self.status == Status.SUCCEEDED.value
            and self.assets is not None
            and self.assets.has_result
        )

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Asset:
        """Parse Mint's JSON."""
        assets = parse_assets(read_object(data, "assets"))
        done = Status.SUCCEEDED.value if assets is not None and assets.has_result else None
        return cls(
            kind=kind,
            id=read_id(data) or "",
            name=read_text(data, "name"),
            status=read_text(data, "status") or done,
            asset_stage=read_text(data, "assetStage"),
            mint_url=read_text(data, "mintUrl"),
            prompt=read_text(data, "prompt"),
            assets=assets,
            created_at=read_time(data, "createdAt"),
            updated_at=read_time(data, "updatedAt"),
            raw=data,
        )


@dataclass(frozen=True)
class Page:
    """One page of a list; `next_cursor` is None on the last.

    `left_out` is the number of entries without a valid id, which cannot be used.
    """

    data: tuple[Asset, ...]
    next_cursor: str | None
    left_out: int = 0

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Page:
        """Parse Mint's JSON; the last page has a null cursor or `hasMore` false."""
        pagination = read_object(data, "pagination") or {}
        cursor = (
            read_text(pagination, "nextCursor") if pagination.get("hasMore") is not False else None
        )
        entries = data.get("data")
        found = (
            [entry for entry in entries if isinstance(entry, Mapping)]
            if isinstance(entries, list)
            else []
        )
        assets = [Asset.from_json(kind, entry) for entry in found]
        usable = tuple(asset for asset in assets if asset.id)
        return cls(usable, cursor, len(assets) - len(usable))


@dataclass(frozen=True)
class ReferenceImage:
    """A picture stored by Mint; `url` may be used in a generation request."""

    id: str
    url: str | None

    @classmethod
    def from_json(cls, data: Json) -> ReferenceImage:
        """Parse Mint's JSON; the URL is the first of url, sourceUrl, imageUrl, or in `assets`."""
        inside = read_object(data, "assets") or {}
        candidates = [read_text(data, name) for name in ("url", "sourceUrl", "imageUrl")]
        candidates += [read_text(inside, name) for name in ("imageUrl", "sourceUrl")]
        return cls(id=read_id(data) or "", url=next(filter(None, candidates), None))


def parse_assets(data: Json | None) -> Assets | None:
    """Parse the `assets` member of an operation, a model or a World; None if it has none."""
    if data is None:
        return None
    tiers = read_object(data, "spzUrls") or {}
    sizes = {name: read_number(data, name) for name in ("glbSizeBytes", "optimizedGlbSizeBytes")}
    return Assets(
        preview_image_url=read_text(data, "previewImageUrl"),
        thumbnail_url=read_text(data, "thumbnailUrl"),
        glb_url=read_text(data, "glbUrl"),
        glb_size_bytes=None if sizes["glbSizeBytes"] is None else int(sizes["glbSizeBytes"]),
        optimized_glb_url=read_text(data, "optimizedGlbUrl"),
        optimized_glb_size_bytes=(
            None if sizes["optimizedGlbSizeBytes"] is None else int(sizes["optimizedGlbSizeBytes"])
        ),
        fbx_url=read_text(data, "fbxUrl"),
        obj_url=read_text(data, "objUrl"),
        stl_url=read_text(data, "stlUrl"),
        usdz_url=read_text(data, "usdzUrl"),
        bounds=_bounds(read_object(data, "bounds")),
        caption=read_text(data, "caption"),
        collider_mesh_url=read_text(data, "colliderMeshUrl"),
        pano_url=read_text(data, "panoUrl"),
        rad_url=read_text(data, "radUrl"),
        spz_urls={
            tier: url for tier in tiers if _TIER.fullmatch(tier) and (url := read_text(tiers, tier))
        },
    )


def _bounds(data: Json | None) -> Bounds | None:
    corners = []
    for name in ("min", "max"):
        corner = data.get(name) if data is not None else None
        if not (
            isinstance(corner, list) and len(corner) == 3 and all(is_number(x) for x in corner)
        ):
            return None
        corners.append((float(corner[0]), float(corner[1]), float(corner[2])))
    return Bounds(*corners)

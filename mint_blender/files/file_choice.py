# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the offered files to take, and what to say when one cannot be used.

Pure: names and addresses in, a choice out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..message import Message, listed, sentences
from .glb.header import Glb

DRACO = "KHR_draco_mesh_compression"
WEBP = "EXT_texture_webp"
MESHOPT = frozenset({"EXT_meshopt_compression", "KHR_meshopt_compression"})
BASISU = "KHR_texture_basisu"

OPTIMIZED_NEEDS = frozenset({DRACO, WEBP})
"""What Mint's optimizer writes as required (contract, section 9.1); the file itself is asked once
it is here.
"""

BLENDER_READS = frozenset(
    {
        "EXT_mesh_gpu_instancing",
        "EXT_texture_webp",
        "KHR_animation_pointer",
        "KHR_lights_punctual",
        "KHR_materials_anisotropy",
        "KHR_materials_clearcoat",
        "KHR_materials_emissive_strength",
        "KHR_materials_ior",
        "KHR_materials_pbrSpecularGlossiness",
        "KHR_materials_sheen",
        "KHR_materials_specular",
        "KHR_materials_transmission",
        "KHR_materials_unlit",
        "KHR_materials_variants",
        "KHR_materials_volume",
        "KHR_mesh_quantization",
        "KHR_texture_transform",
    }
)
"""What every supported Blender imports, whatever it was built with: `extensions_managed` in
`io_scene_gltf2/io/imp/gltf2_io_gltf.py` of Blender 4.2, without Draco, which needs a library. A
running Blender may read more (5.2 lists meshopt); `blender/` asks it.
"""


@dataclass(frozen=True)
class Choice:
    """A file to download."""

    url: str
    which: Literal["optimized", "original"]
    reason: str | None = None
    """A sentence when it is not the one that was to be expected."""


def choose_model(
    *, optimized_url: str | None, original_url: str | None, readable: frozenset[str]
) -> Choice | None:
    """The optimized GLB where this Blender reads such files, else the original; None when Mint
    offers neither.

    Where only an optimized file exists it is taken all the same: what it really needs is known once
    its header is read, and a file of that name is not always compressed.
    """
    missing = tuple(sorted(OPTIMIZED_NEEDS - readable))
    if optimized_url and not missing:
        return Choice(optimized_url, "optimized")
    if original_url and optimized_url:
        return Choice(
            original_url,
            "original",
            Message(
                "Using the original file instead of the optimized one: {reason}.",
                reason=_lacks(missing),
            ),
        )
    if original_url:
        return Choice(original_url, "original")
    if optimized_url:
        return Choice(
            optimized_url,
            "optimized",
            Message(
                "Mint only has an optimized file, which may not open here: {reason}.",
                reason=_lacks(missing),
            ),
        )
    return None


def missing_extensions(glb: Glb, readable: frozenset[str]) -> tuple[str, ...]:
    """The extensions that the file requires and this Blender cannot read, sorted; empty when all is
    well. Unknown ones cannot be read.
    """
    return tuple(sorted(glb.extensions_required - readable))


def explain_missing(missing: Iterable[str]) -> str:
    """A sentence or two for a person: what this Blender lacks, and what to do."""
    names = sorted(set(missing))
    told = list(dict.fromkeys(_advice(name) for name in names if name in KNOWN))
    unknown = [_shown(name) for name in names if name not in KNOWN]
    if unknown:
        told.append(
            Message(
                "The file requires {extensions}, which this Blender cannot import. Use the"
                " original file or a newer Blender.",
                extensions=listed(unknown),
            )
        )
    return sentences(*told)


def choose_splats(
    spz_urls: Mapping[str, str | None], wanted: str | None = None
) -> tuple[str, str] | None:
    """Tier and address of the splats: the wanted tier if it is offered, else the smallest one; None
    when none is offered.

    Tiers are names such as `100k`, `500k`, `2m`, `full_res`; ones that tell no number count as
    large.
    """
    offered = {tier: url for tier, url in spz_urls.items() if url}
    if not offered:
        return None
    by_name = {_plain(tier): tier for tier in sorted(offered, reverse=True)}
    tier = by_name.get(_plain(wanted)) if wanted else None
    if tier is None:
        tier = min(offered, key=lambda name: (splat_count(name), name))
    return tier, offered[tier]


def splat_count(tier: str) -> float:
    """Return the number of splats in a tier's name; infinite without one (`full_res`)."""
    told = re.search(
        r"(?<![a-z0-9.])(\d{1,12}(?:\.\d{1,6})?)\s*_?([km])?(?![a-z0-9])", tier.lower()
    )
    return float(told[1]) * {"k": 1e3, "m": 1e6}.get(told[2], 1.0) if told else math.inf


def _plain(tier: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", tier.lower())


KNOWN: dict[str, tuple[str, str]] = {
    DRACO: (
        Message("a decoder for Draco-compressed meshes"),
        (
            Message(
                "Builds from blender.org have one. For other builds, install DracoPy (pip"
                " install mint-blender[draco]) or use the original file."
            )
        ),
    ),
    WEBP: (
        Message("WebP pictures in models"),
        Message(
            "Use a Blender build with WebP, such as those from blender.org, or the original file."
        ),
    ),
    BASISU: (
        Message("KTX2 (Basis Universal) pictures"),
        Message("No Blender version reads them yet. Use the original file."),
    ),
    **dict.fromkeys(
        MESHOPT,
        (
            Message("a decoder for meshopt-compressed meshes"),
            Message("Few builds of Blender have one. Use the original file."),
        ),
    ),
}


def _advice(name: str) -> str:
    lack, advice = KNOWN[name]
    return Message("This Blender lacks {features}. {advice}", features=lack, advice=advice)


def _lacks(missing: Iterable[str]) -> str:
    return Message(
        "this Blender lacks {features}", features=listed(KNOWN[name][0] for name in missing)
    )


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:60]

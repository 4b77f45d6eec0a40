# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which of the files that Mint offers to download, and explain what Blender cannot read.

Decides by names and URLs; opens no file and no connection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..message import Message, listed, sentences

if TYPE_CHECKING:
    from .glb.checks import Glb

DRACO = "KHR_draco_mesh_compression"
WEBP = "EXT_texture_webp"
MESHOPT = frozenset({"EXT_meshopt_compression", "KHR_meshopt_compression"})
BASISU = "KHR_texture_basisu"

OPTIMIZED_NEEDS = frozenset({DRACO, WEBP})
"""Extensions that Mint's optimizer requires (contract, section 9.1).

A downloaded file is judged by its own header.
"""

CANNOT_OPEN_REDUCED = Message(
    "This Blender cannot open the reduced file. Use a build from blender.org."
)
"""What is said before anything is paid for a file that lacks a decoder here."""

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
"""Extensions that every supported Blender imports, however it was built.

Source: `extensions_managed` in `io_scene_gltf2/io/imp/gltf2_io_gltf.py` of Blender 4.2, without
Draco, which needs a library. A running Blender may read more (5.2 lists meshopt); see
`scene/gltf/gltf_extensions.py`.
"""


@dataclass(frozen=True)
class Choice:
    """A file to download."""

    url: str
    which: Literal["optimized", "original"]
    reason: str | None = None
    """A sentence for the user if it is not the file that is normally used."""


def choose_model(
    *, optimized_url: str | None, original_url: str | None, readable: frozenset[str]
) -> Choice | None:
    """Return the optimized GLB if Blender can read it, else the original; None if neither exists.

    If only an optimized file exists, it is chosen in any case: what it requires is known once its
    header has been read, and not every optimized file is compressed.

    Args:
        optimized_url: URL of the optimized file, if there is one.
        original_url: URL of the original file, if there is one.
        readable: The glTF extensions that this Blender can read.
    """
    missing = tuple(sorted(OPTIMIZED_NEEDS - readable))
    if optimized_url and not missing:
        return Choice(optimized_url, "optimized")
    lack = listed(KNOWN[name][0] for name in missing) if missing else ""
    if original_url:
        reason = Message(
            "Using the original file instead of the optimized one, which needs {features}.",
            features=lack,
        )
        return Choice(original_url, "original", reason if optimized_url else None)
    if optimized_url:
        reason = Message(
            "Mint only has an optimized file, which may not open here: {reason}.",
            reason=Message("this Blender lacks {features}", features=lack),
        )
        return Choice(optimized_url, "optimized", reason)
    return None


def missing_extensions(glb: Glb, readable: frozenset[str]) -> tuple[str, ...]:
    """Return the extensions that a file requires and Blender cannot read, sorted."""
    return tuple(sorted(glb.extensions_required - readable))


def explain_missing(missing: Iterable[str]) -> str:
    """Return sentences for the user: what this Blender lacks, and what to do."""
    names = sorted(set(missing))
    reasons = dict.fromkeys(KNOWN[name] for name in names if name in KNOWN)
    advice = [
        Message("This Blender lacks {features}. {advice}", features=lack, advice=advice)
        for lack, advice in reasons
    ]
    unknown = [
        "".join(letter if letter.isprintable() else "?" for letter in name)[:60]
        for name in names
        if name not in KNOWN
    ]
    if unknown:
        advice.append(
            Message(
                "The file requires {extensions}, which this Blender cannot import. Use the"
                " original file or a newer Blender.",
                extensions=listed(unknown),
            )
        )
    return sentences(*advice)


def choose_splats(
    spz_urls: Mapping[str, str | None], wanted: str | None = None
) -> tuple[str, str] | None:
    """Return tier and URL of the wanted splats, else of the smallest; None if none are offered.

    Args:
        spz_urls: URLs by tier: `100k`, `500k`, `2m`, `full_res`. A name without a number counts as
            the largest.
        wanted: The tier that the user chose.
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
    match = re.search(
        r"(?<![a-z0-9.])(\d{1,12}(?:\.\d{1,6})?)\s*_?([km])?(?![a-z0-9])", tier.lower()
    )
    return float(match[1]) * {"k": 1e3, "m": 1e6}.get(match[2], 1.0) if match else math.inf


def _plain(tier: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", tier.lower())


KNOWN: dict[str, tuple[str, str]] = {
    DRACO: (
        Message("a decoder for Draco-compressed meshes"),
        Message(
            "Use a Blender build with one, such as those from blender.org, or the original file."
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

# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a batch line and their allowed values.

A CSV file holds only text, so numbers and yes or no may also be given as text. Every function
raises ValueError with a sentence about the first wrong value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...jobs.job_values import Delivery
from ...mint.generation_request import GenerationRequest
from ...mint.schema import Kind, Mode, OptimizationLevel, Pose, Preset

Values = Mapping[str, Any]

WORLD_FIELDS = ("splats", "collider", "panorama", "camera", "rigid_body")
MODEL_FIELDS = ("optimize", "height")
FIELDS = frozenset(
    {
        "prompt",
        "kind",
        "preset",
        "mode",
        "name",
        "image",
        "images",
        "pose",
        "render",
        "format",
        *MODEL_FIELDS,
        *WORLD_FIELDS,
    }
)
FREE_FIELDS = frozenset({"height", *WORLD_FIELDS, "format", "render"})
"""What Mint is not asked for: these decide only what becomes of its files."""
COLLIDERS = ("auto", "physics", "visible", "none")
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


def request(values: Values, folder: Path) -> GenerationRequest:
    """Return the request to Mint; relative paths of pictures start at `folder`."""
    return GenerationRequest.parse(
        kind=_one_of(values, "kind", "model", Kind),
        prompt=_text(values, "prompt") or "",
        preset=_one_of(values, "preset", "standard", Preset),
        mode=_one_of(values, "mode", "auto", Mode),
        name=_text(values, "name"),
        images=_images(values),
        pose=_one_of(values, "pose", "", Pose) if "pose" in values else None,
        folder=folder,
    )


def delivery(values: Values) -> Delivery:
    """Return what the result should look like; the paths of its files are added later."""
    return Delivery(
        height=_height(values),
        splats=_text(values, "splats"),
        collider=_one_of(values, "collider", "auto", COLLIDERS).upper(),
        panorama=_flag(values, "panorama", default=True),
        camera=_flag(values, "camera", default=True),
        rigid_body=_flag(values, "rigid_body", default=False),
    )


def optimize(values: Values) -> OptimizationLevel | None:
    """Return the optimization level, or None for no optimization."""
    return (
        OptimizationLevel(_one_of(values, "optimize", "", OptimizationLevel))
        if "optimize" in values
        else None
    )


def suffix(values: Values) -> str:
    """Return the suffix of the result's file."""
    return f".{_one_of(values, 'format', 'blend', ('blend', 'glb'))}"


def render(values: Values) -> bool | None:
    """Return whether to render a picture; None leaves that to the command."""
    return _flag(values, "render", default=False) if "render" in values else None


def check(values: Values) -> None:
    """Refuse unknown fields, and fields that do not apply to this kind or format."""
    if unknown := sorted(set(values) - FIELDS):
        raise ValueError(f"unknown field {unknown[0]}. Known fields: {', '.join(sorted(FIELDS))}")
    kind = Kind(_one_of(values, "kind", "model", Kind))
    inapplicable, other = (
        (WORLD_FIELDS, Kind.WORLD) if kind is Kind.MODEL else (MODEL_FIELDS, Kind.MODEL)
    )
    if name := next((name for name in inapplicable if name in values), None):
        raise ValueError(f"{name} applies to a {other}, not to a {kind}")
    if "height" in values and suffix(values) == ".glb":
        raise ValueError("height applies to a .blend: a .glb is Mint's own file, unchanged")


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {json.dumps(value)}")
    return value


def _one_of(values: Values, name: str, default: str, allowed: Iterable[str]) -> str:
    value = values.get(name, default)
    words = [str(word) for word in allowed]
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, not {json.dumps(value)}")
    return str(value)


def _flag(values: Values, name: str, *, default: bool) -> bool:
    value = values.get(name, default)
    word = value.lower() if isinstance(value, str) else json.dumps(value)
    if word not in YES | NO:
        raise ValueError(f"{name} must be yes or no, not {json.dumps(value)}")
    return word in YES


def _height(values: Values) -> float | None:
    value = values.get("height")
    if value is None:
        return None
    try:
        height = (
            float(value)
            if isinstance(value, str | int | float) and not isinstance(value, bool)
            else math.nan
        )
    except (ValueError, OverflowError):
        height = math.nan
    if not 0 < height < math.inf:
        raise ValueError(f"height must be a number above 0, not {json.dumps(value)}")
    return height


def _images(values: Values) -> list[str]:
    """Return all pictures of a line.

    `image` is one path or URL. `images` is a list of them, or a text with spaces between.
    """
    first = [_text(values, "image") or ""] if "image" in values else []
    images = values.get("images", [])
    if isinstance(images, str):
        return first + images.split()
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise ValueError(f"images must be a list of paths and URLs, not {json.dumps(images)}")
    return first + images

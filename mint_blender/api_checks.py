# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what scripts pass, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api_values import is_number
from .application import session
from .application.reviews import Review
from .jobs.service import NotPossible
from .mint.generation_request import GenerationRequest
from .mint.schema import Kind, Mode

if TYPE_CHECKING:
    import bpy

Images = str | PathLike[str] | Iterable[str | PathLike[str]]
"""Paths or https URLs, one or several."""


def request_of(prompt: str, images: Images, **choices: Any) -> GenerationRequest:
    """Return a request. Raises ValueError for a choice that Mint does not have."""
    listed = [images] if isinstance(images, str | PathLike) else images
    return GenerationRequest.parse(prompt=prompt, images=listed, **choices)


def check_blender(otherwise: str = "Nothing was started.") -> None:
    """Raise NotPossible if a result could not be placed in this process, or in this thread.

    `otherwise` is a sentence about what was, or can be, done without Blender.
    """
    from .delivery import blender_runtime

    if not blender_runtime.can_import():
        raise NotPossible(
            "This places the result in Blender's scene, and there is no Blender here: install the"
            f" bpy package (pip install bpy), or run the script in Blender. {otherwise}"
        )
    session.check_thread()


def check_request(
    request: GenerationRequest, review: Review | None, splats: str | None, optimize: str | None
) -> None:
    """Check a request before anything is sent.

    Raises:
        ValueError: The arguments do not fit together, or Mint would refuse them.
    """
    if optimize and request.kind is not Kind.MODEL:
        raise ValueError("Only models can be optimized.")
    if splats is not None and request.kind is not Kind.WORLD:
        raise ValueError("Only Worlds have splats.")
    if request.mode is Mode.REVIEW and review is None:
        raise ValueError(
            'mode "review" needs a function review(preview) that returns Approve(), Cancel() or'
            ' Revise("…").'
        )
    try:
        session.check_request(request)
    except NotPossible as error:
        raise ValueError(str(error)) from error


def where(
    kind: Kind,
    height: float | None,
    location: Sequence[float] | None,
    collection: str | bpy.types.Collection | None,
) -> dict[str, Any]:
    """Return the members of a delivery that say where a result goes.

    Raises:
        ValueError: One of them is wrong.
    """
    if height is not None and kind is not Kind.MODEL:
        raise ValueError("Only models have a height; a World has the size of its place.")
    if height is not None and not (is_number(height) and 0 < height < math.inf):
        raise ValueError(f"height is a number above 0, not {height!r}.")
    at = None if location is None else tuple(map(float, location))
    if at is not None and (len(at) != 3 or not all(map(math.isfinite, at))):
        raise ValueError(f"location has three numbers, not {location!r}.")
    name = collection if collection is None or isinstance(collection, str) else collection.name
    return {"height": height, "at": at, "collection": name}


def output_file(kind: Kind, file: Path, *, overwrite: bool) -> Path:
    """Return the absolute path of a file to write. Raises ValueError, NotPossible."""
    from .delivery import write_files

    file = file.absolute()
    if file.suffix.lower() not in {".blend", ".glb"}:
        raise ValueError(f"{file} has to end in .blend or .glb.")
    if file.exists() and not overwrite and not file.is_dir():
        raise NotPossible(f"{file} exists already. Nothing was written. Use overwrite=True.")
    if problem := write_files.output_problem(kind, file, None):
        raise NotPossible(problem)
    return file

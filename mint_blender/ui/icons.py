# SPDX-License-Identifier: GPL-3.0-or-later
"""All pictures that are drawn as icons, in one bounded cache. Filled outside of drawing.

Also the numbers of Blender's own icons.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import bpy.utils.previews

from . import session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..jobs.service import JobService

MOST = 512
"""Most pictures of each owner that are kept in Blender's memory."""


class IconCache:
    """Icons by owner and key. Each owner says which pictures it shows.

    The others are freed late: Blender crashes if it draws a region with an icon that is gone.
    """

    def __init__(self) -> None:
        self._previews: bpy.utils.previews.ImagePreviewCollection | None = None
        self._paths: dict[str, dict[str, str]] = {}
        self._unused: dict[str, str] = {}
        """The files of what no owner shows any more, by name, the one that was left first first."""

    def keep(self, owner: str, pictures: Mapping[str, str]) -> None:
        """Load the pictures of an owner (file paths by key), and leave its other ones unused.

        Of more than `MOST` only the first are loaded, and of what is unused as many stay. Does
        nothing without a window.
        """
        if bpy.app.background:
            return
        wanted = dict(islice(pictures.items(), MOST))
        kept = self._paths.setdefault(owner, {})
        for key in kept.keys() - wanted.keys():
            self._unused[_name(owner, key)] = kept.pop(key)
        for key in [key for key in wanted if key not in kept]:
            name = _name(owner, key)
            path = wanted[key]
            unused = self._unused.pop(name, None)
            if unused == path:
                kept[key] = path
            elif Path(path).is_file():
                if unused is not None:
                    del self._collection()[name]
                self._collection().load(name, path, "IMAGE")
                kept[key] = path
        for name in list(self._unused)[:-MOST]:
            del self._unused[name]
            del self._collection()[name]

    def paint(self, owner: str, key: str, pixels: NDArray[np.float32]) -> None:
        """Make an icon, or change it: rows from below, each pixel RGBA from 0 to 1."""
        name = _name(owner, key)
        previews = self._collection()
        icon: Any = previews[name] if name in previews else previews.new(name)
        size = (pixels.shape[1], pixels.shape[0])
        icon.icon_size = icon.image_size = size
        flat = pixels.astype("f", copy=False).ravel()
        icon.icon_pixels_float.foreach_set(flat)
        icon.image_pixels_float.foreach_set(flat)

    def erase(self, owner: str, key: str) -> None:
        """Free an icon that was painted, if there is one."""
        name = _name(owner, key)
        if self._previews is not None and name in self._previews:
            del self._previews[name]

    def icon(self, owner: str, key: str | None) -> int:
        """Return the icon number for a layout; 0 if there is no picture (yet)."""
        if self._previews is None or key is None:
            return 0
        picture = self._previews.get(_name(owner, key))
        return picture.icon_id if picture is not None else 0

    def pixels(self, owner: str, key: str) -> tuple[int, int, NDArray[np.float32]] | None:
        """Return a picture as width, height and RGBA values from 0 to 1, rows from below.

        It is decoded here, so not for drawing. Returns None if there is no picture (yet).
        """
        previews = self._previews
        picture: Any = previews.get(_name(owner, key)) if previews is not None else None
        if picture is None:
            return None
        width, height = picture.image_size
        if not width or not height:
            return None
        import numpy as np

        values = np.empty(4 * width * height, np.float32)
        picture.image_pixels_float.foreach_get(values)
        return width, height, values

    def close(self) -> None:
        """Free all icons."""
        if self._previews is not None:
            bpy.utils.previews.remove(self._previews)
        self._previews = None
        self._paths.clear()
        self._unused.clear()

    def _collection(self) -> bpy.utils.previews.ImagePreviewCollection:
        if self._previews is None:
            self._previews = bpy.utils.previews.new()
        return self._previews


@lru_cache
def icon_number(name: str) -> int:
    """Return the number of one of Blender's icons; 0 if this Blender does not have it.

    A layout that is given the name compares it with those of all icons, which can take longer than
    the rest of a button: rows give it the number, as `icon_value`.
    """
    layout: Any = bpy.types.UILayout.bl_rna
    items = layout.functions["label"].parameters["icon"].enum_items
    return items[name].value if name in items else 0


def cache() -> IconCache:
    """Return the cache of this session."""
    return session.state(IconCache)


def _name(owner: str, key: str) -> str:
    return f"{owner}:{key}"


def catch_up(service: JobService) -> None:
    """Load every picture that a job has by now, and free those of jobs that are gone."""
    from ..jobs.job_values import Role

    roles = {Role.PREVIEW, Role.PICTURE}
    jobs = service.jobs()
    paths = {file.path: file.path for job in jobs for file in job.files if file.role in roles}
    pictures = (candidate.picture for job in jobs for candidate in job.candidates)
    cache().keep("jobs", paths | {picture: picture for picture in pictures if picture})


def of_file(path: str | None) -> int:
    """Return the icon number of a job's picture; 0 if there is none (yet)."""
    return cache().icon("jobs", path)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a GLB with Blender's own glTF importer, without disturbing the user.

The importer works in a staging scene: in the user's scene it would leave Edit Mode, change the
selection and the active object. Either all of a file is imported, or nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...files import file_choice
from ...files.errors import FileError
from ...files.glb import header as glb_header
from ...files.glb import normalize, vertices
from ...files.glb.vertices import MeshVertices
from ..data_blocks import current_scene
from ..errors import SceneImportError
from ..staging_scene import staging_scene
from ..transaction import remove, rollback_on_error
from . import gltf_extensions
from .gltf_extensions import muted_importer
from .normals import UnknownMeshError, set_normals

__all__ = ["SceneImportError", "import_glb"]

_PREFIX = re.compile(r"^[^:.]{1,24}:\s+")
_CODE_LOCATION = re.compile(r":\s.*\.py:\d+$")

IMPORT_OPTIONS = {
    "import_pack_images": True,
    # its shapes are an icosphere in a collection of its own, left in the user's file
    "disable_bone_shape": True,
    "import_select_created_objects": False,
    "import_scene_extras": False,
}


def import_glb(
    path: Path,
    collection: bpy.types.Collection,
    *,
    scene: bpy.types.Scene | None = None,
    checked: bool = True,
) -> list[bpy.types.Object]:
    """Import a GLB; return its objects, linked into `collection` only.

    glTF's (x, y, z) is at (x, -z, y). Lengths follow the unit scale and animations the frame
    rate of `scene` (default: the current one). The header is checked first: a file that is
    damaged, refers to other files or needs what this Blender lacks never reaches the importer.
    Without `checked` there is no check, which may crash Blender.

    Raises:
        SceneImportError: The file cannot be imported; nothing is left behind.
    """
    units_of = scene or current_scene()
    with _readable(path) if checked else contextlib.nullcontext(path) as file:
        if not gltf_extensions.is_extended() and (sources := vertices.read_meshes(file)):
            with contextlib.suppress(UnknownMeshError):
                return _import(file, path.name, collection, units_of, sources)
        return _import(file, path.name, collection, units_of)


def _import(
    file: Path,
    name: str,
    collection: bpy.types.Collection,
    units_of: bpy.types.Scene,
    sources: dict[str, MeshVertices] | None = None,
) -> list[bpy.types.Object]:
    """Import a file; with `sources`, the importer sets no normals, and they are set afterwards.

    Raises:
        SceneImportError: The file cannot be imported; nothing is left behind.
        UnknownMeshError: The sources do not fit; nothing is left behind.
    """
    with rollback_on_error() as before:
        with staging_scene(units_of=units_of) as staging:
            _call_importer(file, name, staging, "SMOOTH" if sources else "NORMALS")
            objects = [block for block in before.new() if isinstance(block, bpy.types.Object)]
            if not objects:
                raise SceneImportError(
                    "Cannot import “{name}”: it contains no objects. The file is kept; "
                    "nothing was imported.",
                    name=name,
                )
            if sources:
                meshes = [block for block in before.new() if isinstance(block, bpy.types.Mesh)]
                set_normals(meshes, sources, 1.0 / staging.unit_settings.scale_length)
            _move(objects, collection, staging)
        remove(
            block
            for block in before.new()
            if isinstance(block, (bpy.types.Scene, bpy.types.Collection))
        )
    return objects


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Yield the file, or a normalized copy, after its checks."""
    try:
        header = glb_header.inspect(path)
        if missing := file_choice.missing_extensions(header, gltf_extensions.readable_extensions()):
            raise SceneImportError(
                "“{name}” cannot be imported. {reason} The file is kept; nothing was imported.",
                name=path.name,
                reason=file_choice.explain_missing(missing),
            )
        with normalize.normalized_copy(path) as file:
            if file_choice.DRACO in header.extensions_used:
                normalize.check_face_counts(file)
            yield file
    except FileError as error:
        raise SceneImportError(
            "{problem} The file is kept; nothing was imported.", problem=error
        ) from error


def _call_importer(path: Path, name: str, staging: bpy.types.Scene, shading: str) -> None:
    operator: Any = bpy.ops.import_scene.gltf
    parameters = operator.get_rna_type().properties  # an unknown keyword would be a TypeError
    options = {**IMPORT_OPTIONS, "import_shading": shading}
    keywords = {key: value for key, value in options.items() if key in parameters}
    view_layer = staging.view_layers[0]
    # Never `window=` in here: with a scene other than the window's own, Blender crashes.
    # Nor `layer_collection=`: it dangles as soon as the importer makes a collection, and 5.x then
    # crashes. Both follow from the view layer. Without `area=None` the `edit_object` of the 3D View
    # that was clicked in would be the user's.
    context = bpy.context.temp_override(scene=staging, view_layer=view_layer, area=None)
    try:
        with muted_importer(), context:
            finished = operator(filepath=str(path), **keywords) == {"FINISHED"}
    except Exception as error:  # the operator wraps whatever went wrong inside it
        raise SceneImportError(
            "Blender could not read “{name}”: {reason}. The file is kept; nothing was imported.",
            name=name,
            reason=_last_line(error),
        ) from error
    if not finished:
        raise SceneImportError(
            "Blender could not read “{name}” and gave no reason. The file is kept;"
            " nothing was imported.",
            name=name,
        )


def _move(
    objects: list[bpy.types.Object], collection: bpy.types.Collection, staging: bpy.types.Scene
) -> None:
    for obj in objects:
        if obj.name in staging.view_layers[0].objects:
            # it would stay selected where it goes
            obj.select_set(False, view_layer=staging.view_layers[0])
        for holder in list(obj.users_collection):
            holder.objects.unlink(obj)
        collection.objects.link(obj)


def _last_line(error: Exception) -> str:
    """Return the reason of a failed operator without prefix, traceback and location.

    Blender translates its messages, so these parts are recognized by their form.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, RuntimeError) and lines:
        lines[0] = _PREFIX.sub("", lines[0])
        lines = lines[:-1] if len(lines) > 1 and _CODE_LOCATION.search(lines[-1]) else lines
    return (lines[-1] if lines else type(error).__name__).rstrip(".")

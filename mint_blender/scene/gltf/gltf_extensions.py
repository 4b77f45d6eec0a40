# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect which glTF extensions the running Blender can read.

By feature, not by version number, since builds of a version differ.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import bpy

from ...files.file_choice import BLENDER_READS, DRACO, MESHOPT, WEBP


def readable_extensions() -> frozenset[str]:
    """Return the glTF extensions that a file may require and still be imported completely."""
    readable = set(_known_to_the_importer())
    if not has_draco_decoder():
        readable.discard(DRACO)
    if not _library_is_there("bf_intern_meshopt_bridge", "MeshOptimizer"):
        readable -= MESHOPT
    if not getattr(bpy.app.build_options, "image_webp", True):
        readable.discard(WEBP)
    return frozenset(readable)


def has_draco_decoder() -> bool:
    """Return whether Blender's importer has its Draco decoder, which some builds lack."""
    if _library_is_there("bf_intern_draco_bridge", "Draco"):
        return True
    for name in (
        "io_scene_gltf2.io.com.draco",
        "io_scene_gltf2.io.com.gltf2_io_draco_compression_extension",
    ):
        module = _module(name)
        if module is not None and hasattr(module, "dll_exists"):
            return bool(module.dll_exists(quiet=True))
    return False


def is_extended() -> bool:
    """Return whether other add-ons extend the importer; what it makes of a file is then unknown."""
    return bool(_user_extensions())


def _known_to_the_importer() -> frozenset[str]:
    module = _module("io_scene_gltf2.io.imp.gltf2_io_gltf")
    if module is None:
        return BLENDER_READS
    try:
        with muted_importer():
            importer = module.glTFImporter(
                "",
                {
                    "import_user_extensions": [extension() for extension in _user_extensions()],
                    "loglevel": 50,
                },
            )
        return frozenset(importer.extensions_managed)
    except Exception:  # noqa: BLE001 - not a public interface; it may change
        return BLENDER_READS


def _user_extensions() -> list[Any]:
    """Return the importer extensions of other add-ons, found as the importer finds them."""
    modules = (sys.modules.get(name) for name in list(bpy.context.preferences.addons.keys()))
    return [
        module.glTF2ImportUserExtension
        for module in modules
        if hasattr(module, "glTF2ImportUserExtension")
    ]


def _library_is_there(name: str, label: str) -> bool:
    """Return whether a native helper library of the importer exists (Blender 5.x).

    Earlier versions have no such module.
    """
    module = _module("io_scene_gltf2.io.com.library")
    if module is None:
        return False
    path = module.dll_path(name, label)
    return path is not None and path.is_file()


def _module(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


LOGGERS = ("glTFImporter", "glTFImporter_errors")


@contextlib.contextmanager
def muted_importer() -> Iterator[None]:
    """Discard what is printed inside, and restore the handlers of the importer's loggers.

    A failed import leaves its log handlers behind; every later message would be printed once
    more for each of them.
    """
    before = {name: list(logging.getLogger(name).handlers) for name in LOGGERS}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for name, handlers in before.items():
            logger = logging.getLogger(name)
            for handler in [handler for handler in logger.handlers if handler not in handlers]:
                logger.removeHandler(handler)

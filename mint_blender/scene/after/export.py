# SPDX-License-Identifier: GPL-3.0-or-later
"""Export a model for an engine, or as a file of another format. The scene stays as it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...files import disk
from ...files.export_options import (
    LEAST_FACES,
    TARGETS,
    Exported,
    ExportOptions,
    ExportRefused,
    Target,
)
from ...message import Message
from .. import tags
from ..data_blocks import current_scene
from ..export.output_path import OutputError, output_error, ready
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from . import mesh_tools, writers
from .borrowed_names import BorrowedNames
from .copies import ModelCopy, clips_to_export, copy_model
from .surfaces import surface_of


def export_model(
    root: bpy.types.Object,
    options: ExportOptions,
    path: Path,
    scene: bpy.types.Scene | None = None,
) -> Exported:
    """Write a model or a character to a file, which replaces an older one; nothing else changes.

    Args:
        root: The object above all parts of the model.
        options: For what, and how.
        path: The file; its name is that of the model in it.
        scene: Unit scale and frame rate are those of this scene (default: the current one).

    Raises:
        ExportRefused: The options do not fit, or this Blender cannot write such a file.
        OutputError: The file cannot be written.
    """
    target = options.check()
    if (problem := writers.problem(options.target)) is not None:
        raise ExportRefused(problem)
    if root.get(tags.WORLD_MARK) is not None:
        raise ExportRefused("Only models can be exported for an engine, not Worlds.")
    path = ready(path)
    name = path.stem
    with (
        BorrowedNames() as names,
        temporary_data(),
        staging_scene(units_of=scene or current_scene()) as staging,
    ):
        made = copy_model(root, name, staging, names, most_clips=target.most_clips)
        if not made.meshes:
            raise ExportRefused("“{name}” has no mesh that could be exported.", name=root.name)
        work = _Work(made, options, name, names)
        work.prepare()
        clips = _clips(made, target, work.notes)
        with tempfile.TemporaryDirectory(
            prefix=".mint-", dir=path.parent, ignore_cleanup_errors=True
        ) as folder:
            if target.suffix == ".obj":
                _save_textures(made, Path(folder), names)
            part = Path(folder, path.name)
            motion: writers.Motion = "scene" if made.parts_move else "clips" if clips else "none"
            writers.write(options.target, part, staging, motion)
            for file in sorted(Path(folder).iterdir(), key=lambda file: file == part):
                disk.replace(file, path.parent / file.name)
    return Exported(path, tuple(work.faces), work.hulls, clips, tuple(work.notes))


def _clips(made: ModelCopy, target: Target, notes: list[Message]) -> tuple[str, ...]:
    """Return the names of the clips of the copy; note which of them are left out."""
    if made.rig is None:
        return ()
    clips = clips_to_export(made.rig)
    if clips and target.most_clips == 1:
        made.scene.frame_start = 0
        made.scene.frame_end = round(float(np.ptp(clips[0][1].frame_range)))
        notes.append(
            Message("{target} holds one clip: {name}.", target=target.name, name=clips[0][0])
        )
    return tuple(name for name, _ in clips)


class _Work:
    """What is done to the copy of a model before it is written."""

    def __init__(
        self, made: ModelCopy, options: ExportOptions, name: str, names: BorrowedNames
    ) -> None:
        self.made = made
        self.names = names
        self.options = options
        self.name = name
        self.faces: list[int] = []
        self.hulls = 0
        self.notes: list[Message] = []
        self._welded: dict[Any, Any] = {}

    def prepare(self) -> None:
        """Reduce, add levels of detail and hulls, and make textures smaller."""
        made = self.made
        if made.parts_move:
            if self.options != ExportOptions(self.options.target):
                self.notes.append(Message("Its parts are animated: it was exported as it is."))
            self.faces = [made.triangles]
            return
        if self.options.faces is not None and made.triangles > self.options.faces:
            for obj, mesh in self._reduced(made.triangles, self.options.faces):
                title = obj.data.name
                obj.data = mesh
                self.names.give(mesh, title)
        self.faces = [made.triangles]
        parts = list(made.meshes)
        if self.options.lods:
            self._add_levels()
        if self.options.collision != "none":
            self._add_hulls(parts)
        if self.options.texture is not None and TARGETS[self.options.target].has_textures:
            _make_textures_smaller(made.meshes, self.options.texture, self.names)

    def _reduced(self, faces: int, fewer: int) -> list[tuple[Any, bpy.types.Mesh]]:
        """Return each object with a mesh of its share of fewer faces."""
        reduced = []
        for obj in self.made.meshes:
            if obj.data not in self._welded:
                self._welded[obj.data] = obj.data.copy()
                mesh_tools.weld(self._welded[obj.data])
            welded = self._welded[obj.data]
            share = max(4, mesh_tools.triangles(welded) * fewer // faces)
            mesh = mesh_tools.reduced(welded, share, self.made.scene)
            reduced.append((obj, mesh))
        return reduced

    def _add_levels(self) -> None:
        """Add the levels of detail, with the names by which the engine knows them."""
        made = self.made
        if made.rig is not None and self.options.target == "unreal":
            self.notes.append(
                Message("Unreal makes the levels of detail of a character itself: none was added.")
            )
            return
        full = made.triangles
        levels = []
        for level in range(1, self.options.lods + 1):
            fewer = full >> level
            if fewer < LEAST_FACES:
                self.notes.append(
                    Message("{count} faces are too few for more levels of detail.", count=full)
                )
                break
            levels.append((level, self._reduced(full, fewer)))
        originals = [(obj, obj.name) for obj in made.meshes]
        for obj, name in originals:
            self._name(obj, f"{name}_LOD0")
        for level, parts in levels:
            for (obj, mesh), (_, name) in zip(parts, originals, strict=True):
                copy = obj.copy()
                copy.data = mesh
                self._name(copy, f"{name}_LOD{level}")
                made.scene.collection.objects.link(copy)
                made.meshes.append(copy)
            self.faces.append(sum(mesh_tools.triangles(mesh) for _, mesh in parts))
        if self.options.target == "unreal" and levels:
            self._group_levels()

    def _group_levels(self) -> None:
        """Parent all levels to an empty that Unreal reads as a group of levels."""
        group = bpy.data.objects.new("Mint", None)
        self.names.give(group, self.name)
        group["fbx_type"] = "LodGroup"
        self.made.scene.collection.objects.link(group)
        for obj in self.made.meshes:
            obj.parent = group

    def _add_hulls(self, parts: list[Any]) -> None:
        """Add one hull or several of parts, with the names by which the engine knows them."""
        made = self.made
        if made.rig is not None:
            self.notes.append(Message("A character gets no collision mesh: engines use a capsule."))
            return
        layer: Any = made.scene.view_layers[0]
        layer.update()
        surface = surface_of(parts, layer.depsgraph)
        assert surface is not None, "each part has faces"
        count = mesh_tools.HULLS if self.options.collision == "several" else 1
        meshes = mesh_tools.hulls(*surface, made.scene, count)
        for number, mesh in enumerate(meshes):
            name = self._hull_name(number if len(meshes) > 1 else None)
            obj = bpy.data.objects.new("Mint", mesh)
            self._name(obj, name)
            made.scene.collection.objects.link(obj)
        self.hulls = len(meshes)
        if self.options.target not in {"unreal", "godot"} and meshes:
            self.notes.append(
                Message("The collision mesh is named {name}.", name=self._hull_name(None))
            )

    def _name(self, obj: Any, name: str) -> None:
        self.names.give(obj, name)
        self.names.give(obj.data, name)

    def _hull_name(self, number: int | None) -> str:
        if self.options.target == "unreal":
            return f"UCX_{self.made.meshes[0].name}_{number or 0:02}"
        suffix = "" if number is None else f"_{number:02}"
        if self.options.target == "godot":
            return f"{self.name}{suffix}-convcolonly"
        return f"{self.name}_Collision{suffix}"


# -- Textures


def _make_textures_smaller(objects: list[Any], most: int, names: BorrowedNames) -> None:
    """Give objects copies of their materials, with textures of at most so many pixels a side."""

    def smaller(image: Any) -> Any:
        factor = most / max(image.size)
        if factor >= 1.0:
            return image
        copy = image.copy()
        copy.scale(*(max(1, round(side * factor)) for side in image.size))
        copy.pack()  # else FBX embeds the file of the original
        names.give(copy, image.name)
        return copy

    _replace_textures(objects, smaller, names)


def _save_textures(made: ModelCopy, folder: Path, names: BorrowedNames) -> None:
    """Save the textures beside an OBJ, which cannot hold them."""
    saved: list[Any] = []

    def save(image: Any) -> Any:
        copy = image.copy()
        copy.scale(*image.size)  # loads the pixels
        copy.file_format = "PNG"
        copy.filepath_raw = str(folder / f"{made.meshes[0].name}_{len(saved)}.png")
        copy.save()
        saved.append(copy)
        return copy

    _replace_textures(made.meshes, save, names)


def _replace_textures(
    objects: list[Any], replace: Callable[[Any], Any], names: BorrowedNames
) -> None:
    """Give objects copies of their materials, with what `replace` returns for each texture."""
    materials: dict[Any, Any] = {}
    images: dict[Any, Any] = {}
    for obj in objects:
        slots: Any = obj.data.materials
        for index, material in enumerate(slots):
            if material is None or material.node_tree is None:
                continue
            if material not in materials:
                materials[material] = copy = material.copy()
                names.give(copy, material.name)
                for node in copy.node_tree.nodes:
                    image = node.image if node.type == "TEX_IMAGE" else None
                    if image is None or max(image.size) == 0:
                        continue
                    if image not in images:
                        images[image] = replace(image)
                    node.image = images[image]
            slots[index] = materials[material]


# -- Models in a file


def models_in_file() -> list[bpy.types.Object]:
    """Return the roots of all models that the scene of the open file shows."""
    return [
        obj
        for obj in current_scene().objects
        if tags.is_root(obj) and obj.get(tags.WORLD_MARK) is None and obj.visible_get()
    ]


def save_copy(root: bpy.types.Object, file: Path) -> None:
    """Save a model alone to a .blend, as it is now. Raises OutputError."""
    objects = tags.hierarchy(root)
    for obj in objects:
        obj.update_from_editmode()
    try:
        bpy.data.libraries.write(str(file), set(objects), path_remap="ABSOLUTE", fake_user=True)
    except (RuntimeError, OSError) as error:
        raise output_error(file, error) from error


def open_copy(file: Path, name: str) -> bpy.types.Object:
    """Open what `save_copy` has written; return the root of this name. Raises OutputError."""
    open_blend(file)
    root: bpy.types.Object = bpy.data.objects[name]
    objects = current_scene().collection.objects
    for obj in tags.hierarchy(root):
        if obj.name not in objects:
            objects.link(obj)
    return root


def open_blend(file: Path) -> None:
    """Open a .blend in place of the open file. Raises OutputError."""
    try:
        bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False)
    except RuntimeError as error:
        raise OutputError(
            "{path} could not be opened. Is it a .blend of this Blender or older?", path=file
        ) from error

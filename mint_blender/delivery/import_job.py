# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the result of a finished job into the scene, or into a file of its own.

Translates what a job knows (files, delivery, provenance) into the arguments of `scene`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

from ..files.errors import FileError
from ..files.glb.header import has_mesh
from ..jobs import notes as job_notes
from ..jobs import rejected_files
from ..jobs.job import Job
from ..jobs.job_values import Delivery, Placement, Role
from ..message import Message, message_of
from ..mint.schema import Assets, Kind
from ..scene import data_blocks, startup, tags, undo_step
from ..scene import place as scene_place
from ..scene import prepared as prepared_files
from ..scene.animation import clips, tracks
from ..scene.bounds import bounds_in_meters
from ..scene.data_blocks import current_scene
from ..scene.export import output
from ..scene.export.output import render_image
from ..scene.gltf.gltf_import import SceneImportError
from ..scene.model import block_out
from ..scene.model.build import import_model
from ..scene.notes import note
from ..scene.place import PlacedResult, PlaceOptions, Provenance
from ..scene.prepared import PreparedResult
from ..scene.staging_scene import SceneUnits
from ..scene.update import replace
from ..scene.world import build as world_build
from ..scene.world import world_objects
from ..scene.world.build import import_world
from ..scene.world.files import PART_NAMES, WorldFiles, WorldOptions
from . import imported_file

__all__ = ["SceneImportError", "place", "write"]

MOST_NAMES = 50
"""A model of a thousand parts is described by the first of them."""


def place(
    job: Job,
    scene: bpy.types.Scene | None = None,
    *,
    raw: bool = False,
    prepared: PreparedResult | None = None,
    takes_over: bool = False,
) -> PlacedResult:
    """Import a job's result into a scene (default: the current one), in one undo step.

    A result that replaces earlier versions replaces each copy of them in the scene. So does the
    first motion of a model; further ones only add clips to it.

    Args:
        job: The job, whose files are on disk.
        scene: The scene to place the result in.
        raw: Hand the model file, even one that our checks refused, to Blender's importer
            unchecked, which may crash Blender.
        prepared: What `prepare` has made of this job, with the units of this scene; None imports
            the files here.
        takes_over: Whether the first result in Blender's start-up scene takes the place of its
            cube, and is what a render shows.

    Raises:
        SceneImportError: The import failed; nothing has changed.
    """
    roots = [] if raw else _replaced(job, scene)
    place_one = _place_model if job.kind is Kind.MODEL else _place_world
    place_one = _place_motion if job.motion else place_one
    placed: list[PlacedResult] = []
    undo_step.begin()
    is_put_somewhere = job.delivery.rotation is not None or job.delivery.block_out is not None
    may_take_over = takes_over and not roots and not is_put_somewhere
    cube = startup.cube(scene or current_scene()) if may_take_over else None
    data_blocks.hide([cube] if cube else (), is_hidden=True)
    try:
        for root in roots or (None,):
            one = _place_raw(job, scene) if raw else place_one(job, scene, root, prepared)
            for name, text in job.delivery.meta:
                one.root[name] = text
            placed.append(one)  # what came before a failure is kept
        if cube is not None:
            startup.show_first(scene or current_scene(), placed[0], cube)
    finally:
        if placed:
            undo_step.push(_provenance(job).title)
        elif cube is not None:
            data_blocks.hide([cube], is_hidden=False)
    return dataclasses.replace(
        placed[0], notes=tuple(dict.fromkeys(note for result in placed for note in result.notes))
    )


def prepare(job: Job, units: SceneUnits, target: Path) -> PreparedResult:
    """Build a job's result in an empty file and save it to a .blend for `place`.

    Runs in a background Blender, since it replaces the content of the open file.

    Raises:
        SceneImportError: The result cannot be imported.
        OSError: The file cannot be written.
    """
    output.start_empty()
    scene = current_scene()
    name = _provenance(job).title
    units.apply_to(scene)
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    notes: tuple[Message, ...] = ()
    extent = None
    try:
        if job.kind is Kind.MODEL:
            source = _motion_files(job)[0] if job.motion else _file(job, Role.MODEL)
            model = import_model(source, name=name, collection=collection, scene=scene)
            root = model.root
            extent = model.extent
        else:
            root, notes = import_world(
                _world_files(job),
                name=name,
                collection=collection,
                scene=scene,
                options=_world_options(job),
            )
    except FileError as error:
        raise SceneImportError(message_of(error)) from error
    prepared_files.save(root, collection, target)
    return PreparedResult(target, notes, extent)


def _place_world(
    job: Job,
    scene: bpy.types.Scene | None,
    root: bpy.types.Object | None,
    source: PreparedResult | None,
) -> PlacedResult:
    files = _world_files(job)
    options = _world_options(job)
    provenance = _provenance(job)
    if root is not None:
        earlier = tags.read(root)
        if earlier is not None and earlier.job_id == job.id:
            return replace.complete_world(
                root, files, options=options, scene=scene, prepared=source
            )
        return replace.replace_world(
            files, provenance, root, options=options, scene=scene, prepared=source
        )
    placed = scene_place.place_world(
        source or files, provenance, _place_options(job, scene), options, scene
    )
    explained = _explained_codes(job)
    return dataclasses.replace(
        placed, notes=tuple(note for note in placed.notes if message_of(note).code not in explained)
    )


def _place_raw(job: Job, scene: bpy.types.Scene | None) -> PlacedResult:
    path = rejected_files.raw_file(job)
    if path is None:
        raise SceneImportError(
            "The model file of {title} is not on disk. Download it again; this is free.",
            title=job.title,
        )
    placed = scene_place.place_model(
        path, _provenance(job), _place_options(job, scene), scene, checked=False
    )
    return dataclasses.replace(
        placed,
        notes=(
            *placed.notes,
            Message("Imported without checks: {path}", path=path).with_code("unchecked"),
        ),
    )


def _place_options(job: Job, scene: bpy.types.Scene | None) -> PlaceOptions:
    """Return where to place a result.

    Exactly at its point if a script has named that, or if the user has put it there with the mouse.
    """
    delivery = job.delivery
    is_named = delivery.at is not None and delivery.document is None
    is_by_hand = delivery.rotation is not None and not any(tags.roots(job_id=job.id, scene=scene))
    return PlaceOptions(
        at=delivery.at,
        rotation=delivery.rotation,
        height=delivery.height,
        collection=delivery.collection,
        beside=not (is_named or is_by_hand),
        original="" if is_by_hand else delivery.original or "",
    )


def resolved_codes(job: Job, placed: PlacedResult) -> tuple[str, ...]:
    """Return the codes of earlier notes that are no longer true.

    They are about parts that are here now, or about which the job says more now.
    """
    root = placed.root
    if not world_objects.is_root(root):
        return ()
    return (*world_build.resolved_codes(root), *_explained_codes(job))


def _explained_codes(job: Job) -> tuple[str, ...]:
    """Return the codes of placement notes that the job explains in more detail."""
    explained = [part for part in PART_NAMES if job_notes.explains(job, part.lower())]
    return tuple(
        code
        for part in explained
        for code in world_build.codes_without(part)
        if not job.has_note(code)
    )


def part_file(job: Job, role: Role) -> Path | None:
    """Return the file of one part if it was downloaded and is still on disk."""
    kept = job.file(role)
    return Path(kept.path) if kept is not None and Path(kept.path).is_file() else None


def _world_options(job: Job) -> WorldOptions:
    delivery = job.delivery
    return WorldOptions(
        collider=delivery.collider,
        panorama_as_world=delivery.panorama,
        splats=job.file(Role.SPLATS) is not None,
        camera=delivery.camera,
        rigid_body=delivery.rigid_body,
    )


def _place_model(
    job: Job,
    scene: bpy.types.Scene | None,
    root: bpy.types.Object | None,
    source: PreparedResult | None,
) -> PlacedResult:
    model = source or _file(job, Role.MODEL)
    provenance = _provenance(job)
    before = _face_count(root) if root is not None else None
    if root is not None:
        placed = replace.replace_model(model, provenance, root, scene=scene)
    else:
        placed = scene_place.place_model(model, provenance, _place_options(job, scene), scene)
        _fit_into_box(job, placed, scene or current_scene())
    explanation = imported_file.note(job)
    notes = [message_of(explanation)] if explanation else []
    if faces := imported_file.faces_note(job, before, _face_count(placed.root)):
        notes.append(faces)
    return dataclasses.replace(placed, notes=(*placed.notes, *notes))


def _place_motion(
    job: Job,
    scene: bpy.types.Scene | None,
    root: bpy.types.Object | None,
    source: PreparedResult | None,
) -> PlacedResult:
    """Bring a motion to a model: as a rigged version in its place, or as clips for its rig.

    Whatever cannot be used stays on disk, and a note says why.
    """
    first, *others = files = _motion_files(job)
    if root is not None and (rig := _rig_in(root)) is not None:
        placed = PlacedResult(root, tags.result_collection(root), ())
        notes = _add_clips(job, rig, files, scene, prepared=source)
    else:
        if root is None:
            placed = scene_place.place_model(
                source or first, _provenance(job), _place_options(job, scene), scene
            )
        else:  # it stays the same result, in another version
            origin = dataclasses.replace(tags.read(root) or _provenance(job), file_used="")
            placed = replace.replace_model(
                source or first, origin, root, scene=scene, keeps_height=True, keeps_materials=True
            )
        rig = _rig_in(placed.root)
        notes = [] if rig is None else _add_clips(job, rig, others, scene, is_new=True)
    return dataclasses.replace(
        placed,
        objects=tags.hierarchy(placed.root),
        notes=tuple(dict.fromkeys((*placed.notes, *notes))),
    )


def _motion_files(job: Job) -> list[Path]:
    """Return the files with the clips of a motion, one with its character first.

    Raises:
        SceneImportError: None of them is on disk.
    """
    kept = [file for role in (Role.CLIP, Role.CHARACTER) for file in job.files if file.role is role]
    here = [file for file in kept if Path(file.path).is_file()]
    if not here:
        raise SceneImportError(
            "The files of {title} are no longer on disk. Download them again; this is free.",
            title=job.title,
        )
    first = next((file for file in here if has_mesh(Path(file.path))), here[0])
    others = [file for file in here if file.role is Role.CLIP and file is not first]
    return [Path(file.path) for file in (first, *others)]


def _rig_in(root: bpy.types.Object) -> bpy.types.Object | None:
    return next((obj for obj in tags.hierarchy(root) if obj.type == "ARMATURE"), None)


def _add_clips(
    job: Job,
    rig: bpy.types.Object,
    paths: Sequence[Path],
    scene: bpy.types.Scene | None,
    *,
    is_new: bool = False,
    prepared: PreparedResult | None = None,
) -> list[Message]:
    """Add the clips in these files to a character, and name all of the job; return notes.

    `prepared` is what was made of the first file.

    A single clip has the words of its motion, several have their own names. `is_new`: the
    character came with this job, and so did its clips. What cannot be used is a note.
    """
    own = clips.clips_of(rig) if is_new else []
    words = job.motion.words if job.motion and len(own) + len(paths) == 1 else ""
    names = [tracks.rename(rig, clip.name, words or clip.name) for clip in own]
    notes = []
    for path in paths:
        source = prepared if path == paths[0] else None
        try:
            added = clips.add_from_file(path, rig, words=words, scene=scene, prepared=source)
        except SceneImportError as error:
            notes.append(message_of(error))
        else:
            names += added.names
            notes += added.notes
    for name in names:
        if (clip := clips.clip_named(rig, name)) is not None:
            clip.action[tracks.JOB] = job.id
            if job.motion and job.motion.in_place:
                clips.set_in_place(rig, clip, True)
    if not (names or notes or job.has_note("motion_without_clip")):
        notes.append(note("no_motion", name=job.title))
    return notes


def _fit_into_box(job: Job, placed: PlacedResult, scene: bpy.types.Scene) -> None:
    """Fit a model into the box of its block-out, as that is now, else as it was at the click."""
    delivery = job.delivery
    if delivery.size is None or delivery.at is None or delivery.rotation is None:
        return
    is_placed_again = len(list(tags.roots(job_id=job.id, scene=scene))) > 1
    stands_for: bpy.types.Object | None = scene.objects.get(delivery.block_out or "")
    stands_for = stands_for if not is_placed_again else None
    box = block_out.box_of(stands_for) if stands_for is not None else None
    if box is None:
        stands_for = None
        box = block_out.Box(delivery.at, delivery.rotation, delivery.size)
    block_out.fit(placed.root, box, delivery.fit)
    if stands_for is not None:
        block_out.take_the_place_of(placed.root, stands_for, placed.collection)


def _face_count(root: bpy.types.Object) -> int:
    """Return the number of faces of all meshes of a result, each as often as it is used."""
    return sum(
        len(obj.data.polygons)
        for obj in tags.hierarchy(root)
        if isinstance(obj.data, bpy.types.Mesh)
    )


def _replaced(job: Job, scene: bpy.types.Scene | None) -> list[bpy.types.Object]:
    """Return the roots that a result replaces: of the same World, else of an earlier version.

    Raises:
        SceneImportError: One of them cannot be replaced now; none has been replaced.
    """
    if not (job.delivery.replaces or job.motion):
        return []
    roots = list(tags.roots(job_id=job.id, scene=scene)) if job.kind is Kind.WORLD else []
    if not roots:  # there may be copies that the user made
        asset_id = job.asset.id if job.asset else job.source_asset_id
        roots = list(tags.roots(asset_id=asset_id or "", scene=scene))
        for root in roots:
            if not (job.motion and _rig_in(root)):
                replace.check(root)
    return roots


def write(
    job: Job,
    output_file: Path | None,
    picture: Path | None,
    *,
    raw: bool = False,
    others: Sequence[Job] = (),
) -> PlacedResult:
    """Write a job's result to a .blend or .glb file and render it to a .png file.

    Replaces the content of the open file. `raw`: see `place`. `others` are further motions of the
    same model.

    Raises:
        SceneImportError: The result cannot be imported.
        OutputError: A file cannot be written.
    """
    output.start_empty()
    placed = place(job, raw=raw)
    for other in others:
        more = place(other)
        placed = dataclasses.replace(placed, notes=(*placed.notes, *more.notes))
    if output_file is not None:
        if output_file.suffix.lower() == ".glb":
            output.export_glb(output_file, placed)
        else:
            output.save_blend(output_file)
    if picture is not None:
        render_image(picture, placed, **_picture_options(job.delivery))
    return placed


def _picture_options(delivery: Delivery) -> dict[str, Any]:
    """Return what a job says about its picture, as arguments of `render_image`."""
    size = dict(zip(("width", "height"), delivery.render_size or (), strict=False))
    more = {"samples": delivery.render_samples, "engine": delivery.render_engine}
    return size | {name: value for name, value in more.items() if value is not None}


def placement_of(placed: PlacedResult, scene: bpy.types.Scene | None = None) -> Placement:
    """Return where a result is. `scene` is the one that it was placed in; None: the current one."""
    scene = scene or current_scene()
    others = [obj for obj in placed.objects if obj != placed.root]
    bounds = bounds_in_meters(placed.objects, scene)
    return Placement(
        scene=scene.name,
        objects=tuple(obj.name for obj in (placed.root, *others)[:MOST_NAMES]),
        file=bpy.data.filepath or None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
    )


def _file(job: Job, role: Role) -> Path:
    kept = part_file(job, role)
    if kept is None:
        raise SceneImportError(
            "The {role} file of {title} is no longer on disk. Download it again; this is free.",
            role=role,
            title=job.title,
        )
    return kept


def _world_files(job: Job) -> WorldFiles:
    assets = (
        (job.asset.assets if job.asset else None)
        or (job.operation.assets if job.operation else None)
        or Assets()
    )
    links = {"rad": assets.rad_url, **{f"spz_{tier}": url for tier, url in assets.spz_urls.items()}}
    paths = {
        role: Path(kept.path) if (kept := job.file(role)) else None
        for role in (Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
    }
    return WorldFiles(
        collider=paths[Role.COLLIDER],
        panorama=paths[Role.PANORAMA],
        splats=paths[Role.SPLATS],
        caption=assets.caption,
        links={name: url for name, url in links.items() if url},
    )


def _provenance(job: Job) -> Provenance:
    operation = job.operation
    asset = job.asset
    roles = (Role.MODEL, Role.CLIP, Role.PANORAMA, Role.COLLIDER)
    file = next(filter(None, map(job.file, roles)), None)
    created = operation.created_at if operation else None
    return Provenance(
        job_id=job.id,
        operation_id=operation.id if operation else "",
        asset_id=asset.id if asset else "",
        kind=job.kind.value,
        prompt=job.request.prompt or (asset.prompt if asset else None) or "",
        name=job.request.name or (asset.own_name if asset else None) or "",
        # unknown for an asset that was not generated here
        preset="" if job.source_asset_id else job.request.preset.value,
        mint_url=(asset.mint_url if asset else None)
        or (operation.mint_url if operation else None)
        or "",
        file_used=imported_file.variant(job),
        file_reason=imported_file.explanation(job),
        created_at=created.isoformat() if created else "",
        group=job.delivery.group or "",
        credits=f"{job.cost:g}" if job.cost is not None else "",
        sha256=file.sha256 if file is not None else "",
    )

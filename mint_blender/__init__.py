# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint for Blender: from a prompt to a 3D Model or a World in the scene.

    import mint_blender  # or: from bl_ext.user_default import mint_blender

    lamp = mint_blender.generate("a small ceramic lamp", preset="fast", request_id="lamp-01")
    lamp.root.location.x = 2.0

Start and continue:

    estimate(prompt, …)   what that costs; starts nothing
    generate(prompt, …)   start a model or a World, wait, and place it in the current scene
    start(prompt, …)      the same without waiting: a job with wait(), save(), cancel() and cost
    batch(file, folder)   generate each line of a file; run it again to continue
    resume(job)           continue where it stopped, and place it; pays nothing twice
    place(job, path=None) place one more copy, or write a .blend or .glb
    export(result, folder, engine="unity")
                          write a model for a game engine, or in another format; free
    approve(job)          generate the result from the Preview that waits
    revise(job, text)     order another Preview
    retry(job)            start a failed job again; costs Credits again
    convert(model, formats, folder)  have Mint save other formats
    optimize(model, level, path=None)  have Mint make a model with fewer polygons
    animate(model, texts) rig and animate a model, and place the character (beta)
    cancel(job)           cancel it

Afterwards, in Blender, without Credits:

    drop_to_floor(objects), let_fall(objects)
    render_viewpoints(folder), render_panorama(path, camera=None)
    save_splats(world, path), ground_shadow(model, on=True)
    mix_with_scene_light(world, amount)

Read:

    jobs()                the jobs on this computer
    models(), worlds()    what the API project has generated
    sync_library(folder)  write all of it as an asset library of Blender; free
    usage()               Credits and subscription

`Client(api_key=…, base_url=…, timeout=…)` has these functions as methods, for another account.

A job is named by its id, or by what has a `job_id`: a result, a `Preview`, an error, or what
`jobs()` yields. A review returns `Approve()`, `Cancel()` or `Revise("what should change")`.

Errors, each with a sentence for the user:

    ValueError            an argument is wrong; nothing was sent
    NotPossible           it cannot be done now; `TooExpensive`: it is above a limit
    GenerationStopped     the job ended without a result
    Interrupted           Ctrl-C; the job is kept
    MintError             a call failed; `help(mint_blender.MintError)` names its module, which has
                          them all: KeyMissing, KeyRefused, CreditsNeeded, Unreachable, …
    SceneImportError      the result cannot be imported; its files are kept
    JournalError          the record of the jobs cannot be read or written

Blender calls `register` and `unregister`.
"""

# Importing this package imports neither `bpy` nor `requests`: other modules can be used without
# Blender, and enabling the add-on does not slow down Blender's start.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import *
    from .api_batch import BatchLine, batch, sync_library
    from .api_client import Client
    from .api_reads import *
    from .api_running import RunningJob
    from .api_values import GenerationStopped, Interrupted, JobInfo, PlacedResult, Result
    from .application.offers import Offer
    from .application.reviews import Approve, Cancel, Preview, Revise
    from .application.session import NotAllowedOnline
    from .files.export_options import Exported
    from .jobs.errors import NotPossible, TooExpensive
    from .jobs.storage.journal import JournalError
    from .mint.errors import *
    from .mint.schema import Asset, Usage
    from .scene.after.cameras import render_panorama, render_viewpoints
    from .scene.after.floor import drop_to_floor, let_fall
    from .scene.after.light import ground_shadow, mix_with_scene_light
    from .scene.after.splats import save_splats
    from .scene.errors import SceneImportError

__all__ = [
    "AlreadyOptimized",
    "Approve",
    "Asset",
    "BatchLine",
    "Cancel",
    "CannotCancel",
    "Client",
    "Conflict",
    "CreditsNeeded",
    "DownloadsDisabled",
    "Exported",
    "Forbidden",
    "GenerationStopped",
    "IdempotencyConflict",
    "Interrupted",
    "InvalidRequest",
    "InvalidResponse",
    "JobInfo",
    "JournalError",
    "KeyMissing",
    "KeyRefused",
    "KeyUnusable",
    "KeyWithheld",
    "MintError",
    "MismatchedResponse",
    "NotAllowedOnline",
    "NotFound",
    "NotPossible",
    "NotSent",
    "NotSupported",
    "Offer",
    "OptimizationInProgress",
    "PlacedResult",
    "Preview",
    "ProblemError",
    "Refusal",
    "Result",
    "Revise",
    "RunningJob",
    "SceneImportError",
    "ServiceError",
    "TooExpensive",
    "TooManyActive",
    "TooManyRequests",
    "UnclearRefusal",
    "Unreachable",
    "Usage",
    "animate",
    "approve",
    "batch",
    "cancel",
    "convert",
    "drop_to_floor",
    "estimate",
    "export",
    "generate",
    "ground_shadow",
    "jobs",
    "let_fall",
    "mix_with_scene_light",
    "models",
    "optimize",
    "place",
    "register",
    "render_panorama",
    "render_viewpoints",
    "resume",
    "retry",
    "revise",
    "save_splats",
    "start",
    "sync_library",
    "unregister",
    "usage",
    "worlds",
]

_PLACES = (
    "api",
    "api_reads",
    "api_batch",
    "api_client",
    "api_running",
    "api_values",
    "application.reviews",
    "application.session",
    "files.export_options",
    "jobs.service",
    "mint.errors",
    "scene.errors",
    "scene.after.floor",
    "scene.after.cameras",
    "scene.after.splats",
    "scene.after.light",
)
"""The modules in which these names are looked up, in this order."""


_commands: list[Any] = []


def register() -> None:
    """Register the add-on, and `blender --command mint`. Blender calls this when it is enabled."""
    import bpy

    from .ui import registration

    registration.register()
    try:
        register_command: Any = bpy.utils.register_cli_command  # the stubs say it returns None
        _commands.append(register_command("mint", _run_command))
    except Exception:
        registration.unregister()
        raise


def unregister() -> None:
    """Remove the add-on completely. Blender calls this when it is disabled."""
    import bpy

    from .ui import registration

    try:
        while _commands:
            bpy.utils.unregister_cli_command(_commands.pop())
    finally:
        registration.unregister()


def _run_command(arguments: list[str]) -> int:
    # loaded on first use, so that enabling the add-on stays quick
    from .cli.commands import from_blender

    return from_blender(arguments)


def __getattr__(name: str) -> Any:
    """Load what scripts use on first use.

    Raises:
        AttributeError: There is no such name.
    """
    if name in __all__:
        from importlib import import_module

        for place in _PLACES:
            module = import_module(f".{place}", __name__)
            if name in vars(module):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

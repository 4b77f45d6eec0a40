# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about .blend files: `library sync DIR` writes assets, `assets FILE…` lists them."""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..application import session
from ..delivery import blender_runtime
from ..mint.schema import Kind, is_valid_id
from .exits import Exit, Refused
from .terminal import Terminal

if TYPE_CHECKING:
    from ..delivery.asset_library.remote_listing import RemoteListing
    from ..delivery.asset_library.sync import SyncProgress, SyncResult


def library(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Save each new asset into the folder, one .blend per asset."""
    if problem := blender_runtime.blender_problem("Writing .blend files"):
        raise Refused(problem, Exit.IMPORT)
    if arguments.only is not None and (arguments.kind is None or not is_valid_id(arguments.only)):
        raise Refused("--only needs the id of a model or World, and --kind.")
    from ..delivery.asset_library import remote_listing

    if arguments.listing and not remote_listing.is_available():
        raise Refused(
            "This Blender cannot write the listing of a remote asset library: that needs Blender"
            " 5.2 or later. Nothing was changed. Run the command there, or without --listing.",
            Exit.IMPORT,
        )
    return _sync(arguments, terminal)


def _sync(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    from ..delivery.asset_library import remote_listing, sync
    from ..scene.export.output_path import OutputError

    try:
        # Blender prints to Python's standard output while it saves; that is for our results.
        results = sys.stdout
        with session.open_client() as client, contextlib.redirect_stdout(io.StringIO()):
            result = sync.sync_from_mint(
                client,
                arguments.folder,
                session.home(),
                lambda step: _report_step(step, terminal, results),
                kind=Kind(arguments.kind) if arguments.kind else None,
                only=arguments.only,
                local_files=session.account().is_local,
                on_wait=terminal.wait,
            )
        _report_outcome(result, arguments.folder, terminal)
        if arguments.listing:
            _report_listing(remote_listing.write(arguments.folder), terminal)
    except OutputError as error:
        status = Exit.BUSY if isinstance(error, sync.SyncRunning) else Exit.IMPORT
        raise Refused(str(error), status) from error
    return Exit.FAILED if result.failed else Exit.DONE


def _report_outcome(result: SyncResult, folder: Path, terminal: Terminal) -> None:
    record = {
        "event": "library",
        "folder": str(folder),
        "saved": len(result.saved),
        "unchanged": result.unchanged,
        "left": result.skipped,
        "failed": result.failed,
    }
    words = [f"{len(result.saved)} saved", f"{result.unchanged} unchanged"]
    words += [
        f"{len(sentences)} {outcome}"
        for sentences, outcome in ((result.skipped, "skipped"), (result.failed, "failed"))
        if sentences
    ]
    terminal.result(record, f"{folder}: {', '.join(words)}")


def _report_listing(listing: RemoteListing, terminal: Terminal) -> None:
    record = {"event": "listing", "file": str(listing.file), "assets": listing.assets}
    terminal.result(record | {"is_new": listing.is_new}, f"{listing.file}: {listing.assets} listed")
    if listing.is_new:
        terminal.note(
            f"Write the name of the library and a contact into {listing.file.name}, then upload"
            " the folder to a web server. The next listing keeps both. The folder _extension is for"
            " an extension of Blender 5.3 that adds the library and asks for an access token."
        )


def _report_step(step: SyncProgress, terminal: Terminal, results: TextIO) -> None:
    """Report one asset: an event for programs, a line for people."""
    record = {
        "event": "saved" if step.file else "not_saved",
        "kind": step.asset.kind.value,
        "id": step.asset.id,
        "file": str(step.file) if step.file else None,
        "message": step.sentence or None,
        "done": step.done,
        "total": step.total,
    }
    with contextlib.redirect_stdout(results):
        terminal.event(record)
    terminal.note(f"{step.done} of {step.total}: {step.file.name if step.file else step.sentence}")


# -- `assets`


def assets(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """List the objects from Mint of each file. A file that cannot be read stops nothing else."""
    if problem := blender_runtime.blender_problem("Reading .blend files"):
        raise Refused(problem, Exit.IMPORT)
    if arguments.csv and terminal.as_json:
        raise Refused("Choose one of --json and --csv.")
    from ..scene import asset_list

    entries: list[dict[str, str]] = []
    status = Exit.DONE
    for path in arguments.files:
        try:
            # Blender also prints to Python's standard output, which is for our results
            with contextlib.redirect_stdout(io.StringIO()):
                listed = asset_list.of_file(path.expanduser().absolute())
        except OSError:
            terminal.error(f"{path} could not be opened. Is it a .blend of this Blender or older?")
            status = Exit.IMPORT
            continue
        entries += listed
        for entry in () if arguments.csv else listed:
            credits = _number(entry["credits"])
            terminal.result({"event": "asset", **entry, "credits": credits}, _line(entry))
        if not listed and not arguments.csv:
            terminal.note(f"{path}: nothing from Mint")
    if arguments.csv:
        terminal.table(asset_list.as_csv(entries))
    return status


def _number(text: str) -> float | None:
    """Return a finite number, or None: anybody can have written what a .blend says."""
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    return None


def _line(entry: dict[str, str]) -> str:
    facts = (
        entry["kind"],
        entry["preset"],
        entry["credits"] and f"{entry['credits']} Credits",
        entry["date"][:10],
        entry["asset"],
    )
    return f"{entry['object']}: {entry['prompt'] or 'no prompt'} ({', '.join(filter(None, facts))})"

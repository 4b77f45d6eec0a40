# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample assets: finished, failed and running ones for several pages."""

from __future__ import annotations

from ..mint_model.records import Charge, Operation, Resource
from .asset_files import AssetFiles
from .asset_generator.tiny_assets import TinyAssetGenerator
from .backend import Mint

NOUNS = ("lamp", "chest", "mug", "stool", "tree", "rock")
TINTS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white")


def add_samples(mint: Mint) -> None:
    """Add the assets of `options.library`. Their files are tiny, and they cost nothing."""
    with mint.at_work():
        asset_files = AssetFiles(mint.files, TinyAssetGenerator())
        for plural, count in mint.options.library.items():
            for index in range(count):
                _add_sample(mint, asset_files, plural.removesuffix("s"), index, count)


def _add_sample(mint: Mint, asset_files: AssetFiles, kind: str, index: int, count: int) -> None:
    """Add one finished, failed or running asset."""
    made, project = mint.clock.now() - 3600.0 * (count - index), mint.project
    prompt = f"a {TINTS[index % len(TINTS)]} {NOUNS[index % len(NOUNS)]} no {index + 1}"
    name = prompt.title() if index % 3 else None
    new_id = mint.operations.new_id
    operation = Operation(
        new_id(), f"{kind}_generation", project, "auto", prompt, "fast", "", made, name=name
    )
    resource = Resource(new_id(), kind, project, prompt, name, made, operation=operation)
    operation.resource, operation.ended = resource, made
    operation.updated = resource.updated = made
    if index % 7 == 6:
        operation.status = resource.status = "failed"
        message = "The generation failed."
        operation.error = {"code": "generation_failed", "message": message}
    elif index == count - 2:
        # outside the limit and the status machine: an item that another client is making
        operation.status, resource.status = "canceled", "running"
    else:
        operation.status, operation.stage = "succeeded", "final"
        operation.charges = [Charge(operation, "final", operation.price, "", made, is_final=True)]
        operation.assets = asset_files.fill(operation, "preview")
        operation.assets = asset_files.fill(operation, "final")
        mint.operations.mirror(operation)
    mint.operations.all[operation.id] = operation
    mint.operations.resources[resource.id] = resource

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample assets: finished, failed and running ones for several pages."""

from __future__ import annotations

from .asset_files import AssetFiles
from .backend import Mint
from .credit_account import price
from .records import Operation, Resource, new_id

NOUNS = ("lamp", "chest", "mug", "stool", "tree", "rock")
TINTS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white")


def add_samples(mint: Mint) -> None:
    """Add the assets of `options.library`, once for each state file.

    Their files are tiny, and the Credits do not change.
    """
    with mint.at_work():
        if mint.store.fact("planted"):
            return
        asset_files = AssetFiles(mint.store, mint.plain, lambda: mint.options)
        for plural, count in mint.options.library.items():
            for index in range(count):
                _add_sample(mint, asset_files, plural.removesuffix("s"), index, count)
        mint.store.set_fact("planted", True)


def _add_sample(mint: Mint, asset_files: AssetFiles, kind: str, index: int, count: int) -> None:
    """Add one finished, failed or running asset.

    Every seventh asset has failed, and the last but one stays running.
    """
    made = mint.clock.now() - 3600.0 * (count - index)
    prompt = f"a {TINTS[index % len(TINTS)]} {NOUNS[index % len(NOUNS)]} no {index + 1}"
    operation = Operation(
        id=new_id(),
        type=f"{kind}_generation",
        mode="auto",
        prompt=prompt,
        created=made,
        updated=made,
        due=made,
        kind=kind,
        preset="fast",
        name=prompt.title() if index % 3 else None,
        stage="done",
        status="succeeded",
        price=price(f"{kind}_generation", "fast"),
        completed=made,
    )
    resource = Resource(
        new_id(),
        kind,
        operation.name,
        prompt,
        made,
        made,
        status="succeeded",
        stage="final",
        preset="fast",
    )
    operation.resource = resource.id
    if index % 7 == 6:
        operation.status = resource.status = "failed"
        operation.error = {"code": "generation_failed", "message": "The generation failed."}
        resource.stage, resource.last_error = None, "The generation failed."
    elif index == count - 2:
        # outside the limit and the status machine: an item that another client is making
        operation.status, resource.status, operation.completed = "canceled", "running", None
        operation.canceled, resource.stage = made, None
    else:
        operation.assets = asset_files.fill(operation, "preview")
        operation.assets = asset_files.fill(operation, "final")
        resource.assets = dict(operation.assets or {})
    mint.store.save(operation)
    mint.store.save(resource)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the asset library tests. Needs `bpy`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mint_blender.delivery.asset_library import sync as asset_library_sync
from mint_blender.jobs.library import view_model
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.schema import Asset, Kind

from ..mint_service.runner import ThreadService

# The file host of the tests is on this computer.
sync = partial(asset_library_sync.sync, local_files=True)


def list_assets(service: ThreadService) -> list[Asset]:
    client = connect(Account(service.key, service.api))
    try:
        return asset_library_sync.list_assets(client, list(Kind))
    finally:
        client.close()


def finished_model(service: ThreadService) -> Asset:
    return next(
        asset
        for asset in list_assets(service)
        if view_model.state_of(asset) is view_model.AssetState.DONE and asset.kind is Kind.MODEL
    )


def renamed(asset: Asset, name: str = "Another Name") -> Asset:
    """Return an asset as Mint lists it after a rename."""
    return Asset.from_json(asset.kind, {**asset.raw, "name": name})


def blend_names(folder: Path) -> list[str]:
    """Return the names of all files that are not the manifest, the lock or the catalogs."""
    return sorted(
        path.name for path in folder.iterdir() if path.suffix not in {".txt", ".jsonl", ".lock"}
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's operators in background mode; each blocks to its end."""

from __future__ import annotations

import threading
import time

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.jobs.library import view_model
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.schema import Asset, Kind
from mint_blender.scene import place
from mint_blender.scene import tags as origin
from mint_blender.scene.gltf import gltf_extensions
from mint_blender.scene.model import grid_layout
from mint_blender.ui import session
from mint_blender.ui.library_browser import entries as browser
from mint_blender.ui.library_browser import properties as browser_properties
from mint_blender.ui.library_browser.properties import library_state

MINT = {"library": {"models": 40, "worlds": 5}}


def entries(
    state: view_model.AssetState = view_model.AssetState.DONE, kind: Kind = Kind.MODEL
) -> list[Asset]:
    return browser.library().entries(view_model.Filter(kind, state))


def an_entry(kind: Kind = Kind.MODEL) -> Asset:
    """Return a finished asset that has a prompt."""
    bpy.ops.mint.refresh_library()
    return entries(kind=kind)[0]


def test_refresh(service: ThreadService) -> None:
    """It loads the first page of each kind; a new filter begins at the first screen."""
    fields = browser_properties.fields_of(bpy.context)
    bpy.ops.mint.refresh_library()
    assert [browser.library().count(kind) for kind in (Kind.MODEL, Kind.WORLD)] == [30, 5]
    fields.kind = "MODEL"
    bpy.ops.mint.turn_library(forward=True)
    assert fields.start == 12
    assert [len(service.requests("GET", f"/v1/{kind}s")) for kind in Kind] == [1, 1]
    assert service.requests(host="files") == []
    fields.words = "no 7"
    assert fields.start == 0


def test_a_refused_key_is_an_error(service: ThreadService) -> None:
    """The operator raises with a sentence."""
    service.scenario(revoked=True)
    with pytest.raises(RuntimeError, match="key"):
        bpy.ops.mint.refresh_library()


@pytest.mark.parametrize("kind", list(Kind))
def test_an_asset_is_imported(kind: Kind, service: ThreadService) -> None:
    """A model or World is placed at the 3D cursor with its prompt; a script needs no list."""
    asset = an_entry(kind)
    library_state().use(Account(""))
    bpy.context.scene.cursor.location = (1, 2, 0)
    before = len(service.operations())
    assert bpy.ops.mint.import_asset(kind=kind.name, asset_id=asset.id) == {"FINISHED"}
    placed = place.find(asset_id=asset.id)
    assert placed is not None
    provenance = origin.read(placed.root)
    assert provenance is not None and (provenance.kind, provenance.preset) == (kind.value, "")
    assert provenance.prompt == (asset.prompt or "")
    assert len(service.operations()) == before
    assert service.requests("POST") == []


def test_an_asset_is_imported_at_a_location() -> None:
    """It stands there, not at the 3D cursor, as one that was dropped in the 3D View."""
    bpy.context.scene.cursor.location = (1, 2, 0)
    asset = an_entry()
    bpy.ops.mint.import_asset(kind="MODEL", asset_id=asset.id, location=(4.0, -3.0, 2.0))
    placed = place.find(asset_id=asset.id)
    assert placed is not None
    bpy.context.view_layer.update()
    space = grid_layout.footprint(placed.root)
    assert space is not None and space.bottom == pytest.approx(2.0, abs=1e-4)
    assert (space.left + space.right) / 2 == pytest.approx(4.0, abs=1e-3)


@pytest.mark.parametrize(
    ("asset_id", "sentence"),
    [
        ("../etc", "Not a valid Mint ID"),
        ("nothere", "nothere|not|no such"),
        ("", "did not finish this model"),
    ],
)
def test_import_of_what_is_not_there(asset_id: str, sentence: str) -> None:
    """An id that is invalid or unknown to Mint, or an asset that failed: nothing is placed."""
    an_entry()
    asset_id = asset_id or entries(view_model.AssetState.FAILED)[0].id
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.mint.import_asset(kind="MODEL", asset_id=asset_id)
    assert not bpy.context.scene.objects


def test_importing_an_unfinished_asset_waits(service: ThreadService) -> None:
    """Another program started it; nothing is started, and it is placed when it is done."""
    client = connect(Account(service.key, service.api))
    body = {"prompt": "a slow lamp", "generationPreset": "fast", "generationMode": "auto"}
    operation = client.pay("start", Kind.MODEL, "", body, key="somebody-elses")
    bpy.ops.mint.refresh_library()
    unfinished = entries(view_model.AssetState.UNFINISHED)
    (running,) = [each for each in unfinished if each.prompt == "a slow lamp"]
    posts = len(service.requests("POST"))
    assert browser.job_of(running) is None, "it is none of our jobs"

    def somebody_else() -> None:
        busy = operation
        while busy.is_busy:  # the stand-in waits at the preview until somebody has seen it
            time.sleep(0.05)
            busy = client.poll(busy.id).operation
        client.close()

    other = threading.Thread(target=somebody_else, daemon=True)
    other.start()
    assert bpy.ops.mint.import_asset(kind="MODEL", asset_id=running.id) == {"FINISHED"}
    assert place.find(asset_id=running.id) is not None
    assert len(service.requests("POST")) == posts
    other.join(60)


def test_an_asset_of_our_own_job_is_recognized() -> None:
    """Its details show the job instead of an offer to wait for it."""
    bpy.ops.mint.generate(prompt="a lamp of ours", preset="FAST", mode="REVIEW")
    bpy.ops.mint.refresh_library()
    shown = browser.shown(browser_properties.fields_of(bpy.context))
    (ours,) = [each for each in shown if each.prompt == "a lamp of ours"]
    assert view_model.state_of(ours) is view_model.AssetState.UNFINISHED
    assert browser.job_of(ours) == session.service().jobs()[0]


def test_an_optimized_version_is_made_once(service: ThreadService) -> None:
    """One paid call, then the file as often as wanted; none where Blender cannot open it."""
    asset = an_entry()
    if not gltf_extensions.has_draco_decoder():
        with pytest.raises(RuntimeError, match="cannot open the reduced file"):
            bpy.ops.mint.optimize(asset_id=asset.id)
        assert service.requests("POST") == []
        return
    for _ in range(2):
        assert bpy.ops.mint.optimize(asset_id=asset.id, level="LIGHT") == {"FINISHED"}
        placed = place.find(asset_id=asset.id)
        assert placed is not None
        assert placed.root["mint_file_used"] == "optimized"
    assert len(service.requests("POST", "/v1/models/*:optimize")) == 1
    assert service.operations()[-1].level == "light"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the assets made by Blender for the service resemble Mint's files."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from tests.files.read_spz import read_splats
from tests.mint_service import convert, glb
from tests.mint_service.asset_generator import (
    AssetGenerator,
    AssetGeneratorError,
    AssetRequest,
    courtyard,
)
from tests.mint_service.asset_generator.blender_process import BlenderAssetGenerator, default_cache
from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient

DracoPy = pytest.importorskip("DracoPy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, Any]]:
    """A model (revised once) and a World from a running service with real assets.

    The tests with windows use the blue mug and the orange World, too: each is made once in a run.
    """
    with running_service(speed=50, assets="real") as service:
        client = ContractClient(service)
        model = client.start("a red mug", generationMode="review")
        world = client.start("an orange courtyard", "world", generationPreset="fast")
        first = wait(client, model, "preview_ready")["assets"]["previewImageUrl"]
        client.post(f"/operations/{model['id']}:revise", {"feedback": "blue, please"})
        wait(client, model, "preview_ready")
        client.post(f"/operations/{model['id']}:approve")
        done = wait(client, model, "succeeded")
        optimized = wait(
            client, client.post(f"/models/{done['resource']['id']}:optimize").json(), "succeeded"
        )
        yield {
            "red": first,
            "model": optimized["assets"],
            "world": wait(client, world, "succeeded")["assets"],
            "id": model["id"],
        }
        assert not service.leaks()


def wait(client: ContractClient, operation: dict[str, Any], status: str) -> dict[str, Any]:
    """Poll in real time, since Blender needs real time."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        read = client.operation(operation)
        if read["status"] == status:
            return read
        assert read["status"] in ("queued", "running", "preview_ready"), read
        time.sleep(0.1)
    raise AssertionError(f"still {read['status']} after five minutes")


def fetch(url: str) -> bytes:
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200
    return answer.content


def picture(url: str) -> np.ndarray:
    with Image.open(io.BytesIO(fetch(url))) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB")).astype(float) / 255


def test_the_original_model_has_the_structure_of_mints(made: dict[str, Any]) -> None:
    """The original GLB has 3,500 to 5,000 triangles in one primitive of one material.

    It has PBR textures, no skin, a longest side of one unit, no required extensions, and is marked
    with the prompt and the revision.
    """
    content = fetch(made["model"]["glbUrl"])
    document, _ = glb.unpack(content)
    points, triangles = convert.geometry(content)
    assert 3500 <= len(triangles) <= 5000
    assert [len(mesh["primitives"]) for mesh in document["meshes"]] == [1] and len(
        document["materials"]
    ) == 1
    assert "skins" not in document and np.ptp(points, axis=0).max() == pytest.approx(1, abs=1e-3)
    assert "extensionsRequired" not in document
    textured = [
        m["pbrMetallicRoughness"]
        for m in document["materials"]
        if "baseColorTexture" in m["pbrMetallicRoughness"]
    ]
    assert textured and "metallicRoughnessTexture" in textured[0]
    assert all("TEXCOORD_0" in p["attributes"] for m in document["meshes"] for p in m["primitives"])
    assert glb.extras(content) == {"prompt": "a red mug\nblue, please", "operation": made["id"]}


def test_the_optimized_model_is_smaller_and_has_the_same_shape(made: dict[str, Any]) -> None:
    """The optimized GLB requires Draco and WebP."""
    content, original = fetch(made["model"]["optimizedGlbUrl"]), fetch(made["model"]["glbUrl"])
    document, binary = glb.unpack(content)
    assert document["extensionsRequired"] == ["KHR_draco_mesh_compression", "EXT_texture_webp"]
    assert len(content) < len(original)
    found = 0
    points = []
    for primitive in (p for m in document["meshes"] for p in m["primitives"]):
        packed = primitive["extensions"]["KHR_draco_mesh_compression"]
        view = document["bufferViews"][packed["bufferView"]]
        mesh = DracoPy.decode(binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
        assert {a["unique_id"] for a in mesh.attributes} >= set(packed["attributes"].values())
        assert document["accessors"][primitive["attributes"]["POSITION"]]["count"] == len(
            mesh.points
        )
        assert document["accessors"][primitive["indices"]]["count"] == mesh.faces.size
        found += len(mesh.faces)
        points.append(mesh.points)
    before, triangles = convert.geometry(original)
    assert found == pytest.approx(len(triangles), rel=0.02)
    assert np.concatenate(points).max(0) == pytest.approx(before.max(0), abs=1e-4)
    for image in document["images"]:
        view = document["bufferViews"][image["bufferView"]]
        assert image["mimeType"] == "image/webp"
        assert binary[view["byteOffset"] + 8 :][:4] == b"WEBP"


def test_a_revision_changes_the_picture(made: dict[str, Any]) -> None:
    """The middle of the first picture is mainly red, that of the last one blue."""
    for url, channel in ((made["red"], 0), (made["model"]["previewImageUrl"], 2)):
        middle = picture(url)[150:240, 135:210].reshape(-1, 3).mean(0)
        assert int(np.argmax(middle)) == channel


def test_the_parts_of_a_world_have_one_floor(made: dict[str, Any], tmp_path: Path) -> None:
    """Collider and splats have Y down, the origin at eye height, and no material."""
    content = fetch(made["world"]["colliderMeshUrl"])
    points, triangles = convert.geometry(content)
    assert len(triangles) >= 100_000 and "materials" not in glb.unpack(content)[0]
    assert points[:, 1].max() == pytest.approx(-courtyard.FLOOR, abs=1e-6)
    for tier, count in (("100k", 100_000), ("500k", 500_000)):
        file = tmp_path / f"{tier}.spz"
        file.write_bytes(fetch(made["world"]["spzUrls"][tier]))
        splats = read_splats(file)
        assert len(splats) == count
        depth = splats.positions[:, 1]
        assert depth.max() == pytest.approx(-courtyard.FLOOR, abs=0.001)
        assert 0.2 < (np.abs(depth + courtyard.FLOOR) < 0.001).mean() < 0.9
    seen = picture(made["world"]["panoUrl"])
    assert seen.shape[1] == 2 * seen.shape[0] and seen.shape[1] >= 1024


def test_cached_assets_are_reused(made: dict[str, Any]) -> None:
    """A second generator also returns cached files at once."""
    generator: AssetGenerator = BlenderAssetGenerator()
    assert generator.make(AssetRequest("model", "final", "a red mug\nblue")) is not None
    assert generator.make(AssetRequest("world", "final", "an orange courtyard")) is not None
    generator.close()
    names = {"model-mug-red", "model-mug-blue", "world-orange-false"}
    assert names <= {path.name for path in default_cache().glob("*/*")}


def test_a_failed_generator_fails_the_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a Python without bpy, it does not run forever, and leaves no incomplete files."""
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "bpy.py").write_text("raise ImportError('no bpy here')", encoding="utf-8")
    monkeypatch.setattr("tests.mint_service.asset_generator.blender_process.ROOT", stub)
    generator = BlenderAssetGenerator(tmp_path / "cache")
    request = AssetRequest("model", "preview", "a mug")
    with pytest.raises(AssetGeneratorError, match="model-mug"):
        for _ in range(600):
            assert generator.make(request) is None
            time.sleep(0.05)
    generator.close()
    assert not [path for path in (tmp_path / "cache").glob("*/*") if path.is_dir()]


def test_a_service_with_real_assets_starts_immediately(tmp_path: Path) -> None:
    """Blender is started only when an asset is needed."""
    with running_service(assets="real", assets_cache=str(tmp_path)) as service:
        assert isinstance(service, ThreadService)
        assert ContractClient(service).get("/me").status_code == 200
        assert not list(tmp_path.iterdir()), "something was made"

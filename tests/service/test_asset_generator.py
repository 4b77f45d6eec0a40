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

from tests.mint_service import convert, glb, spz
from tests.mint_service.asset_generator import (
    AssetGenerator,
    AssetGeneratorError,
    AssetRequest,
    courtyard,
    evening,
)
from tests.mint_service.asset_generator.blender_process import BlenderAssetGenerator
from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient

DracoPy = pytest.importorskip("DracoPy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def made(cache: Path) -> Iterator[dict[str, Any]]:
    """A model (revised once) and a World from a running service with real assets."""
    with running_service(speed=50, assets="real", assets_cache=str(cache)) as service:
        client = ContractClient(service)
        model = client.start("a red mug", generationMode="review")
        world = client.start("a teal courtyard", "world", generationPreset="fast")
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


def test_the_collider_has_the_structure_of_mints(made: dict[str, Any]) -> None:
    """The collider has at least 100,000 triangles, Y down and no material.

    It has the size of a room in raw units, with the origin at eye height.
    """
    content = fetch(made["world"]["colliderMeshUrl"])
    document, _ = glb.unpack(content)
    points, triangles = convert.geometry(content)
    assert len(triangles) >= 100_000
    assert "materials" not in document and set(
        document["meshes"][0]["primitives"][0]["attributes"]
    ) == {"POSITION"}
    size = np.ptp(points, axis=0)
    assert 2.5 <= size[[0, 2]].max() <= 5
    assert points[:, 1].max() == pytest.approx(-courtyard.FLOOR, abs=1e-6), (
        "the floor is where Y is largest"
    )
    corners = points[triangles].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    area = np.linalg.norm(normals, axis=1)
    level = np.abs(normals[:, 1]) > 0.9 * area
    below = corners[:, :, 1].mean(1) > 0
    assert area[level & below].sum() > 5 * area[level & ~below].sum(), (
        "most level area lies below the eye"
    )


def test_the_panorama_matches_the_collider(made: dict[str, Any]) -> None:
    """The door, floor, sky and walls of the 2:1 panorama are where the collider has them."""
    seen = picture(made["world"]["panoUrl"])
    assert seen.shape[1] == 2 * seen.shape[0] and seen.shape[1] >= 1024
    inside = [
        _color_at(seen, x, courtyard.HALF_Y - 0.08, z)
        for x in (-0.24, 0, 0.24)
        for z in (-0.5, 0, 0.15)
    ]
    for red, green, blue in inside:
        assert min(green, blue) > 1.5 * red, "the door has the color of the prompt"
    for x in (-0.33, 0.33):
        frame = _color_at(seen, x, courtyard.HALF_Y - 0.05, 0)
        assert frame[0] > 0.9 * frame[2], "beside the door is its frame of stone"
    sky = _color_at(seen, 0, 0.4, 1)
    assert sky[2] > sky[0] + 0.1
    bench = _color_at(seen, -courtyard.HALF_X + 0.3, 0, -0.5)
    assert bench[0] > 1.5 * bench[2]


def test_the_light_of_the_evening_matches_the_collider(made: dict[str, Any]) -> None:
    """A low sun makes long shadows where its way is barred, and lamps light what is around them."""
    from mathutils import Vector
    from mathutils.bvhtree import BVHTree

    seen = picture(made["world"]["panoUrl"])
    points, triangles = convert.geometry(fetch(made["world"]["colliderMeshUrl"]))
    tree: Any = BVHTree.FromPolygons(
        np.column_stack([-points[:, 0], -points[:, 2], -points[:, 1]]).tolist(), triangles.tolist()
    )
    sun = Vector(-evening.SUN).normalized()
    assert sun.z < np.sin(np.radians(25)), "shadows are twice as long as things are high"
    lit: list[np.ndarray] = []
    shaded: list[np.ndarray] = []
    grid = np.mgrid[-1.5:1.5:25j, -1.4:1.4:25j].reshape(2, -1).T
    for x, y in grid:
        place = Vector((x, y, courtyard.FLOOR))
        if (tree.ray_cast(Vector(), place)[0] - place).length > 0.01:
            continue  # something stands in front of it
        is_shaded = tree.ray_cast(place + Vector((0, 0, 0.001)), sun)[0] is not None
        (shaded if is_shaded else lit).append(_color_at(seen, x, y, courtyard.FLOOR))
    assert min(len(lit), len(shaded)) > 50
    warm, cool = np.median(lit, axis=0), np.median(shaded, axis=0)
    assert warm[0] > 1.3 * cool[0] and warm[0] > 1.3 * warm[2] and cool[2] > cool[0]
    between = (warm[0] + cool[0]) / 2
    wrong = (np.array(lit)[:, 0] < between).sum() + (np.array(shaded)[:, 0] > between).sum()
    assert wrong < 0.1 * len(lit + shaded), "the shadows are those of the collider"
    for x, y, z in courtyard.LAMPS:
        glass = _color_at(seen, x, y, z)
        below, far = (_color_at(seen, x, y, z - down) for down in (0.12, 0.3))
        assert glass[0] > 0.95 and glass[0] > glass[2] + 0.2, "a lamp shines"
        assert below.sum() > 1.1 * far.sum() or far.sum() > 1.5, "or the sun does"
    low = _color_at(seen, -1, -0.15, 0.16)
    assert low[0] > 0.9 and low[0] > low[2] + 0.3, "the sky is orange where the sun sets"


def _color_at(seen: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    """Return the color in the panorama where a point is, in upright coordinates."""
    height, width, _ = seen.shape
    u = 0.5 + np.arctan2(x, y) / (2 * np.pi)
    v = 0.5 + np.arcsin(z / np.linalg.norm((x, y, z))) / np.pi
    row, column = int((1 - v) * height), int(u * width)
    found: np.ndarray = seen[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).mean(0)
    return found


@pytest.mark.parametrize(("tier", "count"), [("100k", 100_000), ("500k", 500_000)])
def test_the_splats_match_the_collider(made: dict[str, Any], tier: str, count: int) -> None:
    """The splats lie on the collider's surfaces, and those at the door have its color."""
    version, splats = spz.decode(fetch(made["world"]["spzUrls"][tier]))
    assert version == 3 and len(splats) == count
    upright = np.column_stack(
        [-splats.positions[:, 0], -splats.positions[:, 2], -splats.positions[:, 1]]
    )
    assert np.abs(courtyard.raw(upright) - splats.positions).max() == 0
    assert upright[:, 2].min() == pytest.approx(courtyard.FLOOR, abs=0.001)
    floor = np.abs(upright[:, 2] - courtyard.FLOOR) < 0.001
    assert 0.2 < floor.mean() < 0.9
    door = (
        (np.abs(upright[:, 1] - (courtyard.HALF_Y - 0.08)) < 0.002)
        & (np.abs(upright[:, 0]) < 0.25)
        & (upright[:, 2] < 0.2)
    )
    assert door.sum() > count / 1000
    middle = np.median(splats.colors[door], axis=0)
    assert middle[1] > 2 * middle[0] and middle[2] > 2 * middle[0]
    x, y, z, w = splats.rotations[floor][:200].T
    normal = np.column_stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    assert np.abs(normal[:, 1]).min() > 0.99, "discs on the floor lie flat"


def test_cached_assets_are_reused(made: dict[str, Any], cache: Path) -> None:
    """A second generator also returns cached files at once; no incomplete files remain."""
    generator: AssetGenerator = BlenderAssetGenerator(cache)
    assert generator.make(AssetRequest("model", "final", "a red mug\nblue")) is not None
    assert generator.make(AssetRequest("world", "final", "a teal courtyard")) is not None
    generator.close()
    folders = {path.name for folder in cache.iterdir() for path in folder.iterdir()}
    assert folders == {"model-mug-red", "model-mug-blue", "world-teal-false-false-3"}


def test_a_failed_generator_fails_the_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a Python without bpy, the operation fails instead of running forever."""
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


def test_a_service_with_real_assets_starts_immediately(tmp_path: Path) -> None:
    """Blender is started only when an asset is needed."""
    with running_service(assets="real", assets_cache=str(tmp_path)) as service:
        assert isinstance(service, ThreadService)
        assert ContractClient(service).get("/me").status_code == 200
        assert not list(tmp_path.iterdir()), "something was made"

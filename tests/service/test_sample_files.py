# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the stand-in resemble Mint's: models in the color of their prompt, and one World."""

from __future__ import annotations

import io

import DracoPy
import numpy as np
import pytest
import requests
from PIL import Image

from tests.mint_service import convert, glb, prompt_words
from tests.mint_service.asset_generator import AssetRequest
from tests.mint_service.asset_generator.sample_files import SampleFiles
from tests.mint_service.runner import running_service

from .contract_client import ContractClient

SHAPES = (*prompt_words.SHAPES, *prompt_words.FIGURES)


def made(kind: str, stage: str, prompt: str) -> dict[str, bytes]:
    """Return the files of a stage by their roles."""
    return {one.role: one.content for one in SampleFiles().make(AssetRequest(kind, stage, prompt))}


def colors(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_model_has_the_structure_of_mints(shape: str) -> None:
    """The original has no extension; the optimized one has the same shape in Draco and WebP."""
    original = made("model", "final", f"a red {shape}")["glb"]
    document, _ = glb.unpack(original)
    points, triangles = convert.geometry(original)
    assert 3500 <= len(triangles) <= 5000
    ((primitive,),) = [mesh["primitives"] for mesh in document["meshes"]]
    (material,) = document["materials"]
    assert {"baseColorTexture", "metallicRoughnessTexture"} <= set(material["pbrMetallicRoughness"])
    assert "TEXCOORD_0" in primitive["attributes"]
    assert "skins" not in document and "extensionsRequired" not in document
    assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=1e-3)

    optimized = made("model", "optimize", f"a red {shape}")["optimized"]
    document, binary = glb.unpack(optimized)
    assert document["extensionsRequired"] == ["KHR_draco_mesh_compression", "EXT_texture_webp"]
    assert len(optimized) < len(original)
    primitive = document["meshes"][0]["primitives"][0]
    packed = primitive["extensions"]["KHR_draco_mesh_compression"]
    view = document["bufferViews"][packed["bufferView"]]
    mesh = DracoPy.decode(binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
    assert {a["unique_id"] for a in mesh.attributes} >= set(packed["attributes"].values())
    counts = [document["accessors"][primitive["attributes"]["POSITION"]]["count"]]
    counts.append(document["accessors"][primitive["indices"]]["count"])
    assert counts == [len(mesh.points), mesh.faces.size]
    assert len(mesh.faces) == pytest.approx(len(triangles), rel=0.02)
    assert mesh.points.max(0) == pytest.approx(points.max(0), abs=1e-4)
    colors(glb.image(optimized, "base"))


def test_a_service_returns_them() -> None:
    """A model is marked with its prompt and its operation."""
    with running_service(clock="manual", assets="real") as service:
        done = ContractClient(service).finished("a red mug")
        content = requests.get(done["assets"]["glbUrl"], timeout=30).content
        assert len(content) == done["assets"]["glbSizeBytes"] > 100_000
        assert glb.extras(content) == {"prompt": "a red mug", "operation": done["id"]}

# SPDX-License-Identifier: GPL-3.0-or-later
"""Two million splats, the most that Mint offers: time grows linearly, memory is bounded."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mint_blender.scene.world.splat_nodes import VIEWPORT_LIMIT

from ..conftest import DOES_NOT_APPLY
from .window_script import said

pytestmark = pytest.mark.blender
pytest.importorskip("bpy")

FEW, MANY, DEGREE = 200_000, 2_000_000, 3
MEGABYTE = 1 << 20


def write(path: Path, points: int) -> Path:
    """Write a file of so many random splats; sizes and opacities are as in a real place."""
    random = np.random.default_rng(points)
    opacities = random.integers(30, 256, points, np.uint8).tobytes()
    scales = random.integers(70, 110, 3 * points, np.uint8).tobytes()
    sections = [random.bytes(9 * points), opacities, random.bytes(3 * points), scales]
    sections += [random.bytes(4 * points), random.bytes(3 * 15 * points)]
    header = struct.pack("<4sIIBBBB", b"NGSP", 3, points, DEGREE, 12, 0, 0)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for part in (header, *sections):
            file.write(part)
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """What each number took, each in a process of its own."""
    import bpy

    if "type" in bpy.types.PointCloud.bl_rna.properties:
        pytest.skip(DOES_NOT_APPLY + "this Blender shows splats itself")
    folder, answers = tmp_path_factory.mktemp("many"), {}
    for points in (FEW, MANY):
        program = Path(__file__).with_name("load_many_splats.py")
        command = [sys.executable, str(program), str(write(folder / f"{points}.spz", points))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert said(done), done
        (answers[points],) = said(done)
        (folder / f"{points}.spz").unlink()
    return answers


@pytest.mark.feature("splats as vertices of a mesh")
def test_every_splat_is_loaded(results: dict[int, dict[str, Any]]) -> None:
    """The object has as many splats as the file."""
    assert [each["splats"] for each in results.values()] == [FEW, MANY]


def test_ten_times_the_splats_take_ten_times_the_time(results: dict[int, dict[str, Any]]) -> None:
    """Reading and showing grow with the number, not with its square, which would be 100 times.

    Processor time is compared. Other programs lengthen it, too: they take the memory's bandwidth.
    """
    for what in ("read", "without_limit"):
        few, many = (max(each[what], 0.05) for each in results.values())
        assert many / few < 2.5 * MANY / FEW, f"{what}: {few:.2f} s and {many:.2f} s"


def test_memory_stays_within_bounds(results: dict[int, dict[str, Any]]) -> None:
    """Each splat takes 236 bytes in the end.

    Loading takes at most 1.6 times that, and three times with every disc in a window.
    """
    kept = MANY * 4 * (3 + 3 + 4 + 4 + 15 * 3)
    assert results[MANY]["built"] < 1.6 * kept
    assert results[MANY]["peak"] < 3 * kept


def test_above_the_limit_a_window_draws_points(results: dict[int, dict[str, Any]]) -> None:
    """Two million are drawn as points; fewer, or with a higher limit, as squares."""
    assert FEW < VIEWPORT_LIMIT < MANY
    assert results[MANY]["limited"]["squares"] == 0
    assert results[FEW]["limited"]["squares"] > 0.9 * FEW
    assert results[MANY]["unlimited"]["squares"] > 0.9 * MANY
    assert results[MANY]["with_limit"] < results[MANY]["without_limit"]

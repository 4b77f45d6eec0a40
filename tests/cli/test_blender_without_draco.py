# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimized models in Debian's Blender, which has no Draco decoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.packaging import archive

from ..mint_service.runner import ThreadService
from .command_runner import CommandResult
from .installed_extension import MINT, install, run

pytestmark = pytest.mark.debian

LOOK = (
    "import bpy; (root,) = [each for each in bpy.data.objects if 'mint_job_id' in each]; "
    "print('SEEN', root['mint_file_used'], len(root.data.polygons) > 0); "
    "print('WHY', root['mint_file_reason'])"
)


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a profile with the extension installed."""
    folder = tmp_path_factory.mktemp("installed")
    install(archive.build(folder / "dist", compressed=False), folder / "resources")
    return folder / "resources"


@pytest.fixture
def blender(
    service: ThreadService, resources: Path, home: Path, tmp_path: Path
) -> Callable[..., CommandResult]:
    """Return a function that runs Blender: `blender("--command", …)`."""
    return lambda *arguments: run(service, resources, home, tmp_path, *arguments)


def told(ran: CommandResult) -> str:
    """Return standard output as one line."""
    return " ".join(ran.out.split())


@pytest.mark.feature("the original file instead of one that Blender cannot read")
def test_the_original_is_used_and_reported(
    blender: Callable[..., CommandResult], tmp_path: Path
) -> None:
    """The original file is imported, and a sentence names what is missing."""
    ran = blender(
        *MINT,
        "generate",
        "--prompt",
        "a lamp [already-optimized]",
        "--preset",
        "fast",
        "-o",
        "lamp.blend",
    )
    assert ran.status == 0, ran.err
    assert "Using the original file instead of the optimized one" in told(ran) and "Draco" in told(
        ran
    )
    seen = blender("--background", str(tmp_path / "lamp.blend"), "--python-expr", LOOK).out
    assert (
        "SEEN original True" in seen
        and "Using the original file instead of the optimized one" in seen
    )


def test_an_unreadable_file_is_reported(blender: Callable[..., CommandResult]) -> None:
    """If there is only an unreadable file: status 7, what is missing, and what to do."""
    ran = blender(
        *MINT,
        "generate",
        "--prompt",
        "a lamp [draco-original]",
        "--preset",
        "fast",
        "-o",
        "lamp.blend",
    )
    assert ran.status == 7
    assert "lacks a decoder for Draco-compressed meshes" in ran.error_text

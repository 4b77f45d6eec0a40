# SPDX-License-Identifier: GPL-3.0-or-later
"""Results where Windows and macOS differ; each test says what it imitates."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from mint_blender.delivery import write_files
from mint_blender.delivery.asset_library.manifest import Manifest
from mint_blender.files import disk

from ..files.windows_doubles import OpenElsewhere

pytestmark = pytest.mark.windows


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again without a pause."""
    monkeypatch.setattr(disk, "INTERVALS", (0.0,) * 3)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> OpenElsewhere:
    """Imitate Windows, where a file that is open elsewhere can be neither renamed nor deleted."""
    return OpenElsewhere().install(monkeypatch)


def test_a_written_file_waits_for_a_read_one(tmp_path: Path, elsewhere: OpenElsewhere) -> None:
    """Imitates Windows: a viewer or a backup reads the earlier result for a moment."""
    source, target = tmp_path / "new.glb", tmp_path / "lamp.glb"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    elsewhere.refuse("lamp.glb", times=2)
    write_files.copy_file(source, target)
    assert target.read_bytes() == b"new"


def test_a_file_name_that_macos_has_taken_apart_is_the_same(tmp_path: Path) -> None:
    """Imitates HFS+ and some network drives, which return `é` as `e` with an accent behind it.

    Otherwise the asset would be downloaded and saved again by every sync.
    """
    name = "Café lamp.blend"
    file = tmp_path / "source"
    file.write_bytes(b"blend")
    Manifest(tmp_path).place("asset-1", name, "v1", file)
    (tmp_path / name).rename(tmp_path / unicodedata.normalize("NFD", name))
    assert Manifest(tmp_path).is_up_to_date("asset-1", "v1")

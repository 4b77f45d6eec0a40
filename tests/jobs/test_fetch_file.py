# SPDX-License-Identifier: GPL-3.0-or-later
"""One file of a job is downloaded, or taken from an earlier process."""

from __future__ import annotations

from pathlib import Path

from mint_blender.files.download import Downloader
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.effects import Fetch

from ..files.build_glb import box
from ..files.file_host import FileHost
from ..mint_service import pictures


def fetch(role: Role, url: str, name: str, folder: Path) -> Path:
    """Download a file of a job; return its path."""
    with Downloader(local_files=True) as loader:
        file = fetch_file.fetch(
            Fetch(role, url, name),
            folder,
            downloader=loader,
            stop=lambda: False,
            progress=lambda *_: None,
        )
    return Path(file.path)


def test_a_preview_is_never_taken_for_another_one(tmp_path: Path) -> None:
    """A process was killed after its download; meanwhile Mint has made another Preview."""
    earlier, later = (pictures.webp((shade, shade, shade)) for shade in (0.1, 0.9))
    with FileHost() as host:
        fetch(Role.PREVIEW, host.put("/a.webp", earlier), "preview-2", tmp_path)
        path = fetch(Role.PREVIEW, host.put("/b.webp", later), "preview-2", tmp_path)
    assert path.read_bytes() == later
    assert [each.name for each in tmp_path.iterdir()] == ["preview-2.webp"]


def test_a_model_is_not_downloaded_twice(tmp_path: Path) -> None:
    """A process was killed after its download: the next one takes the file."""
    with FileHost() as host:
        url = host.put("/a.glb", box())
        names = [fetch(Role.MODEL, url, "model", tmp_path).name for _ in range(2)]
        assert names == ["model.glb", "model.glb"] and len(host.asked) == 1

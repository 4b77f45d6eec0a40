# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in the home folder are private to the user from their creation on."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.files import disk
from mint_blender.files.download import Downloader
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.transfers import fetch_file
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import running_service
from .fast_config import SPEED, account, fast_config

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="does not apply: permissions are of another kind there"
)


@pytest.fixture(autouse=True)
def lax() -> Iterator[None]:
    """Set a umask that lets everybody read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def permissions(path: Path) -> int:
    """Return the permissions of a path; none if it is gone: locks come and go."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0


def open_to_others(home: Path) -> list[str]:
    """Return the paths in a folder, and the folder, that others could use."""
    return [
        f"{path}: {permissions(path):o}"
        for path in (home, *home.rglob("*"))
        if permissions(path) & 0o077
    ]


@pytest.mark.covers("S-private")
def test_all_files_of_a_job_are_private(tmp_path: Path) -> None:
    """Journal, downloads, pictures, thumbnails, locks and the log are checked."""
    home = tmp_path / "deep" / "home"
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    with (
        running_service(speed=1000, credits=1e6) as service,
        commands.logging_to_file(home, service.key),
    ):
        logging.getLogger("mint_blender.test").warning("a line")
        hurried = partial(Downloader, sleep=lambda seconds: time.sleep(seconds / SPEED))
        config = fast_config(home, downloader=lambda local: hurried(local_files=local))
        job_service = JobService(config, account(service))
        world = GenerationRequest(Kind.WORLD, "a hall", images=(str(tmp_path / "lamp.png"),))
        model = GenerationRequest(Kind.MODEL, "a lamp [file-truncated]")
        wanted = ((world, Delivery(splats="100k")), (model, Delivery()))
        jobs = [job_service.start(*each).id for each in wanted]
        job_service.watch(jobs)
        seen = {path.name for path in home.rglob("*")}
        assert {"journal.sqlite3-wal", "journal.sqlite3-shm", "mint.log"} <= seen, seen
        preview = next(file for file in job_service.job(jobs[0]).files if "preview" in file.url)
        with Downloader(local_files=True) as downloader:
            fetch_file.thumbnail(preview.url, home, downloader, lambda: False)
        assert open_to_others(home) == []
        assert [path.suffix for path in home.rglob("*.part")], (
            "a download that broke off was looked at, too"
        )
        assert job_service.close(20)
    assert open_to_others(home) == []


def test_an_open_home_folder_is_made_private(tmp_path: Path) -> None:
    """Folder, journal and log of an earlier version were readable by everybody."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Journal(home).close()
    (home / "mint.log").write_text("earlier\n")
    for path in (home, *home.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Journal(home).close()
    with commands.logging_to_file(home, ""):
        logging.getLogger("mint_blender.test").warning("a line")
    assert open_to_others(home) == []


def test_the_parent_folder_keeps_its_permissions(tmp_path: Path) -> None:
    """Only the home folder itself is changed."""
    tmp_path.chmod(0o755)
    disk.make_home(tmp_path / "home")
    assert (permissions(tmp_path), permissions(tmp_path / "home")) == (0o755, 0o700)


def test_checking_permissions_keeps_the_journal_lock(tmp_path: Path) -> None:
    """Opening and closing the file elsewhere would release SQLite's lock."""
    import fcntl

    path = tmp_path / "journal"
    disk.make_file(path)
    with path.open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        disk.make_file(path)
        lock = f"fcntl.lockf(open({str(path)!r}, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        command = [sys.executable, "-c", f"import fcntl; {lock}"]
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True).stderr

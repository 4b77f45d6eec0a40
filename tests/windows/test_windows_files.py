# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on Windows: open ones, names, long paths, drives, and the folder of the user's data."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from mint_blender.files import disk
from mint_blender.files.download_folder import safe_name
from mint_blender.files.errors import DiskError
from mint_blender.jobs import database
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.storage import import_marks
from mint_blender.jobs.storage.home import NAME, home_folder
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.effects import Fetch

from ..files.downloading import CONTENT, Downloader
from ..files.file_host import FileHost
from ..jobs.engine_harness import PictureDownloader

pytestmark = pytest.mark.windows

ROOT = Path(__file__).parents[2]
URL = "https://files.example/preview.webp"


@contextmanager
def scanned(path: Path, seconds: float = 0.2) -> Iterator[None]:
    """Hold a file open for a moment, as a virus scanner does."""
    handle = path.open("rb")
    timer = threading.Timer(seconds, handle.close)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@pytest.mark.parametrize("name", ["new", "old"])
def test_a_file_that_is_scanned_is_replaced(tmp_path: Path, name: str) -> None:
    """Windows refuses it until the scanner has finished."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    with scanned(tmp_path / name):
        with pytest.raises(PermissionError):
            new.replace(old)
        disk.replace(new, old)
    assert old.read_text() == "new"


def test_a_file_that_is_scanned_is_deleted(tmp_path: Path) -> None:
    """After the scanner, or not at all if that takes too long."""
    path = tmp_path / "old"
    path.touch()
    with path.open("rb"):
        disk.try_to_remove(path)
        assert path.exists()
    with scanned(path):
        disk.remove(path)
    assert not path.exists()


def test_a_download_that_is_scanned_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scanner reads the part at the moment at which it gets its name."""
    sync_file = disk.sync_file
    target = tmp_path / "lamp.glb"
    with ExitStack() as scans, FileHost() as host, Downloader() as loader:

        def sync_and_scan(path: Path) -> None:
            sync_file(path)
            scans.enter_context(scanned(path))

        monkeypatch.setattr(disk, "sync_file", sync_and_scan)
        loader.fetch(host.put("/lamp.glb", CONTENT), target)
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]


def test_an_import_ends_well_while_its_mark_is_scanned(tmp_path: Path) -> None:
    """What was imported is imported: a mark that stays is empty, and is no crash."""
    with import_marks.importing(tmp_path, "job-1"):
        (mark,) = (tmp_path / "importing").iterdir()
        handle = mark.open("rb")
    with handle:
        assert import_marks.left_behind(tmp_path) == []


def test_an_earlier_preview_is_never_taken_for_a_new_one(tmp_path: Path) -> None:
    """One that cannot be deleted is an error: a person would approve another picture."""
    preview = tmp_path / "preview.webp"
    preview.write_bytes(b"an earlier one")
    effect = Fetch(Role.PREVIEW, URL, "preview")
    with preview.open("rb"), pytest.raises(DiskError, match=r"preview\.webp"):
        fetch_file.fetch(effect, tmp_path, downloader=PictureDownloader())
    file = fetch_file.fetch(effect, tmp_path, downloader=PictureDownloader())
    assert Path(file.path).read_bytes() != b"an earlier one"


NAMES = [
    *("CON", "aux.glb", "nul.tar.gz", "LPT1", "COM¹.webp", "conin$"),
    *("a lamp. . .", "a lamp ", "a:stream.glb", "C:lamp", 'what?*<>|"', "a\tb", "x" * 300),
    *("Lampe für Öl", "ランプ", "👩\u200d🚀", "e\u0301"),
]


@pytest.mark.parametrize("text", NAMES)
def test_a_safe_name_is_a_file(tmp_path: Path, text: str) -> None:
    """Neither a device, nor another name, nor a stream of one: the folder shows it as it is."""
    path = tmp_path / safe_name(text)
    path.write_bytes(b"glTF")
    assert [(each.name, each.stat().st_size) for each in tmp_path.iterdir()] == [(path.name, 4)]


def test_a_long_path_is_a_home(tmp_path: Path) -> None:
    """More than 260 characters, where the user has chosen such a folder."""
    folder = tmp_path
    while len(str(folder)) < 300:
        folder /= "a folder whose name is long"
    with closing(Journal(folder)) as journal:
        assert journal.listed_ids() == frozenset()
    with disk.replacing(folder / "a.json") as part:
        part.write_text("{}")
    assert (folder / "a.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("drive", "is_local"),
    [
        (Path.cwd().drive[0] + ":", True),
        ("", False),
        (r"\\server\share", False),
        ("//server/share", False),
        (r"\\?\UNC\server\share", False),
        (r"\\?\Volume{0}", False),
    ],
)
def test_a_share_is_not_a_local_drive(drive: str, is_local: bool) -> None:
    """There, the journal does without shared memory. What is unknown counts as a share."""
    assert database._is_local_drive(drive) is is_local  # type: ignore[attr-defined]


def test_a_folder_of_this_computer_is_local(tmp_path: Path) -> None:
    """However it is written."""
    for path in (tmp_path, Path(str(tmp_path).upper())):
        assert database.is_local(path)


def test_the_home_is_below_local_app_data(tmp_path: Path) -> None:
    """Also of a user whose name has other letters and spaces; another process finds it."""
    data = tmp_path / "Åsa Öberg ランプ"
    environ = {**os.environ, "LOCALAPPDATA": str(data), "MINT_BLENDER_HOME": ""}
    home = home_folder(environ)
    assert home == data / NAME
    with closing(Journal(home)) as journal:
        lines = (
            "from mint_blender.jobs.storage.home import home_folder",
            "from mint_blender.jobs.storage.journal import Journal",
            "Journal(home_folder()).close()",
            "print(ascii(str(home_folder())))",
        )
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert journal.listed_ids() == frozenset()
    assert done.stdout.strip() == ascii(str(home))


def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    """The user has protected it. The sentence says what to do, and nothing lies beside it."""
    target = tmp_path / "a.json"
    target.write_text("old")
    target.chmod(stat.S_IREAD)
    with (
        pytest.raises(DiskError, match=r"No permission to write .*a\.json"),
        disk.disk_errors(target),
        disk.replacing(target) as part,
    ):
        part.write_text("new")
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
    target.chmod(stat.S_IWRITE)

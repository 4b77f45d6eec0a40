# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs, leases and reports where Windows and macOS differ; each test says what it imitates."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from mint_blender.files import disk
from mint_blender.files.download_folder import (
    MAX_NAME_LENGTH,
    DownloadFolder,
    PartFile,
    safe_name,
    thumbnail_name,
)
from mint_blender.jobs.batch_folder import batch_lease
from mint_blender.jobs.batch_folder.batch_lease import Lease
from mint_blender.jobs.diagnostics import log_file, report
from mint_blender.jobs.diagnostics.log_file import LogFile
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage import documents, home, import_marks
from mint_blender.jobs.storage.documents import Documents, OpenDocument, open_elsewhere
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..files import windows_doubles
from ..files.windows_doubles import OpenElsewhere

pytestmark = pytest.mark.windows

DOCUMENT = "1" * 32


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again without a pause."""
    monkeypatch.setattr(disk, "INTERVALS", (0.0,) * 3)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> OpenElsewhere:
    """Imitate Windows, where a file that is open elsewhere can be neither renamed nor deleted."""
    return OpenElsewhere().install(monkeypatch)


def test_an_open_document_is_seen_by_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows' locks, which nobody else can read through: the file names the .blend."""
    windows, _ = windows_doubles.file_lock_of_windows(monkeypatch)
    monkeypatch.setattr(documents, "try_lock", windows.try_lock)
    monkeypatch.setattr(documents, "try_shared_lock", windows.try_shared_lock)
    ours = Documents(tmp_path)
    ours.show_open(DOCUMENT, tmp_path / "scene.blend")
    assert open_elsewhere(tmp_path) == [OpenDocument(DOCUMENT, tmp_path / "scene.blend")]
    assert Documents(tmp_path).path_of(DOCUMENT) == tmp_path / "scene.blend"
    ours.release()
    assert open_elsewhere(tmp_path) == []


def test_an_import_that_crashed_is_told_from_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows' locks: a mark is read by its own handle, and is free after the crash."""
    windows, _ = windows_doubles.file_lock_of_windows(monkeypatch)
    monkeypatch.setattr(import_marks, "try_lock", windows.try_lock)
    with import_marks.importing(tmp_path, "job-1"):
        assert import_marks.left_behind(tmp_path) == []
        (mark,) = (tmp_path / "importing").iterdir()
        content = mark.read_bytes()
    mark.write_bytes(content)
    assert [each["job"] for _, each in import_marks.left_behind(tmp_path)] == ["job-1"]


def test_a_lease_that_is_being_read_is_taken_over_and_given_back(
    tmp_path: Path, elsewhere: OpenElsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows: another machine has the file open for a moment, to see who holds it."""
    path = tmp_path / "lease"
    dead = Lease(path)
    assert dead.create()
    monkeypatch.setattr(batch_lease, "EXPIRES_AFTER", -1.0)
    elsewhere.refuse("lease", times=2)
    lease = Lease(path)
    lease.acquire(sleep=lambda seconds: None)
    elsewhere.refuse("lease", times=2)
    lease.release()
    assert not path.exists()


def test_the_log_begins_anew_while_another_process_has_it_open(
    tmp_path: Path, elsewhere: OpenElsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows, where it cannot be renamed then: it is copied and emptied, without a wait.

    The other process continues in the same file, and no entry is lost.
    """
    monkeypatch.setattr(log_file, "MAX_BYTES", 300)
    path = tmp_path / log_file.NAME
    elsewhere.refuse(path.name)
    one, other = LogFile(path), LogFile(path)
    for number in range(6):
        for handler in (one, other):
            handler.handle(entry(f"{number} {'x' * 50}"))
    one.close()
    other.close()
    earlier = path.with_name(path.name + log_file.EARLIER)
    assert 0 < path.stat().st_size <= 300 and earlier.stat().st_size <= 300
    written = (earlier.read_text() + path.read_text()).splitlines()
    numbers = [int(line.split()[-2]) for line in written]
    assert numbers == sorted(numbers) and numbers[-2:] == [5, 5]


def entry(text: str) -> logging.LogRecord:
    """Return an entry for the log."""
    return logging.LogRecord("mint_blender.test", logging.WARNING, "", 0, text, None, None)


WINDOWS_HOME = PureWindowsPath(r"C:\Users\Åsa Öberg")


@pytest.mark.parametrize(
    "text",
    [
        r"C:\Users\Åsa Öberg\a.blend",
        r"c:\users\åsa öberg\a.blend",
        "C:/Users/Åsa Öberg/a.blend",
        str(OSError(2, "No such file", r"C:\Users\Åsa Öberg\a.blend")),
        r'{"path": "C:\\Users\\\u00c5sa \u00d6berg\\a.blend"}',
    ],
    ids=["plain", "other case", "slashes", "in an error", "in JSON"],
)
def test_the_user_of_windows_is_not_named(text: str) -> None:
    """A report has the folder as Windows, Blender, Python's errors and JSON spell it."""
    shown = report.without_user_name(text, WINDOWS_HOME)
    assert "~" in shown and "sa " not in shown and "berg" not in shown and "a.blend" in shown


def test_another_folder_is_named() -> None:
    """On Linux, case matters; a home that is the root folder hides nothing."""
    assert report.without_user_name("/home/me/a /HOME/ME/a", PurePosixPath("/home/me")) == (
        "~/a /HOME/ME/a"
    )
    assert report.without_user_name("/a", PurePosixPath("/")) == "/a"


LIMIT = 259
"""The characters of a path on Windows, unless the user has switched the limit off."""


def on_windows(path: Path, root: Path, folder: str) -> str:
    """Return a path as it would be in a folder on Windows."""
    return f"{folder}\\{PureWindowsPath(path.relative_to(root))}"


def test_paths_in_the_home_folder_fit_into_windows_limit(tmp_path: Path) -> None:
    """Computed for a user name of 20 characters, the longest that Windows takes."""
    folder = DownloadFolder(tmp_path)
    job = new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=1.0)
    name = safe_name(f"{'x' * 300}.glb")
    assert len(name) == MAX_NAME_LENGTH
    download = folder.job_folder(job.id, "asset") / name
    part = PartFile(download)
    paths = [
        part.metadata_path,
        download.with_name(f"{download.stem}.refused-99{download.suffix}"),
        folder.reference_folder(job.id) / "8" / name,
        folder.thumbnails / f"{thumbnail_name('https://files.example/a.webp')}.webp.part.json",
        tmp_path.joinpath("library-sync", "0" * 12, "0" * 32, f"{'x' * 40}.{'0' * 8}.plain.glb"),
    ]
    appdata = f"C:\\Users\\{'u' * 20}\\AppData\\Local\\{home.NAME}"
    lengths = {path: len(path) for path in (on_windows(each, tmp_path, appdata) for each in paths)}
    assert max(lengths.values()) <= LIMIT, lengths

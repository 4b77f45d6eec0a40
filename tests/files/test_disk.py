# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders of ours: replaced, locked, synced, told apart, named safely and cleared."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from mint_blender.files import disk, download_folder, file_identity, file_lock
from mint_blender.files.download_folder import (
    DownloadFolder,
    name_from_url,
    prune,
    safe_name,
)
from mint_blender.files.errors import DiskError
from mint_blender.files.file_identity import identity

from ..harness.wine import needs_windows_itself
from . import windows_doubles
from .downloading import CONTENT, Lamp
from .windows_doubles import OpenElsewhere

pytestmark = pytest.mark.windows


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waiting times, which take no time here."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> OpenElsewhere:
    """Imitate Windows, where a file that is open elsewhere can be neither renamed nor deleted."""
    return OpenElsewhere().install(monkeypatch)


def written(folder: Path) -> list[Path]:
    """Write a file `new` and a file `old`."""
    paths = [folder / "new", folder / "old"]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_a_file_that_stays_open_is_an_error(
    tmp_path: Path, elsewhere: OpenElsewhere, waits: list[float]
) -> None:
    """After less than a second, and both files are as they were."""
    new, old = written(tmp_path)
    elsewhere.refuse("old")
    with pytest.raises(PermissionError):
        disk.replace(new, old)
    assert (new.read_text(), old.read_text()) == ("new", "old")
    assert sum(waits) == disk.PATIENCE < 1


def test_any_other_refusal_is_raised_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """Such as a folder without permission on Linux, where waiting would not help."""

    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError):
        disk.replace(tmp_path / "a", tmp_path / "b")
    assert waits == []


def test_a_file_that_is_in_use_is_deleted_when_it_is_free(
    tmp_path: Path, elsewhere: OpenElsewhere, waits: list[float]
) -> None:
    """A missing one is no error, and one that stays in use only where that matters."""
    path = tmp_path / "a"
    disk.remove(path)
    path.touch()
    elsewhere.refuse("a", times=2)
    disk.remove(path)
    assert not path.exists() and len(waits) == 2
    path.touch()
    elsewhere.refuse("a")
    with pytest.raises(PermissionError):
        disk.remove(path)
    disk.try_to_remove(path)
    assert path.exists()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """After an error the old one is there, nothing lies beside it, and the error names it."""
    target = tmp_path / "a.json"
    with disk.replacing(target) as part:
        part.write_text("old", encoding="utf-8")
        assert not target.exists()
    with pytest.raises(OSError) as caught, disk.replacing(target) as part:
        part.write_text("ne", encoding="utf-8")
        raise OSError(28, "No space left on device", str(part))
    assert caught.value.filename == str(target)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_a_new_file_is_of_this_boot(tmp_path: Path) -> None:
    """A file that is old, or missing, is not."""
    assert 0 < disk.booted_at() < time.time()
    file = tmp_path / "a"
    file.touch()
    assert not disk.is_from_earlier_boot(file)
    os.utime(file, (1.0, 1.0))
    assert disk.is_from_earlier_boot(file)
    assert disk.is_from_earlier_boot(tmp_path / "missing")


def test_a_part_from_before_the_start_is_not_resumed(
    lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut may have left zeros in it, which no length shows."""
    url, left = lamp.put(etag='"a"'), download_folder.PartFile(lamp.target)
    left.begin(download_folder.PartSource(url, '"a"', len(CONTENT)))
    left.path.write_bytes(bytes(1000))
    monkeypatch.setattr(disk, "booted_at", lambda: time.time() + 1.0)
    assert lamp.load(url) == CONTENT


@pytest.mark.skipif(os.name == "nt", reason="does not apply: Windows cannot sync folders")
def test_a_drive_without_sync_of_folders_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network drives answer that they cannot; any other error is raised."""
    errors = [errno.EINVAL, errno.EIO]

    def fail(handle: int) -> None:
        raise OSError(errors.pop(0), "no")

    monkeypatch.setattr(os, "fsync", fail)
    disk.sync_folder(tmp_path)
    with pytest.raises(OSError):
        disk.sync_folder(tmp_path)


def test_a_lock_ends_with_the_file(tmp_path: Path) -> None:
    """A second handle gets it only when the first one is closed, also of a file that grows."""
    path = tmp_path / "lock"
    path.write_bytes(b"abc")
    with file_lock.file_lock(path):
        with path.open("ab") as more:
            more.write(b"def")
        with pytest.raises(file_lock.FileInUse), file_lock.file_lock(path):
            pass
    with file_lock.file_lock(path):
        assert path.stat().st_size == 6


def test_windows_refuses_nobody_where_a_drive_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates a network drive that answers "invalid function", as on the other systems."""
    windows, locks = windows_doubles.file_lock_of_windows(monkeypatch)
    locks.is_supported = False
    with windows.file_lock(tmp_path / "lock"), windows.file_lock(tmp_path / "lock"):
        pass


ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"first")
    return path


def in_another_process(path: Path, *, before: str = "") -> str:
    """Return what another Python says about a file, after running `before`."""
    code = (
        "from pathlib import Path\nfrom mint_blender.files import file_identity\n"
        f"{before}\nprint(file_identity.identity(Path({str(path)!r})))"
    )
    run = [sys.executable, "-c", code]
    return subprocess.run(run, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def test_a_file_stays_the_same_when_it_is_written(file: Path) -> None:
    """Also when it grows, is emptied, is renamed, or gets other times and permissions."""
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("CREATE TABLE things (name TEXT)")
        before = identity(file)
        database.execute("INSERT INTO things VALUES (?)", ["x" * 9000])
        database.execute("VACUUM")
    assert identity(file) == before
    file.write_bytes(b"second, longer")
    assert identity(file) == before
    file.write_bytes(b"")
    os.utime(file, (1.0, 1.0))
    file.chmod(0o600)
    assert identity(file) == before
    assert identity(file.rename(file.with_name("other"))) == before


def test_every_process_says_the_same(file: Path) -> None:
    """A job continues by itself after a kill: the next process has to know the file."""
    assert in_another_process(file) == identity(file)


def _over_the_name(file: Path) -> Path:
    """Put a backup over the original, whose file number may be used again."""
    return Path(shutil.copy2(file, file.with_name("backup"))).replace(file)


COPIES: dict[str, Callable[[Path], Path]] = {
    "content": lambda file: Path(shutil.copyfile(file, file.with_name("copy"))),
    "with times": lambda file: Path(shutil.copy2(file, file.with_name("copy"))),
    "backup": _over_the_name,
    "home": lambda file: Path(shutil.copytree(file.parent, file.parent / "clone"), file.name),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_another_file(file: Path, copy: Callable[[Path], Path]) -> None:
    """Whatever it takes over from the original."""
    before = identity(file)
    assert identity(copy(file)) != before


@needs_windows_itself("file number")
def test_a_new_file_of_the_same_number_is_another_file(file: Path) -> None:
    """File systems give the number of a removed file to the next one."""
    seen = {identity(file)}
    for _ in range(20):
        file.unlink()
        time.sleep(0.01)  # the clock of a file system has coarse ticks
        file.write_bytes(b"first")
        assert identity(file) not in seen
        seen.add(identity(file))


@pytest.mark.skipif(sys.platform == "win32", reason="does not apply: not needed on Windows")
def test_without_a_time_of_creation_every_process_takes_it_for_a_copy(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file number alone may belong to a new file: Mint's lists are read once more then."""
    unknown = "file_identity._created = lambda path, found: 0"
    monkeypatch.setattr(file_identity, "_created", lambda path, found: 0)
    here = identity(file)
    assert identity(file) == here, "the same process may continue"
    others = {in_another_process(file, before=unknown) for _ in range(2)}
    assert len(others) == 2 and here not in others


def test_macos_says_when_a_file_was_created(file: Path) -> None:
    """Python returns it there as a number of seconds."""
    found = SimpleNamespace(st_birthtime=12.5)
    assert file_identity._created(file, found) == 12_500_000_000  # type: ignore[arg-type]


def test_on_windows_the_number_of_a_file_is_enough(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time of creation says nothing there: a new file gets that of an old one of its name."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(file_identity, "_created", lambda path, found: time.monotonic_ns())
    before = identity(file)
    assert identity(file) == before
    assert identity(_over_the_name(file)) != before


@pytest.mark.skipif(sys.platform != "linux", reason="does not apply: not Linux")
def test_an_old_linux_does_not_say_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no such call, or none for this file system."""
    assert file_identity._created_on_linux(file) > 0
    assert file_identity._created_on_linux(file.with_name("missing")) == 0

    def no_library(name: object) -> object:
        raise OSError("there is no C library")

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert file_identity._created_on_linux(file) == 0
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert file_identity._created_on_linux(file) == 0


def test_a_missing_file_has_no_identity(tmp_path: Path) -> None:
    """The caller knows that it has just opened it."""
    with pytest.raises(FileNotFoundError):
        identity(tmp_path / "missing")


def fill(path: Path, size: int, age: float = 0) -> Path:
    """Write a file of so many bytes, making its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return path


@pytest.mark.covers("S-names")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a small ceramic lamp", "a small ceramic lamp"),
        ("Lampe für Öl.glb", "Lampe für Öl.glb"),
        ("ランプ", "ランプ"),
        ("👩\u200d🚀.webp", "👩\u200d🚀.webp"),
        ("../../etc/passwd", "etc passwd"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        (".hidden", "hidden"),
        ("a/b\\c:d", "a b c d"),
        ("CON", "_CON"),
        ("nul.glb", "_nul.glb"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT¹", "_LPT¹"),
        ("console", "console"),
        ("name. ", "name"),
        ("a\0b\nc\x1b[31m", "a b c [31m"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 300 + ".glb", "x" * 76 + ".glb"),
        ("\ud800", "file"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_any_text_becomes_a_safe_name(text: str, expected: str) -> None:
    """Separators, reserved names and control marks are removed; letters of all scripts stay."""
    assert safe_name(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://cdn.example/glb/lamp-1a2b.glb?sig=x#y", "lamp-1a2b.glb"),
        ("https://cdn.example/a%2F..%2F..%2Fb.glb", "b.glb"),
        ("https://cdn.example/..%5C..%5Cwin.ini", "win.ini"),
        ("https://cdn.example/", "file"),
        ("https://[broken", "file"),
        ("https://x/caf%C3%A9.webp", "café.webp"),
    ],
)
def test_a_url_gives_only_a_name(url: str, expected: str) -> None:
    """No address leads out of the folder."""
    assert name_from_url(url) == expected


def test_a_job_has_a_folder(tmp_path: Path) -> None:
    """The folder is made when it is first needed."""
    kept = DownloadFolder(tmp_path).job_folder("job-1_A")
    assert kept == tmp_path / "downloads" / "job-1_A" and kept.is_dir()
    assert DownloadFolder(tmp_path).job_folder("job-1_A") == kept


@pytest.mark.covers("S-names")
@pytest.mark.parametrize("job_id", ["", "..", "a/b", "a\\b", "a.b", "x" * 200, "nul", "ä", "a\n"])
def test_an_unsafe_job_id_is_refused(tmp_path: Path, job_id: str) -> None:
    """An id from outside cannot choose a path on the disk."""
    with pytest.raises(ValueError, match="job id"):
        DownloadFolder(tmp_path).job_folder(job_id)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the way is reported in a sentence."""
    (tmp_path / "downloads").write_text("in the way")
    with pytest.raises(DiskError, match="downloads"):
        DownloadFolder(tmp_path).job_folder("job")


def test_clearing_keeps_the_named_jobs(tmp_path: Path) -> None:
    """Downloads of other jobs and all thumbnails are removed; other people's files stay."""
    home = DownloadFolder(tmp_path)
    fill(home.job_folder("old") / "a.glb", 1000)
    kept = fill(home.job_folder("running") / "deep" / "b.glb.part", 500)
    fill(home.thumbnails / "x.webp", 300)
    journal = fill(tmp_path / "journal.sqlite", 50)
    assert home.size() == 1800
    assert home.clear(keep={"running"}) == 1300
    assert kept.exists()
    assert journal.exists()
    assert home.size() == 500
    assert not (home.downloads / "old").exists()


def test_an_empty_home_is_not_an_error(tmp_path: Path) -> None:
    """There is nothing to count and nothing to clear."""
    home = DownloadFolder(tmp_path / "never made")
    assert (home.size(), home.clear(), prune(home.thumbnails, 0)) == (0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="does not apply: links need a privilege")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the downloads is removed; its target is neither counted nor removed."""
    precious = fill(tmp_path / "elsewhere" / "precious.blend", 700)
    home = DownloadFolder(tmp_path / "home")
    home.downloads.mkdir(parents=True)
    (home.downloads / "linked").symlink_to(precious.parent)
    (home.job_folder("job") / "file").symlink_to(precious)
    assert home.size() == 0
    home.clear()
    assert precious.exists() and list(home.downloads.iterdir()) == []


def test_pruning_removes_the_oldest_first(tmp_path: Path) -> None:
    """The longest unused are removed until the rest fits, except those that are to be kept."""
    oldest, old, new, newest = (
        fill(tmp_path / f"{name}.webp", 100, age)
        for name, age in (("d", 40), ("c", 30), ("b", 20), ("a", 10))
    )
    assert prune(tmp_path, 400) == 0
    assert prune(tmp_path, 250, keep={oldest}) == 200
    assert [path.exists() for path in (oldest, old, new, newest)] == [True, False, False, True]
    assert prune(tmp_path, 0) == 200

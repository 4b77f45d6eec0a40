# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is told from its copies: what belongs to it does not belong to a restored backup."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from mint_blender.files import file_identity
from mint_blender.files.file_identity import identity

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file."""
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
    before = identity(file)
    file.write_bytes(b"second, longer")
    assert identity(file) == before
    file.write_bytes(b"")
    os.utime(file, (1.0, 1.0))
    file.chmod(0o600)
    assert identity(file) == before
    assert identity(file.rename(file.with_name("other"))) == before


def test_a_database_stays_the_same_file(tmp_path: Path) -> None:
    """SQLite writes into it, also when it is packed."""
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE things (name TEXT)")
        before = identity(path)
        database.executemany("INSERT INTO things VALUES (?)", [("x" * 900,)] * 200)
        database.execute("DELETE FROM things")
        database.execute("VACUUM")
    assert identity(path) == before


def test_every_process_says_the_same(file: Path) -> None:
    """A job continues by itself after a kill: the next process has to know the file."""
    assert in_another_process(file) == identity(file)


@pytest.mark.parametrize("copy", [shutil.copyfile, shutil.copy2], ids=["content", "with times"])
def test_a_copy_is_another_file(file: Path, copy: object) -> None:
    """Whatever it takes over from the original."""
    other = file.with_name("copy")
    assert callable(copy)
    copy(file, other)
    assert identity(other) != identity(file)


def test_a_backup_over_the_name_is_another_file(file: Path) -> None:
    """The original is gone, and its file number may be used again."""
    before = identity(file)
    backup = file.with_name("backup")
    shutil.copy2(file, backup)
    backup.replace(file)
    assert identity(file) != before


def test_a_new_file_of_the_same_number_is_another_file(file: Path) -> None:
    """File systems give the number of a removed file to the next one."""
    seen = {identity(file)}
    for _ in range(20):
        file.unlink()
        time.sleep(0.01)  # the clock of a file system has coarse ticks
        file.write_bytes(b"first")
        assert identity(file) not in seen
        seen.add(identity(file))


def test_a_cloned_home_has_another_file(file: Path, tmp_path: Path) -> None:
    """A folder that is copied as a whole, as to another computer."""
    clone = shutil.copytree(file.parent, tmp_path.with_name(f"{tmp_path.name}-clone"))
    assert identity(clone / file.name) != identity(file)


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


def test_other_systems_say_when_a_file_was_created(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python returns it on macOS as a number of seconds, on Windows in nanoseconds."""
    found = SimpleNamespace(st_birthtime=12.5, st_ctime_ns=7)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert file_identity._created(file, found) == 12_500_000_000  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "platform", "win32")
    assert file_identity._created(file, found) == 7  # type: ignore[arg-type]
    found.st_birthtime_ns = 8
    assert file_identity._created(file, found) == 8  # type: ignore[arg-type]


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are replaced, renamed and deleted, also while another process has them open."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from mint_blender.files import disk

from .windows_doubles import OpenElsewhere


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


@pytest.mark.parametrize("name", ["new", "old"])
def test_a_file_that_is_scanned_for_a_moment_is_replaced(
    name: str, tmp_path: Path, elsewhere: OpenElsewhere, waits: list[float]
) -> None:
    """A virus scanner has opened the new file, or a backup the old one."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    elsewhere.refuse(name, times=3)
    disk.replace(new, old)
    assert old.read_text() == "new" and not new.exists()
    assert waits == list(disk.INTERVALS[:3])


def test_a_file_that_stays_open_is_an_error(
    tmp_path: Path, elsewhere: OpenElsewhere, waits: list[float]
) -> None:
    """After less than a second, and both files are as they were."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
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

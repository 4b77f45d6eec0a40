# SPDX-License-Identifier: GPL-3.0-or-later
"""The log file: limited in size, also when several processes write it, and never in the way."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.diagnostics import log_file
from mint_blender.jobs.diagnostics.log_file import LogFile

ROOT = Path(__file__).parents[2]
LINE = "x" * 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a log file in a folder that does not exist yet."""
    return tmp_path / "home" / log_file.NAME


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit log files to 2,000 bytes."""
    monkeypatch.setattr(log_file, "MAX_BYTES", 2000)


@pytest.fixture
def written(path: Path) -> Iterator[LogFile]:
    """Return a handler that writes the file."""
    handler = LogFile(path)
    yield handler
    handler.close()


def write(handler: logging.Handler, text: str, level: int = logging.WARNING) -> None:
    """Write one entry."""
    record = logging.LogRecord("mint_blender.test", level, "", 0, text, None, None)
    if level >= handler.level:
        handler.handle(record)


@pytest.mark.usefixtures("small")
def test_the_size_is_limited(path: Path) -> None:
    """After many entries there are two files, neither above the limit, with the latest entries."""
    handler = LogFile(path)
    for number in range(200):
        write(handler, f"{number} {LINE}")
    handler.close()
    assert {each.name for each in path.parent.iterdir()} == {"mint.log", "mint.log.1"}
    assert all(each.stat().st_size <= 2000 for each in path.parent.iterdir())
    assert "199 x" in path.read_text() and f"{199 - 14} x" in (
        path.with_name("mint.log.1").read_text() + path.read_text()
    )


@pytest.mark.usefixtures("small")
def test_two_handlers_share_the_file(path: Path) -> None:
    """A process notices that another one has begun a new file, and writes into that."""
    one, other = LogFile(path), LogFile(path)
    for number in range(200):
        write(one if number % 2 else other, f"{number} {LINE}")
    one.close()
    other.close()
    both = path.with_name("mint.log.1").read_text() + path.read_text()
    numbers = [int(line.split()[-2]) for line in both.splitlines()]
    assert numbers == list(range(numbers[0], 200)) and len(numbers) > 10
    assert all(each.stat().st_size <= 2000 for each in path.parent.iterdir())


@pytest.mark.usefixtures("small")
def test_a_file_that_cannot_be_renamed_is_copied(
    path: Path, written: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, a file that another process has open cannot be renamed; the limit still holds."""

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "used by another process")

    monkeypatch.setattr(Path, "replace", refuse)
    for number in range(40):
        write(written, f"{number} {LINE}")
    assert path.stat().st_size <= 2000
    assert "39 x" in path.read_text()
    assert path.with_name("mint.log.1").read_text().count("\n") > 5


def test_a_log_that_cannot_be_written_disturbs_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python would print a traceback for each entry."""
    (tmp_path / "file").write_text("in the way")
    handler = LogFile(tmp_path / "file" / log_file.NAME)
    write(handler, "lost")
    handler.close()
    assert capfd.readouterr() == ("", "")


def test_the_first_entry_creates_the_file(path: Path, written: LogFile) -> None:
    """Until then there is not even a folder, and only entries of its level are written."""
    assert not path.parent.exists()
    write(written, "a detail", logging.INFO)
    assert not path.parent.exists()
    write(written, "caf\xe9 \udcff")
    assert path.read_text(encoding="utf-8").endswith("mint_blender.test: caf\xe9 \\udcff\n")


def test_the_tail_is_the_end_of_the_file(path: Path, written: LogFile) -> None:
    """It reads no more than it needs, and no file is an empty tail."""
    assert log_file.tail(path, 3) == []
    for number in range(2000):
        write(written, f"entry {number}")
    assert [line.split()[-1] for line in log_file.tail(path, 3)] == ["1997", "1998", "1999"]


def test_processes_share_the_limit(path: Path) -> None:
    """Four processes write at once: no traceback, and two files within the limit."""
    code = """
import logging, pathlib, sys
from mint_blender.jobs.diagnostics import log_file
log_file.MAX_BYTES = 20000
handler = log_file.LogFile(pathlib.Path(sys.argv[1]))
for number in range(500):
    handler.handle(logging.LogRecord("mint_blender.test", 30, "", 0, "x" * 100, None, None))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, path], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [each.communicate()[1] for each in running] == [b""] * 4
    sizes = {each.name: each.stat().st_size for each in path.parent.iterdir()}
    assert set(sizes) == {"mint.log", "mint.log.1"}
    # an entry of each of the others may come between the look at the size and the entry
    assert max(sizes.values()) <= 20000 + 4 * 200, sizes

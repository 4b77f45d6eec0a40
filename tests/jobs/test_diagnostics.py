# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for support, the log file, and reading the journal without changing it."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs import database
from mint_blender.jobs.diagnostics import checks, log_file, report
from mint_blender.jobs.diagnostics.log_file import LogFile
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage import import_marks
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.message import Message
from mint_blender.mint.account import Account

from .workflow_harness import a_job

pytestmark = pytest.mark.windows

KEY = "mint_secret_0123456789"
PROMPT = "a lamp for my secret project"
REFUSED = Problem(Cause.REFUSED, Message("Mint said no."), code="odd", request_id="req-42")


def fill(home: Path) -> Journal:
    """Return an open journal with an open job, a failed one and one that crashed Blender."""
    journal = Journal(home)
    crash = Message("{crashed} Blender's crash log: {crash_log}", crashed="Crashed.", crash_log="/t/x.crash.txt")  # fmt: skip
    crashed = Problem(Cause.IMPORT, crash, code=import_marks.CRASHED_CODE)
    phases = (Phase.WORKING, Phase.FAILED, Phase.READY, Phase.PLACED)
    for number, phase in enumerate(phases):
        new = replace(a_job(PROMPT), id=f"job-{number}", created_at=1000.0)
        journal.add(new)
        problem = {Phase.FAILED: REFUSED, Phase.READY: crashed}.get(phase)
        journal.save(replace(new, phase=phase, problem=problem))
    return journal


def diagnostics(home: Path, **settings: str) -> str:
    """Return the report for this folder."""
    account = Account(KEY, "https://api.mint.test/v1")
    return report.diagnostics(home, account, versions=["Blender 9.9"], settings=settings)


def snapshot(home: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and the permissions of all files in a folder."""
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mode)
        for path in home.rglob("*")
        if path.is_file()
    }


@pytest.mark.covers("R-report")
def test_the_report_has_what_support_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions, settings, counts, open jobs, problems with request ids, the end of the log."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:proxy-password@proxy.test:3128")
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    home = tmp_path / "home"
    fill(home).close()
    log = LogFile(home / "mint.log")
    log.handle(logging.LogRecord("mint_blender", 30, "", 0, f"odd: {KEY}", None, None))
    log.close()
    text = diagnostics(home, log_level="INFO")
    for part in (
        "Blender 9.9",
        "address: https://api.mint.test; key: from the preferences",
        f"folder: {Path('~', 'home')}",
        "The folder is on a local disk.",
        "Intact: 4 jobs, 2 of them open.",
        "proxy: http://proxy.test:3128",
        "CA bundle: /etc/company.pem",
        "log_level: INFO",
        "failed: 1, placed: 1, ready: 1, working: 1",
        "job: job-0",
        "problem: refused, code odd, request id req-42",
        "Mint said no.",
        "Blender's crash log: /t/x.crash.txt",
        "WARNING mint_blender: odd: (key)",
    ):
        assert part in text, f"{part!r} is missing:\n{text}"
    assert text.count("job: job-2") == 1
    for secret in (KEY, PROMPT, "proxy-password", str(tmp_path)):
        assert secret not in text


def test_a_damaged_journal_is_a_line_of_the_report(tmp_path: Path) -> None:
    """Exactly then somebody needs the report."""
    (tmp_path / "journal.sqlite3").write_bytes(b"no database" * 100)
    text = diagnostics(tmp_path)
    assert "journal.sqlite3 cannot be read" in text and "Blender 9.9" in text
    assert "There is none yet" in diagnostics(tmp_path / "elsewhere")


def test_the_journal_is_only_read(tmp_path: Path) -> None:
    """No file is created or changed, neither while it is in use nor afterwards."""
    journal = fill(tmp_path)
    in_use = snapshot(tmp_path)
    assert "journal.sqlite3-wal" in in_use
    content = checks.read_journal(tmp_path)
    assert [job.id for job in content.open_jobs] == ["job-0", "job-2"]
    assert [job.id for job in content.problems] == ["job-1", "job-2"]
    assert (content.phases.total(), content.unreadable) == (4, 0)
    now = snapshot(tmp_path)
    shared = "journal.sqlite3-shm"  # SQLite's memory for locks of readers
    assert {**now, shared: b""} == {**in_use, shared: b""}
    journal.close()
    for child in tmp_path.iterdir():  # a folder that is read-only, but for root
        child.chmod(0o400)
    closed = snapshot(tmp_path)
    assert checks.read_journal(tmp_path) == content
    assert snapshot(tmp_path) == closed
    assert checks.read_journal(tmp_path / "none") is None


def test_damage_is_found(tmp_path: Path) -> None:
    """A page in the middle is overwritten; the head of the file is intact."""
    fill(tmp_path).close()
    path = tmp_path / "journal.sqlite3"
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 600] = os.urandom(600)
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged.*Do not delete it"):
        checks.read_journal(tmp_path)


def test_a_damaged_record_concerns_its_job_alone(tmp_path: Path) -> None:
    """It is counted, and the others are read."""
    fill(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET record = '{' WHERE id = 'job-0'")
    content = checks.read_journal(tmp_path)
    assert content.unreadable == 1
    assert [job.id for job in content.open_jobs] == ["job-2"]


def texts(folder: Path) -> list[tuple[str, str]]:
    """Return state and text of what is found about a folder."""
    return [(str(each.state), each.text) for each in checks.folder(folder)]


def test_a_usable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not exist yet is judged by the folder above, and is not created."""
    (state, text), on_disk = texts(tmp_path / "a" / "b")
    assert state == "ok" and "GB free" in text and on_disk[0] == "ok"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(database, "is_local", lambda folder: False)
    monkeypatch.setattr(checks, "LITTLE_SPACE", 2**62)
    assert [state for state, _ in texts(tmp_path)] == ["note", "note"]


def test_an_unusable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place, and a folder in which this user may not write."""
    (tmp_path / "file").write_text("in the way")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        ((state, text),) = texts(place)
        assert state == "problem"
        assert f"{place} cannot be used: {tmp_path / 'file'} is not a folder." in text
    monkeypatch.setattr(os, "access", lambda place, mode: False)  # root may write anywhere
    ((state, text),) = texts(tmp_path)
    assert (state, f"{tmp_path} is read-only for you" in text) == ("problem", True)


# -- the log file: limited in size, also when several processes write it, and never in the way


LINE = "x" * 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a log file in a folder that does not exist yet."""
    return tmp_path / "home" / log_file.NAME


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


def test_two_handlers_share_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process notices that another one has begun a new file, and writes into that."""
    monkeypatch.setattr(log_file, "MAX_BYTES", 2000)
    one, other = LogFile(path), LogFile(path)
    for number in range(200):
        write(one if number % 2 else other, f"{number} {LINE}")
    one.close()
    other.close()
    both = path.with_name("mint.log.1").read_text() + path.read_text()
    numbers = [int(line.split()[-2]) for line in both.splitlines()]
    assert numbers == list(range(numbers[0], 200)) and len(numbers) > 10
    assert all(each.stat().st_size <= 2000 for each in path.parent.iterdir())


def test_a_log_that_cannot_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
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

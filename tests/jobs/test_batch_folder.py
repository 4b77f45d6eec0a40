# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines share about a batch: a lease, claims on lines, and who has started them."""

from __future__ import annotations

import errno
import inspect
import json
import linecache
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from mint_blender.files.errors import DiskError
from mint_blender.files.file_lock import FileInUse
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_folder.line_files import LineFile
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, of_job, of_line
from mint_blender.jobs.storage import batch_lease
from mint_blender.jobs.storage.batch_lease import EXPIRES_AFTER, Claims, Lease

from .workflow_harness import a_job


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Act as another machine."""
    return lambda host: monkeypatch.setattr(platform, "node", lambda: host)


def abandon(path: Path) -> None:
    """Make the lease older than its lifetime."""
    at = path.stat().st_mtime - EXPIRES_AFTER - 1
    os.utime(path, (at, at))


def test_another_machine_is_refused(tmp_path: Path, on: Callable[[str], None]) -> None:
    """The error names the holder; the folder is free after it is released."""
    path = tmp_path / "lease"
    on("workshop")
    with batch_lease.held(path):
        on("farm")
        with pytest.raises(FileInUse, match="workshop"):
            Lease(path).acquire()
        on("workshop")
    assert not path.exists()
    on("farm")
    with batch_lease.held(path) as holding:
        assert not holding.is_lost
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_lease_is_taken_over(tmp_path: Path, on: Callable[[str], None]) -> None:
    """A lease that was not renewed for a minute can be taken over.

    When the first machine wakes up, it learns that it lost the folder.
    """
    path = tmp_path / "lease"
    on("laptop")
    asleep = Lease(path)
    asleep.acquire()
    abandon(path)
    on("farm")
    Lease(path).acquire(sleep=lambda seconds: None)
    asleep.renew()
    assert asleep.is_lost
    asleep.release()
    assert path.exists()


def test_a_machine_that_wakes_up_looks_before_it_starts_anything(
    tmp_path: Path, on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next renewal is seconds away, and another machine may have started the lines by then."""
    path = tmp_path / "lease"
    on("laptop")
    asleep = Lease(path)
    asleep.acquire()
    assert asleep.is_held()
    abandon(path)
    on("farm")
    Lease(path).acquire(sleep=lambda seconds: None)
    on("laptop")
    assert asleep.is_held(), "the file is not read for every question"
    later = time.time() + EXPIRES_AFTER
    monkeypatch.setattr(time, "time", lambda: later)
    assert not asleep.is_held()


def test_only_one_of_two_machines_takes_over_a_lease(
    tmp_path: Path, on: Callable[[str], None]
) -> None:
    """The machine that later reads another name in the lease gives way."""
    path = tmp_path / "lease"
    on("laptop")
    Lease(path).acquire()
    abandon(path)
    on("farm")

    def meanwhile(seconds: float) -> None:
        path.unlink()
        assert Lease(path).create()

    with pytest.raises(FileInUse):
        Lease(path).acquire(sleep=meanwhile)


def test_renewing_keeps_the_lease(tmp_path: Path, on: Callable[[str], None]) -> None:
    """A renewed lease is kept for any time."""
    path = tmp_path / "lease"
    on("workshop")
    holding = Lease(path)
    holding.acquire()
    abandon(path)
    holding.renew()
    on("farm")
    with pytest.raises(FileInUse):
        Lease(path).acquire()


def test_a_lease_that_cannot_be_read_for_a_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive may fail a single read; the next renewal finds the lease again."""
    holding = Lease(tmp_path / "lease")
    holding.acquire()

    def fail(path: Path) -> bytes:
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    with monkeypatch.context() as moment:
        moment.setattr(Path, "read_bytes", fail)
        holding.renew()
    holding.renew()
    assert not holding.is_lost
    holding.release()
    assert not (tmp_path / "lease").exists()


def test_the_lease_of_a_dead_local_process_is_taken_over(tmp_path: Path) -> None:
    """A living process keeps its lease, even where the file system has no locks."""
    path = tmp_path / "lease"
    take = "import sys; from pathlib import Path; from mint_blender.jobs.storage.batch_lease import Lease; Lease(Path(sys.argv[1])).acquire(); print(); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", take, str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    other.stdout.readline()
    with pytest.raises(FileInUse):
        Lease(path).acquire()
    other.kill()
    other.communicate()
    Lease(path).acquire()


def test_an_unreadable_lease_belongs_to_another_machine(tmp_path: Path) -> None:
    """An incomplete or newer lease is respected, and free after a minute."""
    path = tmp_path / "lease"
    path.write_text("{")
    with pytest.raises(FileInUse, match=r"^\?$"):
        Lease(path).acquire()
    abandon(path)
    Lease(path).acquire(sleep=lambda seconds: None)


def test_a_damaged_lease_belongs_to_nobody_alive(tmp_path: Path) -> None:
    """A process number that no system has is that of a dead process."""
    path = tmp_path / "lease"
    path.write_text(f'{{"host": "{platform.node()}", "pid": {10**30}, "id": "x"}}')
    Lease(path).acquire(sleep=lambda seconds: None)


# -- claims on the lines of a batch are given back when Ctrl+C comes at any of their lines of code


Trace = Callable[[FrameType, str, Any], Any]
DEAD = json.dumps({"host": platform.node(), "pid": 99_999_999, "id": "dead"})
INTERRUPTED = (Claims.take, Claims.release, Claims._acquire, Lease._write_to)


class Interruption:
    """Raises `KeyboardInterrupt` before the n-th line of these functions, as Ctrl+C does."""

    def __init__(self, place: int) -> None:
        self.left = place
        self._codes: set[CodeType] = {inspect.unwrap(each).__code__ for each in INTERRUPTED}

    def __call__(self, frame: FrameType, event: str, _value: Any) -> Trace | None:
        """Trace these functions only."""
        if frame.f_code not in self._codes:
            return None
        # Python looks for signals at calls and jumps, so never at a `try` alone
        code = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and code != "try:":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self


def interrupted(place: int, folder: Path) -> bool:
    """Claim two lines and release one, with Ctrl+C at a line of code; return whether it came."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batch_lease, "LOCK_TRIES", 1)
        with batch_lease.open_claims(folder) as ours:
            before = sys.gettrace()
            sys.settrace(Interruption(place))
            try:
                ours.take("first")
                ours.take("second")
                ours.release("first")
            except KeyboardInterrupt:
                return True
            finally:
                sys.settrace(before)
    return False


@pytest.mark.parametrize("abandoned", [False, True], ids=["new", "left by a dead process"])
def test_an_interruption_leaves_no_claim(tmp_path: Path, abandoned: bool) -> None:
    """Whatever was claimed at that moment is free for others."""
    place = 1
    while True:
        folder = tmp_path / str(place)
        found = folder / ".mint-batch" / "claims"
        if abandoned:
            leave_claim(found / "second")
        if not interrupted(place, folder):
            break
        left = {each.name for each in found.iterdir()} - {".lock"}
        allowed = {"second"} if abandoned and is_left(found / "second") else set()
        assert left == allowed, f"interrupted at line {place}"
        place += 1
    assert place > 12, "the functions have more lines than that"


def leave_claim(path: Path) -> None:
    """Write the claim of a process of this machine that no longer runs."""
    path.parent.mkdir(parents=True)
    path.write_text(DEAD)


def is_left(path: Path) -> bool:
    """Return whether the dead process's claim is still there."""
    return path.is_file() and path.read_text() == DEAD


# -- the files that say which lines of a batch were started, and by whom


TAG = "aa.bb-1"


def request(number: int = 1, *, journal: str = "ours", subject: str | None = None) -> PaidRequest:
    """Return a start of the line by this journal."""
    subject = subject or of_line("batch", TAG)
    return replace(
        new_request(subject, PaidVerb.START, "job", now=1.0, number=number), journal=journal
    )


def line(folder: Path) -> LineFile:
    """Return the files of the line in a folder."""
    return LineFile(line_files.line_id(folder, TAG))


def take(folder: Path, wanted: PaidRequest) -> bool:
    """Take the line for a start."""
    return line(folder).take(wanted, credential="hash", now=5.0)


def test_the_first_one_has_the_line(tmp_path: Path) -> None:
    """The same journal takes it again after a kill; another one does not, whatever it is called."""
    assert take(tmp_path, request())
    assert take(tmp_path, request())
    assert not take(tmp_path, request(journal="theirs"))
    assert not take(tmp_path, request(journal=""))
    assert line_files.started(tmp_path)[TAG].home == "ours"


def test_each_start_has_a_file(tmp_path: Path) -> None:
    """A line that a person starts again is another order; the latest one counts."""
    assert take(tmp_path, request(1))
    assert take(tmp_path, request(2, journal="theirs"))
    assert not take(tmp_path, request(2))
    for number, operation in ((1, "op_1"), (2, "op_2")):
        line(tmp_path).note_operation(request(number), operation)
    found = line_files.started(tmp_path)[TAG]
    assert (found.number, found.home, found.operation) == (2, "theirs", "op_2")


def test_what_was_killed_while_it_wrote_is_nobodys(tmp_path: Path) -> None:
    """An empty file, or a damaged one, says that somebody may have sent the line."""
    place = tmp_path / ".mint-batch" / "requests"
    place.mkdir(parents=True)
    for number, content in enumerate((b"", b"{", b"[]", b'{"home": null}', b"\xff"), start=1):
        (place / f"{TAG}.start.{number}").write_bytes(content)
        assert not take(tmp_path, request(number))
    assert line_files.started(tmp_path)[TAG].operation is None


def test_other_jobs_have_no_files(tmp_path: Path) -> None:
    """Neither a job without a folder, nor what is not the start of a line."""
    assert LineFile(None).take(request(), credential="", now=1.0)
    assert take(tmp_path, request(subject=of_job("job")))
    line(tmp_path).note_operation(request(subject=of_job("job")), "op")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent then: another machine could not know it."""
    (tmp_path / ".mint-batch").write_text("a file")
    with pytest.raises(DiskError, match="Nothing was sent"):
        take(tmp_path, request())


def test_only_names_of_ours_are_read(tmp_path: Path) -> None:
    """Other files in the folder are no starts, whatever they are called."""
    assert take(tmp_path, request())
    place = tmp_path / ".mint-batch" / "requests"
    for name in ("x.start.0", "x.start.01", "x.start.1.part", "X Y.start.1", "x.start.1234567"):
        (place / name).write_text("{}")
    assert set(line_files.started(tmp_path)) == {TAG}
    assert line_files.started(tmp_path / "nothing") == {}


def test_a_job_is_stored_without_what_could_be_sent(tmp_path: Path) -> None:
    """The file of a line has no paid request, limit or decision, and reading it makes none."""
    delivery = replace(
        a_job().delivery, line=line_files.line_id(tmp_path, TAG), output=str(tmp_path / "a.glb")
    )
    job = replace(a_job(), delivery=delivery, max_credits=5.0, requests=(request(),))
    line_files.write_job(job)
    (path,) = (tmp_path / ".mint-batch" / "lines").iterdir()
    content = json.loads(path.read_bytes())
    assert str(tmp_path) not in path.read_text()
    assert not {"requests", "decision", "key", "body"} & {*content, *content["record"]}
    read = line_files.read_job(tmp_path, TAG)
    assert (read.requests, read.decision, read.max_credits) == ((), None, None)
    assert read.delivery == delivery

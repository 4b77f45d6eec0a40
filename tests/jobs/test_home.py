# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the add-on: where it is, who may read it, and which process uses which file."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from mint_blender.cli import commands
from mint_blender.files import disk, file_lock
from mint_blender.files.download import Downloader
from mint_blender.jobs.database import is_local_by_mount, is_local_by_mountinfo
from mint_blender.jobs.job_values import Cause, Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import import_marks
from mint_blender.jobs.storage.documents import Documents, OpenDocument, open_elsewhere
from mint_blender.jobs.storage.home import home_folder
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.jobs.transfers import fetch_file
from mint_blender.message import Message
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..files.windows_doubles import file_lock_of_windows, sharing_violation
from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .fast_config import SPEED, account, fast_config
from .open_file import open_file
from .other_process import OtherProcess
from .workflow_harness import a_job

pytestmark = pytest.mark.windows

USER = Path.home()
DATA = Path(USER.anchor, "data")
MINE = Path(USER.anchor, "mine")


@pytest.mark.covers("R-one-home")
@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"XDG_DATA_HOME": str(DATA)}, DATA / "mint-blender"),
        ("linux", {}, USER / ".local" / "share" / "mint-blender"),
        ("linux", {"XDG_DATA_HOME": "here"}, USER / ".local" / "share" / "mint-blender"),
        ("darwin", {"XDG_DATA_HOME": str(DATA)}, USER / "Library/Application Support/mint-blender"),
        ("win32", {"LOCALAPPDATA": str(DATA)}, DATA / "mint-blender"),
        ("win32", {}, USER / "AppData" / "Local" / "mint-blender"),
        ("linux", {"MINT_BLENDER_HOME": str(MINE), "XDG_DATA_HOME": str(DATA)}, MINE),
    ],
)
def test_one_folder_per_user(platform: str, environ: dict[str, str], folder: Path) -> None:
    """The platform's data folder is used, unless the user set another one."""
    assert home_folder(environ, platform=platform) == folder


# -- which folders are on this machine, by the mounts that Linux and macOS list


LINUX = r"""22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
23 22 0:5 / /dev rw,nosuid - devtmpfs udev rw
40 22 0:40 / /home rw,relatime shared:20 - nfs4 server:/export/home rw,vers=4.2
41 40 259:3 / /home/me/My\040Disk rw - xfs /dev/sdb1 rw
42 22 0:41 / /mnt/share rw - cifs //nas/share rw
43 22 0:42 / /mnt/ssh rw - fuse.sshfs me@host: rw
44 22 0:43 / /mnt/odd rw - neverheardof thing rw
45 22 259:4 / /mnt/twice rw - ext4 /dev/sdc1 rw
46 45 0:44 / /mnt/twice rw - nfs server:/x rw
nonsense
"""
MAC = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@nas._smb._tcp.local/share on /Volumes/share (1) (smbfs, nodev, nosuid, mounted by me)
server:/export on /Users (nfs, nodev)
"""


@pytest.mark.parametrize(
    ("is_local_by", "mounts", "path", "expected"),
    [
        (is_local_by_mountinfo, LINUX, "/var/lib/mint", True),
        (is_local_by_mountinfo, LINUX, "/home/me/.local/share/mint-blender", False),
        (is_local_by_mountinfo, LINUX, "/homework", True),
        (is_local_by_mountinfo, LINUX, "/home/me/My Disk/mint", True),
        (is_local_by_mountinfo, LINUX, "/mnt/share/mint", False),
        (is_local_by_mountinfo, LINUX, "/mnt/ssh", False),
        (is_local_by_mountinfo, LINUX, "/mnt/odd/mint", False),
        (is_local_by_mountinfo, LINUX, "/mnt/twice/mint", False),
        (is_local_by_mount, MAC, "/System/Volumes/Data/me", True),
        (is_local_by_mount, MAC, "/Volumes/share (1)/mint", False),
        (is_local_by_mount, MAC, "/Users/me/Library", False),
        (is_local_by_mount, MAC, "/opt", True),
    ],
)
def test_the_deepest_and_latest_mount_decides(
    is_local_by: Callable[[str, str], bool], mounts: str, path: str, expected: bool
) -> None:
    """An unknown file system counts as shared; on macOS, local mounts are marked as "local"."""
    assert is_local_by(mounts, path) is expected
    assert not is_local_by("", path)


# -- which .blend file a document is: remembered, found again, and open in one process only


ONE, TWO = "1" * 32, "2" * 32


def test_a_file_is_found_again(tmp_path: Path) -> None:
    """Another opening of the same file takes over what the earlier ones have left.

    That is the name under which it was saved last; a link to its folder is the same file. So is
    one in capital letters on Windows, where links need a privilege.
    """
    (tmp_path / "real").mkdir()
    if os.name == "nt":
        again = tmp_path / "REAL" / "Scene.blend"
    else:
        (tmp_path / "link").symlink_to(tmp_path / "real")
        again = tmp_path / "link" / "scene.blend"
    file, other = tmp_path / "real" / "scene.blend", tmp_path / "other.blend"
    earlier = tmp_path / "a long name.blend"
    first = Documents(tmp_path)
    first.remember(ONE, earlier)
    first.remember(ONE, file)
    first.remember(TWO, other)
    assert first.path_of(ONE) == file
    first.release()
    second = Documents(tmp_path)
    assert second.path_of(ONE) == file and second.path_of(TWO) == other
    for path, documents in ((earlier, set()), (again, {ONE})):
        assert second.take_over(path) == documents
    second.release()
    assert second.take_over(tmp_path / "new.blend") == frozenset()


def test_a_document_that_is_open_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """Its name can be read, but its results land there; after the end of that process, here.

    Two Blenders are seen, each with its current document; a killed one is no longer there.
    """
    file, documents = tmp_path / "scene.blend", Documents(tmp_path)
    with open_file(tmp_path, ONE, file) as first, open_file(tmp_path, TWO) as second:
        assert open_elsewhere(tmp_path) == [OpenDocument(ONE, file), OpenDocument(TWO, None)]
        assert documents.path_of(ONE) == file
        assert documents.take_over(file) == frozenset()
        documents.forget_all_but(())
        first.kill()
        first.wait()
        assert open_elsewhere(tmp_path) == [OpenDocument(TWO, None)]
        second.communicate("")
        assert open_elsewhere(tmp_path) == []
    assert documents.take_over(file) == {ONE, "9" * 32}


def test_what_no_job_needs_is_deleted(tmp_path: Path) -> None:
    """What is open here stays."""
    earlier = Documents(tmp_path)
    earlier.remember(ONE, tmp_path / "a.blend")
    earlier.remember(TWO, tmp_path / "b.blend")
    earlier.release()
    documents = Documents(tmp_path)
    documents.remember("3" * 32, tmp_path / "c.blend")
    documents.forget_all_but({TWO})
    assert sorted(each.name for each in (tmp_path / "documents").iterdir()) == [TWO, "3" * 32]
    assert documents.path_of(ONE) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"path": 3}', b'{"path": "', None])
def test_a_damaged_record_is_no_file(content: bytes | None, tmp_path: Path) -> None:
    """The result of such a document, or of a folder that cannot be written, waits for a click."""
    place = tmp_path / "documents"
    if content is None:
        place.write_text("in the way", encoding="utf-8")
    else:
        place.mkdir()
        (place / ONE).write_bytes(content)
    documents = Documents(tmp_path)
    assert documents.path_of(ONE) is None
    assert documents.take_over(tmp_path / "scene.blend") == frozenset()
    documents.remember(ONE, tmp_path / "a.blend")
    assert documents.path_of(ONE) == (tmp_path / "a.blend" if content is not None else None)


@pytest.mark.covers("S-foreign")
def test_no_other_file_is_read_or_written(tmp_path: Path) -> None:
    """An id from the journal is no path."""
    (tmp_path / "secret").write_text('{"path": "/tmp/x.blend"}', encoding="utf-8")
    documents = Documents(tmp_path)
    assert documents.path_of("../secret") is None
    documents.remember("../other", tmp_path / "a.blend")
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_an_open_document_without_jobs_leaves_nothing(tmp_path: Path) -> None:
    """Opening a thousand files leaves no thousand records; those with jobs stay.

    The name of an open document changes when it is saved; it stays the current one. Another
    process that looks does not take it.
    """
    documents, place = Documents(tmp_path), tmp_path / "documents"
    documents.show_open(ONE, tmp_path / "a.blend")
    documents.release()
    assert open_elsewhere(tmp_path) == [] and list(place.iterdir()) == []
    for path in (None, tmp_path / "a.blend", tmp_path / "b.blend"):
        documents.show_open(ONE, path)
        assert documents.path_of(ONE) == path
    documents.remember(ONE, tmp_path / "b.blend")
    assert json.loads((place / ONE).read_bytes())["is_current"]
    documents.release()
    assert open_elsewhere(tmp_path) == [], "nobody holds it any more"
    assert documents.path_of(ONE) == tmp_path / "b.blend"
    assert documents.take_over(tmp_path / "b.blend") == {ONE}


# -- a file lock shows which process runs a job, and ends with that process


def test_a_killed_process_loses_its_lock(home: Path) -> None:
    """The operating system releases the lock, and its file is removed.

    Two processes that check a dead one at the same moment both see it as dead.
    """
    with closing(ProcessLock(home)) as mine, OtherProcess(home) as other:
        theirs, dead = other.ask("process"), home / "processes" / "dead"
        dead.touch()
        # holds the file open and tested, as in the middle of is_alive
        other.ask("look_at", "dead")
        assert not mine.is_alive("dead")
        assert mine.is_alive(theirs)
        other.kill()
        assert (home / "processes" / theirs).exists()
        assert not mine.is_alive(theirs)
        assert not (home / "processes" / theirs).exists()
        assert not mine.is_alive(None) and not mine.is_alive("0123456789abcdef")


IMITATES = pytest.mark.skipif(os.name == "nt", reason="does not apply: this is Windows")


@pytest.fixture(params=["here", pytest.param("Windows", marks=IMITATES)])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test here, and with locks, and the deletion of open files, as on Windows."""
    if request.param == "here":
        return
    module, _ = file_lock_of_windows(monkeypatch)
    for name in ("try_lock", "try_shared_lock"):
        monkeypatch.setattr(file_lock, name, getattr(module, name))
    unlink = Path.unlink

    def refusing_unlink(path: Path, missing_ok: bool = False) -> None:
        if any(os.path.realpath(each) == str(path) for each in Path("/proc/self/fd").iterdir()):
            raise sharing_violation(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing_unlink)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("is_looking", [False, True])
def test_a_lock_that_is_being_made_is_not_lost(
    home: Path, monkeypatch: pytest.MonkeyPatch, is_looking: bool
) -> None:
    """Another process looks at the file before it is locked, and takes it for a dead one's.

    It may still hold it open and tested, as in the middle of is_alive.
    """
    mine = ProcessLock(home)
    try_lock = file_lock.try_lock
    looking = ExitStack()

    def look_first(handle: IO[bytes]) -> bool:
        monkeypatch.setattr(file_lock, "try_lock", try_lock)
        if is_looking:
            path = home / "processes" / Path(handle.name).name
            assert file_lock.try_shared_lock(looking.enter_context(path.open("r+b")))
        else:
            mine.has_others()
        return try_lock(handle)

    monkeypatch.setattr(file_lock, "try_lock", look_first)
    with looking:
        other = ProcessLock(home)
    assert mine.is_alive(other.name)
    assert other.is_alive(mine.name)
    mine.close()
    other.close()
    assert is_looking or list((home / "processes").iterdir()) == []


@pytest.mark.usefixtures("system")
def test_a_file_is_deleted_only_while_nobody_can_lock_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker locks it just when another process deletes it: the maker notices, or keeps it."""
    mine = ProcessLock(home)
    path = home / "processes" / "new"
    unlink, locked = Path.unlink, list[bool]()

    def lock_first(path: Path, missing_ok: bool = False) -> None:
        locked.append(file_lock.try_lock(handle))
        unlink(path, missing_ok=missing_ok)

    with path.open("wb") as handle:
        monkeypatch.setattr(Path, "unlink", lock_first)
        mine.is_alive("new")
        assert locked
        assert not any(locked) or path.exists()
    monkeypatch.setattr(Path, "unlink", unlink)
    mine.close()


@pytest.mark.usefixtures("system")
def test_the_file_of_a_dead_process_is_deleted(home: Path) -> None:
    """Also where a file that is open cannot be deleted; a closed lock leaves nothing behind."""
    one, other = ProcessLock(home), ProcessLock(home)
    assert one.is_alive(other.name) and other.is_alive(one.name) and one.is_alive(one.name)
    other.close()
    assert not one.is_alive(other.name)
    dead = home / "processes" / "dead"
    dead.touch()
    assert not one.has_others()
    assert not dead.exists()
    one.close()
    assert list((home / "processes").iterdir()) == []


# -- an import that crashed its process is detected later, and its job is paused


ROOT = Path(__file__).parents[2]
IMPORTING = """
import pathlib, sys
from mint_blender.jobs.storage import import_marks
with import_marks.importing(pathlib.Path(sys.argv[1]), "ready"):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def job_service(offline: JobService) -> JobService:
    """Return a job service with a ready result and no Mint."""
    offline.cache.add(replace(a_job(), id="ready", phase=Phase.READY))
    return offline


def marks(job_service: JobService) -> list[Path]:
    """Return the import marks on disk."""
    return list((job_service.home / "importing").glob("*"))


def crash(home: Path, job_id: str = "ready", log: Path = Path("none"), text: str = "") -> None:
    """Leave what a process leaves that dies in the middle of an import, as Blender does."""
    with import_marks.importing(home, job_id, str(log)):
        (mark,) = (home / "importing").iterdir()
        content = mark.read_bytes()
        if text:
            log.write_text(text)
    mark.write_bytes(content)


def test_a_killed_import_pauses_its_job(job_service: JobService) -> None:
    """The job stays ready with a message, and the mark is removed; while it runs, it has none."""
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTING, str(job_service.home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        other.stdout.readline()
        job_service.note_crashes()
        assert job_service.job("ready").problem is None and len(marks(job_service)) == 1
        other.kill()
    job_service.note_crashes()
    job = job_service.job("ready")
    assert (job.phase, job.problem.cause) == (Phase.READY, Cause.IMPORT)
    assert job.problem.code == import_marks.CRASHED_CODE
    assert marks(job_service) == []


def test_an_import_that_fails_leaves_no_mark(job_service: JobService) -> None:
    """Blender is still there."""
    with pytest.raises(ValueError), import_marks.importing(job_service.home, "ready"):
        assert len(marks(job_service)) == 1
        raise ValueError
    assert marks(job_service) == []


def test_a_crash_is_recorded_later_when_the_journal_is_locked(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked journal stops nobody, and the mark is kept.

    That of a job that was dismissed meanwhile is removed, and so is one that cannot be read.
    """
    crash(job_service.home, "dismissed")
    (job_service.home / "importing" / "odd.json").write_bytes(b"\xff{")
    job_service.note_crashes()
    assert marks(job_service) == [] and job_service.job("ready").problem is None
    crash(job_service.home)

    def locked(*_: object, **more: object) -> None:
        raise JournalError("The job journal is locked.")

    with monkeypatch.context() as patched:
        patched.setattr(job_service, "mark_import_failed", locked)
        job_service.note_crashes()
    assert len(marks(job_service)) == 1
    job_service.note_crashes()
    assert job_service.job("ready").problem is not None and marks(job_service) == []


@pytest.mark.covers("R-crash-log")
def test_the_crash_log_of_blender_is_named(job_service: JobService, tmp_path: Path) -> None:
    """The job says where the log is that was written after the import had begun.

    Only a crash has one, whatever the values of another message are called.
    """
    job_service.mark_import_failed("ready", Message("{crash_log} is odd", crash_log="a lamp"))
    assert import_marks.crash_log_of(job_service.job("ready")) == ""
    log = tmp_path / "my scene.crash.txt"
    crash(job_service.home, log=log, text="# backtrace")
    job_service.note_crashes()
    job = job_service.job("ready")
    assert import_marks.crash_log_of(job) == str(log)
    assert job.problem.message == f"{import_marks.CRASHED} Blender's crash log: {log}"
    kept = job_service.journal.job("ready")  # as it is read after a restart
    assert import_marks.crash_log_of(kept) == str(log)


def test_only_a_log_of_this_crash_counts(job_service: JobService, tmp_path: Path) -> None:
    """That of an earlier crash explains nothing."""
    log = tmp_path / "blender.crash.txt"
    log.write_text("# of yesterday")
    before = time.time() - 60
    os.utime(log, (before, before))
    crash(job_service.home, log=log)
    job_service.note_crashes()
    job = job_service.job("ready")
    assert job.problem.message == import_marks.CRASHED
    assert import_marks.crash_log_of(job) == ""


# -- files in the folder are private to the user from their creation on


PRIVATE = pytest.mark.skipif(
    sys.platform == "win32", reason="does not apply: permissions are of another kind there"
)


@pytest.fixture
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


@PRIVATE
@pytest.mark.usefixtures("lax")
@pytest.mark.covers("S-private")
def test_all_files_of_a_job_are_private(tmp_path: Path, service: ThreadService) -> None:
    """Journal, downloads, pictures, thumbnails, locks and the log are checked."""
    home = tmp_path / "deep" / "home"
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    with commands.logging_to_file(home, service.key):
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
        # a download that broke off was looked at, too
        assert [path.suffix for path in home.rglob("*.part")]
        assert job_service.close(60)
    assert open_to_others(home) == []


@PRIVATE
@pytest.mark.usefixtures("lax")
def test_an_open_home_folder_is_made_private(tmp_path: Path) -> None:
    """Folder, journal and log were readable by everybody; the folder above stays as it is."""
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Journal(home).close()
    (home / "mint.log").write_text("earlier\n")
    for path in (home, *home.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Journal(home).close()
    with commands.logging_to_file(home, ""):
        logging.getLogger("mint_blender.test").warning("a line")
    Documents(home).remember(ONE, tmp_path / "a.blend")
    assert open_to_others(home) == []
    assert (permissions(tmp_path), permissions(home)) == (0o755, 0o700)


@PRIVATE
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

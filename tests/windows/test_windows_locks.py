# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks of two processes: one holds it, a kill releases it, and no child inherits it."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.files.file_lock import FileInUse, file_lock, try_lock, try_shared_lock
from mint_blender.jobs.batch_folder.batch_lease import Lease
from mint_blender.jobs.storage.documents import Documents, open_elsewhere
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal

from ..jobs.workflow_harness import a_job
from .holding import kill, process, read

pytestmark = pytest.mark.windows

LOCK = """
from pathlib import Path
from mint_blender.files.file_lock import try_lock
handle = open(sys.argv[1], "ab")
assert try_lock(handle)
"""
START_CHILD = """
import subprocess
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False, stdout=subprocess.DEVNULL
)
print(child.pid, flush=True)
"""
DOCUMENT = "0123456789abcdef" * 2
CLAIM = """
from pathlib import Path
from mint_blender.jobs.batch_folder.batch_lease import Lease
from mint_blender.jobs.storage.documents import Documents
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal
home, job, document = sys.argv[1:]
journal = Journal(Path(home))
own = ProcessLock(Path(home))
documents = Documents(Path(home))
documents.show_open(document, None)
print(own.name, flush=True)
print(journal.claim(job, own) is not None, flush=True)
"""


def is_free(path: Path) -> bool:
    """Return whether a file can be locked, in both ways."""
    with path.open("r+b") as handle:
        is_free_shared = try_shared_lock(handle)
    try:
        with file_lock(path):
            return is_free_shared
    except FileInUse:
        return False


def test_a_lock_is_exclusive_until_its_process_is_killed(tmp_path: Path) -> None:
    """Also in this process, by another handle. What the file says can be read meanwhile."""
    path = tmp_path / "lock"
    path.write_bytes(b"content")
    with process(LOCK, path) as other:
        assert read(other) == "ready"
        assert not is_free(path)
        assert path.read_bytes() == b"content"
        kill(other)
        assert is_free(path)
    with file_lock(path):
        assert not is_free(path)
    assert is_free(path)


def test_a_lock_of_a_killed_process_is_not_its_childs(tmp_path: Path) -> None:
    """The child lives, and has inherited what can be inherited."""
    path = tmp_path / "lock"
    path.touch()
    with process(LOCK + START_CHILD, path) as other:
        child = int(read(other))
        try:
            assert read(other) == "ready"
            assert not is_free(path)
            kill(other)
            assert is_free(path)
        finally:
            os.kill(child, signal.SIGTERM)  # which fails unless it lives


def test_a_lock_is_not_inherited_by_a_child_that_stays(tmp_path: Path) -> None:
    """This process closes the file while its child lives: the lock ends with that."""
    path = tmp_path / "lock"
    with path.open("ab") as handle, process("") as child:
        assert try_lock(handle)
        assert read(child) == "ready"
        handle.close()
        assert is_free(path)


def test_a_killed_process_loses_its_job_and_its_document(tmp_path: Path) -> None:
    """Meanwhile nobody else can have the job."""
    job = a_job()
    with closing(Journal(tmp_path)) as journal, closing(ProcessLock(tmp_path)) as mine:
        journal.add(job)
        with process(CLAIM, tmp_path, job.id, DOCUMENT) as other:
            name = read(other)
            assert read(other) == "True"
            assert mine.is_alive(name) and mine.has_others()
            assert [each.id for each in open_elsewhere(tmp_path)] == [DOCUMENT]
            assert journal.claim(job.id, mine) is None
            kill(other)
        assert open_elsewhere(tmp_path) == []
        assert journal.claim(job.id, mine) is not None
        assert not mine.is_alive(name) and not mine.has_others()
        assert not (tmp_path / "processes" / name).exists()
        documents = Documents(tmp_path)
        documents.show_open(DOCUMENT, None)
        documents.release()


@pytest.mark.parametrize("system", ["win32", "linux"])
def test_a_lease_of_another_system_on_this_computer(tmp_path: Path, system: str) -> None:
    """Which processes of WSL live is not known here: its lease is another machine's."""
    path = tmp_path / "lease"
    holder = {"host": platform.node(), "system": system, "pid": 99_999_999, "id": "theirs"}
    path.write_text(json.dumps(holder))
    if system == sys.platform:
        Lease(path).acquire()
        return
    with pytest.raises(FileInUse):
        Lease(path).acquire()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which .blend file a document is: remembered, found again, and open in one process only."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mint_blender.jobs.storage.documents import Documents, OpenDocument, open_elsewhere

ONE, TWO = "1" * 32, "2" * 32


def test_a_file_is_found_again(tmp_path: Path) -> None:
    """Another opening of the same file takes over what the earlier ones have left."""
    file, other = tmp_path / "scene.blend", tmp_path / "other.blend"
    first = Documents(tmp_path)
    first.remember(ONE, file)
    first.remember(TWO, other)
    assert first.path_of(ONE) == file
    first.release()
    second = Documents(tmp_path)
    assert second.path_of(ONE) == file and second.path_of(TWO) == other
    assert second.take_over(file) == {ONE}
    second.release()
    assert second.take_over(tmp_path / "new.blend") == frozenset()


def test_a_file_is_found_by_another_name_of_its_folder(tmp_path: Path) -> None:
    """A link to the folder is the same file."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    documents = Documents(tmp_path)
    documents.remember(ONE, tmp_path / "real" / "scene.blend")
    documents.release()
    assert documents.take_over(tmp_path / "link" / "scene.blend") == {ONE}


def test_a_file_that_was_saved_under_another_name(tmp_path: Path) -> None:
    """The document is the new file from then on."""
    documents = Documents(tmp_path)
    documents.remember(ONE, tmp_path / "a long name.blend")
    documents.remember(ONE, tmp_path / "b.blend")
    documents.release()
    assert documents.take_over(tmp_path / "a long name.blend") == frozenset()
    assert documents.take_over(tmp_path / "b.blend") == {ONE}


HOLD = """
import sys
from pathlib import Path
from mint_blender.jobs.storage.documents import Documents
documents = Documents(Path(sys.argv[1]))
documents.remember(sys.argv[2], Path(sys.argv[3]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_document_that_is_open_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """Its name can be read, but its results land there; after the end of that process, here."""
    file = tmp_path / "scene.blend"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), ONE, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        documents = Documents(tmp_path)
        if os.name != "nt":
            assert documents.path_of(ONE) == file
        assert documents.take_over(file) == frozenset()
        documents.forget_all_but(())
        process.stdin.close()
    assert documents.take_over(file) == {ONE}


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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"path": 3}', b'{"path": "'])
def test_a_damaged_record_is_no_file(content: bytes, tmp_path: Path) -> None:
    """The result of such a document waits for a click."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / ONE).write_bytes(content)
    documents = Documents(tmp_path)
    assert documents.path_of(ONE) is None
    assert documents.take_over(tmp_path / "scene.blend") == frozenset()


@pytest.mark.covers("S-foreign")
def test_no_other_file_is_read_or_written(tmp_path: Path) -> None:
    """An id from the journal is no path."""
    (tmp_path / "secret").write_text('{"path": "/tmp/x.blend"}', encoding="utf-8")
    documents = Documents(tmp_path)
    assert documents.path_of("../secret") is None
    documents.remember("../other", tmp_path / "a.blend")
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


@pytest.mark.skipif(os.name == "nt", reason="does not apply: user folders are private there")
def test_the_record_is_private(tmp_path: Path) -> None:
    """Nobody else learns the names of the user's files."""
    Documents(tmp_path).remember(ONE, tmp_path / "a.blend")
    assert stat.S_IMODE((tmp_path / "documents").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "documents" / ONE).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """The results of such a document wait for a click."""
    (tmp_path / "documents").write_text("in the way", encoding="utf-8")
    documents = Documents(tmp_path)
    documents.remember(ONE, tmp_path / "a.blend")
    assert documents.path_of(ONE) is None


OPEN = """
import sys
from pathlib import Path
from mint_blender.jobs.storage.documents import Documents
documents = Documents(Path(sys.argv[1]))
path = Path(sys.argv[3]) if len(sys.argv) > 3 else None
documents.show_open(sys.argv[2], path)
if path is not None:
    documents.remember("9" * 32, path)  # an earlier opening of the same file, whose job is here
print("open", flush=True)
sys.stdin.read()
"""


def open_in_a_process(home: Path, *words: str) -> subprocess.Popen[str]:
    """Open a document in another process, until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN, str(home), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    return process


def test_open_documents_can_be_seen(tmp_path: Path) -> None:
    """Two Blenders, each with its current document; a killed one is no longer there."""
    assert open_elsewhere(tmp_path) == []
    file = tmp_path / "scene.blend"
    with (
        open_in_a_process(tmp_path, ONE, str(file)) as first,
        open_in_a_process(tmp_path, TWO) as second,
    ):
        assert open_elsewhere(tmp_path) == [OpenDocument(ONE, file), OpenDocument(TWO, None)]
        first.kill()
        first.wait()
        assert open_elsewhere(tmp_path) == [OpenDocument(TWO, None)]
        assert second.stdin is not None
        second.stdin.close()
        second.wait()
        assert open_elsewhere(tmp_path) == []


def test_looking_does_not_take_a_document(tmp_path: Path) -> None:
    """It can be opened while another process looks."""
    Documents(tmp_path).show_open(ONE, tmp_path / "scene.blend")
    assert open_elsewhere(tmp_path) == [], "nobody holds it any more"
    Documents(tmp_path).remember(ONE, tmp_path / "scene.blend")
    assert Documents(tmp_path).take_over(tmp_path / "scene.blend") == {ONE}


def test_an_open_document_without_jobs_leaves_nothing(tmp_path: Path) -> None:
    """Opening a thousand files leaves no thousand records; those with jobs stay."""
    documents = Documents(tmp_path)
    documents.show_open(ONE, tmp_path / "a.blend")
    documents.release()
    assert list((tmp_path / "documents").iterdir()) == []
    documents.show_open(ONE, tmp_path / "a.blend")
    documents.remember(ONE, tmp_path / "a.blend")
    documents.release()
    assert documents.path_of(ONE) == tmp_path / "a.blend"


def test_the_name_of_an_open_document_changes(tmp_path: Path) -> None:
    """It was saved for the first time, then under another name; it stays the current one."""
    documents = Documents(tmp_path)
    for path in (None, tmp_path / "a.blend", tmp_path / "b.blend"):
        documents.show_open(ONE, path)
        assert documents.path_of(ONE) == path
    documents.remember(ONE, tmp_path / "b.blend")
    assert json.loads((tmp_path / "documents" / ONE).read_bytes())["is_current"]

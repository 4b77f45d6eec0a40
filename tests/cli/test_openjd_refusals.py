# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --openjd` with bad input: nothing is written, and a sentence says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .openjd_reader import FILES, run, write


@pytest.fixture(autouse=True)
def _no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a template needs no key."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))


BAD = {
    "no such file": ("gone.txt", None, "gone.txt cannot be read"),
    "an empty file": ("empty.txt", "\n \n", "empty.txt has no lines to generate."),
    "another kind of file": ("props.toml", "x = 1", "must end in .jsonl, .csv or .txt"),
    "a line that is not there": ("one.txt", "a lamp", "there is no line 2"),
    "a wrong field": ("props.jsonl", '{"prompt": "a", "color": 1}', "line 1: unknown field color"),
    "a picture that is not there": ("props.jsonl", '{"image": "gone.png"}', "gone.png"),
}  # fmt: skip


@pytest.mark.parametrize("name, text, says", BAD.values(), ids=BAD.keys())
def test_a_bad_batch_file_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | None, says: str
) -> None:
    """The sentences are those of the batch, and the folder is not even made."""
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = ["batch", tmp_path / name, "-o", tmp_path, "--openjd", tmp_path / "job"]
    assert run(*command, *(["--lines", "2"] if name == "one.txt" else [])) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert says in error and "Nothing was started." in error
    assert not (tmp_path / "job").exists()


def test_a_folder_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says what to do, and the file stays as it is."""
    (tmp_path / "props.txt").write_text("a lamp\n", encoding="utf-8")
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    command = ("batch", tmp_path / "props.txt", "-o", tmp_path / "out", "--openjd")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "job"):
        assert run(*command, folder) == 7
        error = capsys.readouterr().err
        assert "cannot be written to" in error and "Choose another folder" in error
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_a_full_disk_leaves_no_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever file cannot be written, a farm finds no half a job, and nothing is left over."""
    (tmp_path / "props.txt").write_text("a lamp\n", encoding="utf-8")
    command = ("batch", tmp_path / "props.txt", "-o", tmp_path / "out", "--openjd")
    write_bytes, written = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == allowed + 1:
            write_bytes(path, data[: len(data) // 2])
            raise OSError(28, os.strerror(28), str(path))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    for allowed in range(len(FILES)):
        written.clear()
        folder = tmp_path / f"job {allowed}"
        assert run(*command, folder) == 7
        assert "No space left" in capsys.readouterr().err
        assert list(folder.iterdir()) == []


def test_a_template_of_someone_else_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run replaces its own template, and no other file of that name."""
    folder = write(tmp_path)
    write(tmp_path, "--jobs", "9")
    assert '"default": 9' in (folder / "template.json").read_text(encoding="utf-8")
    (folder / "template.json").write_text("{}", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = ("batch", tmp_path / "props.txt", "-o", tmp_path / "out", "--openjd", folder)
    assert run(*command) == 2
    assert "was not written by this command, so it is kept" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", [os.fsdecode(b"\xff.txt"), "d/" * 600 + "props.txt"])
def test_a_path_that_openjd_cannot_pass_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Paths that are no text, or too long, are named, and nothing is written."""
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a lamp\n", encoding="utf-8")
    assert run("batch", file, "-o", tmp_path / "out", "--openjd", tmp_path / "job") == 2
    error = capsys.readouterr().err
    assert "cannot be in a job template" in error and "Nothing was written." in error
    assert not (tmp_path / "job").exists()

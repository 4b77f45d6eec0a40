# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --openjd`: the job template that it writes, checked by OpenJD's own library and program."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mint_blender.application.batch.options import Options
from mint_blender.cli.batch.openjd import FarmJob
from mint_blender.cli.batch.openjd import template as template_of
from mint_blender.cli.batch.openjd import values as values_of
from mint_blender.cli.parser import parser
from mint_blender.jobs.batch_lines import line_ranges

from .batch_helpers import Batch
from .command_runner import ROOT
from .openjd_reader import (
    FILES,
    PROGRAMS,
    STEPS,
    chunks,
    command_of,
    job_of,
    made_of,
    read,
    run,
    write,
)


@pytest.fixture(autouse=True)
def _no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a template needs no key."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_workers_run_the_same_program(tmp_path: Path, program: str) -> None:
    """The template calls the program that wrote it, and a farm can name another path for it."""
    folder = write(tmp_path, program=program)
    job, table = job_of(folder)
    assert command_of(job, table, 0)[: len(program.split()) + 1] == [*program.split(), "batch"]
    start = program.split()[0]
    parameters = {
        parameter["name"]: parameter for parameter in read(folder)["parameterDefinitions"]
    }
    described = parameters["Program"]
    assert described["default"] == start
    assert described["description"].endswith(f"It is called as: {program} batch")
    page = (ROOT / "docs/farm.md").read_text(encoding="utf-8")
    (item,) = [text for text in page.split("\n- ") if "job parameter *Program*" in text]
    assert f"`{start}`" in item
    table["Param.Program"] = "/opt/mint blender/bin/python"
    assert command_of(job, table, 2)[0] == "/opt/mint blender/bin/python"


KINDS = {
    "props.txt": ("a lamp\n\n\na mug\n", ()),
    "props.csv": ('prompt,format\n"a lamp,\nbig",glb\na mug,\n', ()),
    "props.jsonl": ('{"prompt": "a lamp", "height": 1}\n', ("--render",)),
    "gaps.txt": ("a lamp\n\n" * 3000, ("--max-credits", "100")),
    "many.txt": ("a lamp\n" * 10_000, ("--jobs", "10")),
}


@pytest.mark.slow
def test_any_batch_is_a_valid_template(tmp_path: Path) -> None:
    """OpenJD's own library accepts it and its parameters, and Deadline Cloud its size."""
    for name, (text, options) in KINDS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        folder = tmp_path / f"job of {name}"
        assert run("batch", tmp_path / name, "-o", tmp_path, "--openjd", folder, *options) == 0
        assert job_of(folder)[0].name == f"Mint: {name}"
        assert (folder / "template.json").stat().st_size < 300_000


@pytest.mark.covers("S-key-farm")
def test_no_key_and_no_path_is_in_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are values of parameters, in files of their own; the key stays on the worker."""
    monkeypatch.setenv("MINT_API_KEY", "mint_secret")
    folder = write(tmp_path)
    assert {path.name for path in folder.iterdir()} == FILES
    texts = {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
    assert not any("mint_secret" in text for text in texts.values())
    assert str(tmp_path) not in texts["template.json"] and sys.prefix not in texts["template.json"]
    values = json.loads(texts["parameter_values.json"])["parameterValues"]
    bundle = {value["name"]: value["value"] for value in values}
    expected = {"BatchFile": f"{tmp_path}/props.txt", "OutputFolder": f"{tmp_path}/out"}
    assert bundle == json.loads(texts["parameters.json"]) == expected


def test_nothing_is_asked_or_started(batch: Batch, tmp_path: Path) -> None:
    """Mint gets no request, and what was written is said."""
    batch.lines({"prompt": "a lamp"}, {"prompt": "a mug"})
    ran = batch("--openjd", str(tmp_path / "job"), "--json")
    assert ran.status == 0 and batch.service.log() == []
    files = {name: f"{tmp_path}/job/{name}.json" for name in ("template", "parameters")}
    assert ran.records == [{"event": "template", "lines": 2, **files}]
    assert "Nothing was started." in ran.err and "openjd run" in ran.err
    assert batch.mint.jobs() == []


@settings(max_examples=15, deadline=None)
@given(numbers=st.sets(st.integers(1, 60), min_size=1, max_size=30))
def test_ranges_name_the_same_lines(numbers: set[int]) -> None:
    """The lines that a farm counts are the lines of the batch, at most ten in a task."""
    options = Options(file=Path("/a.txt"), output=Path("/b"))
    job = FarmJob(("mint-blender", "batch"), line_ranges(sorted(numbers)), options)
    made, _ = made_of(template_of(job), values_of(job), Path("/"))
    assert [chunks(step) for step in (made.steps[0], made.steps[2])] == [[], []]
    tasks = []
    for chunk in chunks(made.steps[1]):
        words = ["batch", "/a.txt", "-o", "/b", "--lines", chunk]
        chosen = parser("mint-blender").parse_args(words).lines
        tasks.append([number for numbers in chosen for number in numbers])
    assert sorted(numbers) == [number for task in tasks for number in task]
    assert {len(task) for task in tasks[:-1]} <= {10}


BAD: dict[str, tuple[str, tuple[str, ...], str]] = {
    "one.txt": ("a lamp", ("--lines", "2"), "there is no line 2"),
    "props.jsonl": ('{"prompt": "a", "color": 1}', (), "line 1: unknown field color"),
    os.fsdecode(b"\xff.txt"): ("a lamp\n", (), "cannot be in a job template"),
    "d/" * 600 + "props.txt": ("a lamp\n", (), "cannot be in a job template"),
}


def test_a_bad_batch_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences are those of the batch; paths that are no text, or too long, are named."""
    for name, (text, options, says) in BAD.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        folder = tmp_path / "job"
        assert run("batch", file, "-o", tmp_path, "--openjd", folder, *options) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert says in error and re.search(r"Nothing was (started|written)\.", error)
        assert not folder.exists()


@pytest.fixture
def command(tmp_path: Path) -> tuple[str | Path, ...]:
    """Return the command that writes a template of one line, without the folder."""
    (tmp_path / "props.txt").write_text("a lamp\n", encoding="utf-8")
    return "batch", tmp_path / "props.txt", "-o", tmp_path / "out", "--openjd"


def test_a_full_disk_leaves_no_template(
    tmp_path: Path,
    command: tuple[str | Path, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whichever file cannot be written, a farm finds no half a job, and nothing is left over."""
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


def test_the_steps_call_the_batch_command(tmp_path: Path) -> None:
    """One task generates, the next step's tasks write some lines each, the last one the sheet."""
    job, table = job_of(write(tmp_path))
    assert [step.name for step in job.steps] == STEPS
    needs = [[need.dependsOn for need in step.dependencies or ()] for step in job.steps]
    assert needs == [[], STEPS[:1], STEPS[1:2]]
    start = ["python3", "-m", "mint_blender", "batch"]
    start += [str(tmp_path / "props.txt"), "-o", str(tmp_path / "out")]
    start.append("--step")
    first = [*start, "generate", "--skip-failed", "--jobs", "4"]
    assert command_of(job, table, 0) == first
    assert command_of(job, table, 2) == [*start, "sheet"]
    (table["Task.Param.Lines"],) = chunks(job.steps[1])
    assert command_of(job, table, 1) == [*start, "write", "--skip-failed", "--lines", "1,3,4"]
    for step in job.steps:
        action = step.script.actions.onRun
        assert action.cancelation.mode == "NOTIFY_THEN_TERMINATE"
        assert 10 <= action.cancelation.notifyPeriodInSeconds <= 600


PAID = ["--jobs", "8", "--max-credits", "250.5", "--retry-failed"]


LOOK = ["--render-size", "1280x720", "--render-samples", "32", "--render-engine", "eevee"]


OPTIONS: tuple[tuple[list[str], list[str], list[str], list[str]], ...] = (
    (PAID, PAID, [], []),  # what costs Credits is in the first step alone
    (["--render"], ["--render"], ["--render"], []),
    (LOOK, LOOK, LOOK, []),
    (["--workers", "3"], [], ["--workers", "3"], []),
    (["--rewrite"], ["--rewrite"], ["--rewrite"], []),
    (["--lines", "2-3"], ["--lines", "3"], ["--lines", "3"], []),
    (["--max-credits", "inf"], ["--max-credits", "inf"], [], []),
)


def test_options_of_the_batch_are_carried_over(tmp_path: Path) -> None:
    """Each goes to the steps that need it, as the command line accepts it."""
    for options, *added in OPTIONS:
        folder = tmp_path / "-".join(options)
        folder.mkdir()
        job, table = job_of(write(folder, *options))
        (table["Task.Param.Lines"],) = chunks(job.steps[1])
        for step, words in enumerate(added):
            command = command_of(job, table, step)
            named = {*options, *words} - {"1,3,4"}
            assert [word for word in command if word in named] == words, options
            assert parser("mint-blender").parse_args(command[3:]).command == "batch"
        is_free = "spends Credits" not in (folder / "job" / "template.json").read_text("utf-8")
        assert is_free is ("--rewrite" in options)


def test_what_is_in_the_folder_is_kept(
    tmp_path: Path, command: tuple[str | Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run replaces its own template, and no other file; a file is no folder."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    for taken in (tmp_path / "taken", tmp_path / "taken" / "job"):
        assert run(*command, taken) == 7
        error = capsys.readouterr().err
        assert "cannot be written to" in error and "Choose another folder" in error
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"
    folder = write(tmp_path)
    write(tmp_path, "--jobs", "9")
    assert '"9"' in (folder / "template.json").read_text(encoding="utf-8")
    (folder / "template.json").write_text("{}", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run(*command, folder) == 2
    assert "was not written by this command, so it is kept" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

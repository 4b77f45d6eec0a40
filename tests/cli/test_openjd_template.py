# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --openjd`: the job template that it writes, checked by OpenJD's own library and program."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openjd.model import IntRangeExpr

from mint_blender.cli.batch.openjd import FarmJob
from mint_blender.cli.batch.openjd import template as template_of
from mint_blender.cli.batch.openjd import values as values_of
from mint_blender.cli.parser import parser

from .batch_helpers import Batch
from .openjd_reader import (
    FILES,
    PROGRAMS,
    STEPS,
    chunks,
    command_of,
    job_of,
    made_of,
    openjd,
    read,
    run,
    write,
)


@pytest.fixture(autouse=True)
def _no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a template needs no key."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))


def test_the_steps_call_the_batch_command(tmp_path: Path) -> None:
    """One task generates, the next step's tasks write some lines each, the last one the sheet."""
    job, table = job_of(write(tmp_path))
    assert [step.name for step in job.steps] == STEPS
    needs = [[need.dependsOn for need in step.dependencies or ()] for step in job.steps]
    assert needs == [[], STEPS[:1], STEPS[1:2]]
    start = ["python3", "-m", "mint_blender", "batch"]
    start += [str(tmp_path / "props.txt"), "-o", str(tmp_path / "out")]
    first = [*start, "--skip-failed", "--step"]
    assert command_of(job, table, 0) == [*first, "generate", "--jobs", "4"]
    assert command_of(job, table, 2) == [*start, "--step", "sheet"]
    (table["Task.Param.Lines"],) = chunks(job.steps[1])
    assert command_of(job, table, 1) == [*first, "write", "--lines", "1,3,4"]


def test_only_the_step_in_the_middle_has_many_tasks(tmp_path: Path) -> None:
    """Its tasks have as many lines as the parameter says, and each line is in one of them."""
    prompts = "".join(f"lamp {number}\n" for number in range(25))
    (tmp_path / "many.txt").write_text(prompts, encoding="utf-8")
    assert run("batch", tmp_path / "many.txt", "-o", tmp_path, "--openjd", tmp_path / "job") == 0
    job, _ = job_of(tmp_path / "job")
    assert [chunks(step) for step in job.steps] == [[], ["1-10", "11-20", "21-25"], []]


def farm_page() -> str:
    """Return the page of the manual about farms."""
    return (Path(__file__).parents[2] / "docs/farm.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_workers_run_the_same_program(tmp_path: Path, program: str) -> None:
    """The template calls the program that wrote it, and a farm can name another path for it."""
    folder = write(tmp_path, program=program)
    job, table = job_of(folder)
    assert command_of(job, table, 0)[: len(program.split()) + 1] == [*program.split(), "batch"]
    start = program.split()[0]
    parameters = {each["name"]: each for each in read(folder)["parameterDefinitions"]}
    described = parameters["Program"]
    assert described["default"] == start
    assert described["description"].endswith(f"It is called as: {program} batch")
    (item,) = [each for each in farm_page().split("\n- ") if "job parameter *Program*" in each]
    assert f"`{start}`" in item
    table["Param.Program"] = "/opt/mint blender/bin/python"
    assert command_of(job, table, 2)[0] == "/opt/mint blender/bin/python"


def test_options_of_the_batch_are_carried_over(tmp_path: Path) -> None:
    """What costs Credits is in the first step alone; a picture is rendered in the second."""
    paid = ["--jobs", "8", "--max-credits", "250.5", "--retry-failed"]
    job, table = job_of(write(tmp_path, *paid, "--render", "--workers", "3"))
    table["Task.Param.Lines"] = "1"
    generate, write_files, sheet = (command_of(job, table, step) for step in range(3))
    assert generate[-5:] == paid and "--render" in generate
    assert "--render" in write_files and write_files[-2:] == ["--workers", "3"]
    for command in (write_files, sheet):
        assert not {"--jobs", "--max-credits", "--retry-failed"} & set(command)
    assert "--workers" not in generate + sheet


def test_pictures_look_as_the_batch_says(tmp_path: Path) -> None:
    """Size and engine are words of the tasks, and the farm's dialog can change the samples."""
    look = ["--render-size", "1280x720", "--render-samples", "32", "--render-engine", "eevee"]
    job, table = job_of(write(tmp_path, *look))
    table["Param.Samples"], table["Task.Param.Lines"] = "64", "1"
    look[3] = "64"
    for step in (0, 1):
        words = command_of(job, table, step)
        first = words.index("--render-size")
        assert words[first : first + 6] == look
    assert "--render-size" not in command_of(job, table, 2)


def test_finished_lines_can_be_written_again(tmp_path: Path) -> None:
    """The first step then only brings files that are missing, and says so."""
    folder = write(tmp_path, "--again")
    job, table = job_of(folder)
    table["Task.Param.Lines"] = "1"
    assert [step.name for step in job.steps] == ["Fetch Mint's files", *STEPS[1:]]
    assert ["--again" in command_of(job, table, step) for step in range(3)] == [True, True, False]
    assert "spends Credits" not in (folder / "template.json").read_text(encoding="utf-8")


def test_a_part_of_the_lines_is_a_job_of_its_own(tmp_path: Path) -> None:
    """Only these lines are generated and written; the sheet shows all."""
    job, table = job_of(write(tmp_path, "--lines", "2-3"))
    assert command_of(job, table, 0)[-2:] == ["--lines", "3"]
    assert chunks(job.steps[1]) == ["3"]
    assert "--lines" not in command_of(job, table, 2)


def test_the_command_line_accepts_every_task(tmp_path: Path) -> None:
    """The options exist, and a chunk of any form is a value of `--lines`."""
    job, table = job_of(write(tmp_path, "--max-credits", "9", "--retry-failed", "--workers", "2"))
    for lines in ("5", "5-5", "1-3,7", "11-15:2", "1,4,6-8:2,20"):
        table["Task.Param.Lines"] = lines
        for step in range(3):
            arguments = parser("mint-blender").parse_args(command_of(job, table, step)[3:])
            assert arguments.command == "batch"
            if step == 1:
                numbers = [number for each in arguments.lines for number in each]
                assert numbers == list(IntRangeExpr.from_str(lines))


def test_an_infinite_limit_is_no_limit(tmp_path: Path) -> None:
    """JSON has no infinite numbers."""
    job, table = job_of(write(tmp_path, "--max-credits", "inf"))
    assert "--max-credits" not in command_of(job, table, 0)


def test_a_task_can_stop_in_time(tmp_path: Path) -> None:
    """Each task is asked to stop before it is killed, and none runs forever."""
    job, _ = job_of(write(tmp_path))
    for step in job.steps:
        action = step.script.actions.onRun
        assert action.cancelation.mode == "NOTIFY_THEN_TERMINATE"
        assert 10 <= action.cancelation.notifyPeriodInSeconds <= 600
        assert 3600 <= action.timeout <= 24 * 3600


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


KINDS = {
    "a .txt file": ("props.txt", "a lamp\n\n\na mug\n", ()),
    "a .csv file": ("props.csv", 'prompt,format\n"a lamp,\nbig",glb\na mug,\n', ()),
    "a .jsonl file": ("props.jsonl", '{"prompt": "a lamp", "height": 1}\n', ("--render",)),
    "Worlds": ("worlds.jsonl", '{"prompt": "a cave", "kind": "world"}\n' * 30, ()),
    "every other line": ("gaps.txt", "a lamp\n\n" * 3000, ("--max-credits", "100")),
    "10,000 lines": ("many.txt", "a lamp\n" * 10_000, ("--jobs", "10")),
}  # fmt: skip


@pytest.mark.parametrize("name, text, options", KINDS.values(), ids=KINDS.keys())
def test_openjd_itself_accepts_it(
    tmp_path: Path, name: str, text: str, options: tuple[str, ...]
) -> None:
    """`openjd check` accepts the template of any batch, and `openjd summary` its parameters."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    folder = tmp_path / "job"
    assert run("batch", tmp_path / name, "-o", tmp_path, "--openjd", folder, *options) == 0
    checked = openjd("check", str(folder / "template.json"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    values = f"file://{folder / 'parameters.json'}"
    summed = openjd("summary", str(folder / "template.json"), "-p", values)
    assert summed.returncode == 0, summed.stdout + summed.stderr
    assert f"Mint: {name}" in summed.stdout
    # what Deadline Cloud accepts
    assert (folder / "template.json").stat().st_size < 300_000


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40)
NASTY = st.sampled_from(['"', "'", "{{", "}}", "{{Param.Program}}", " ", "\n", "\t", "$HOME", "ß猫🐈", "\\", "-o", "\x7f", "\x85"])  # fmt: skip

NAMES = st.lists(NASTY | TEXT, min_size=1, max_size=4).map("".join).map(
    lambda name: name.encode()[:120].decode(errors="ignore")
).filter(lambda name: name.strip(".") != "")  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(file=NAMES, folder=NAMES, prompts=st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_any_path_and_prompt_makes_a_valid_template(
    tmp_path_factory: pytest.TempPathFactory, file: str, folder: str, prompts: list[str]
) -> None:
    """Whatever paths and prompts contain, OpenJD accepts the job and passes the paths unchanged."""
    place = tmp_path_factory.mktemp("any")
    batch = place / f"{file}.jsonl"
    lines = [json.dumps({"prompt": f"a lamp {prompt}"}) for prompt in prompts]
    batch.write_text("\n".join(lines), encoding="utf-8")
    assert run("batch", batch, "-o", place / folder, "--openjd", place / "job") == 0
    job, table = job_of(place / "job")
    command = command_of(job, table, 0)
    assert command[4] == str(batch) and command[6] == str(place / folder)
    assert job.name.startswith("Mint: ")


@settings(deadline=None)
@given(numbers=st.sets(st.integers(1, 60), min_size=1, max_size=30))
def test_ranges_name_the_same_lines(numbers: set[int]) -> None:
    """The lines that a farm counts are the lines of the batch."""
    arguments = parser("mint-blender").parse_args(["batch", "/a.txt", "-o", "/b"])
    job = FarmJob(("mint-blender", "batch"), tuple(sorted(numbers)), arguments)
    made, _ = made_of(template_of(job), values_of(job), Path("/"))
    (lines,) = made.steps[1].parameterSpace.taskParameterDefinitions.values()
    assert list(lines.range) == sorted(numbers)


BAD = {
    "a line that is not there": ("one.txt", "a lamp", "there is no line 2"),
    "a wrong field": ("props.jsonl", '{"prompt": "a", "color": 1}', "line 1: column 17: unknown field color"),
}  # fmt: skip


@pytest.mark.parametrize("name, text, says", BAD.values(), ids=BAD.keys())
def test_a_bad_batch_file_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    """The sentences are those of the batch, and the folder is not even made."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    command = ["batch", tmp_path / name, "-o", tmp_path, "--openjd", tmp_path / "job"]
    assert run(*command, *(["--lines", "2"] if name == "one.txt" else [])) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert says in error and "Nothing was started." in error
    assert not (tmp_path / "job").exists()


def test_a_file_as_the_folder_is_refused(
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

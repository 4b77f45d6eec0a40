# SPDX-License-Identifier: GPL-3.0-or-later
"""The job type for Flamenco, run by V8 with a double of what the Flamenco Manager offers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py_mini_racer import JSEvalException, MiniRacer

from mint_blender.cli.parser import parser
from mint_blender.jobs.batch_lines import read_lines

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import ROOT, environment
from .contact_sheet_reader import ContactSheet

SCRIPT = ROOT / "extras" / "flamenco" / "mint_batch.js"
DOUBLE = Path(__file__).with_name("flamenco_double.js")
START = ["-m", "mint_blender", "batch", "/farm/props.csv", "-o", "/farm/results", "--step"]

# what Flamenco's API knows: AvailableJobSetting in its OpenAPI document
SETTING_KEYS = {"key", "type", "subtype", "choices", "propargs", "description", "label", "default", "eval", "evalInfo", "visible", "required", "editable"}  # fmt: skip
SETTING_TYPES = {"string": str, "int32": int, "float": float, "bool": bool}
TASK_TYPES = {"blender", "ffmpeg", "file-management", "misc"}


class JobType:
    """The script, loaded as the Flamenco Manager loads it."""

    def __init__(self, engine: MiniRacer) -> None:
        self._engine = engine
        engine.eval(DOUBLE.read_text(encoding="utf-8"))
        engine.eval("'use strict';" + SCRIPT.read_text(encoding="utf-8"))

    @property
    def definition(self) -> dict[str, Any]:
        """Return what Blender shows."""
        return json.loads(self._engine.eval("JSON.stringify(JOB_TYPE)"))

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the settings by key."""
        return {setting["key"]: setting for setting in self.definition["settings"]}

    def compile(self, **changes: Any) -> list[dict[str, Any]]:
        """Return the tasks of a job with these settings; the others have their defaults."""
        values = {
            key: entry["default"] for key, entry in self.settings.items() if "default" in entry
        }
        values |= {"batch_file": "/farm/props.csv", "output_folder": "/farm/results"}
        values |= {"lines": "1-25", **changes}
        return json.loads(self._engine.eval(f"compiled({json.dumps(values)})"))


@pytest.fixture(scope="module")
def job_type() -> Iterator[JobType]:
    """Load the job type once; it has no state."""
    with MiniRacer() as engine:
        yield JobType(engine)


def words(task: dict[str, Any]) -> list[str]:
    """Return the command line of a task."""
    (command,) = task["commands"]
    assert command["name"] == "exec" and set(command["parameters"]) == {"exe", "args"}
    line = [command["parameters"]["exe"], *command["parameters"]["args"]]
    assert all(isinstance(word, str) for word in line)
    return line


def test_one_task_generates_and_many_write(job_type: JobType) -> None:
    """All writing waits for the generation, and the contact sheet for all writing."""
    tasks = job_type.compile()
    names = ["generate", "write-1-10", "write-11-20", "write-21-25", "contact-sheet"]
    assert [task["name"] for task in tasks] == names
    assert [task["dependencies"] for task in tasks] == [[], *[names[:1]] * 3, names[1:4]]
    assert {task["type"] for task in tasks} <= TASK_TYPES
    assert [words(task) for task in tasks] == [
        ["python3", *START, "generate", "--jobs", "4", "--skip-failed"],
        ["python3", *START, "write", "--lines", "1-10", "--skip-failed"],
        ["python3", *START, "write", "--lines", "11-20", "--skip-failed"],
        ["python3", *START, "write", "--lines", "21-25", "--skip-failed"],
        ["python3", *START, "sheet"],
    ]


def test_a_task_has_no_more_lines_than_asked_for(job_type: JobType) -> None:
    """Each line is in one task, also with gaps, and 10,000 lines make 1,000 tasks."""
    tasks = job_type.compile(lines="1-3, 7,9-12", chunk_size=4)
    assert [task["name"] for task in tasks[1:-1]] == ["write-1-3,7", "write-9-12"]
    tasks = job_type.compile(lines="1-10000")
    assert len(tasks) == 1002 and len(tasks[-1]["dependencies"]) == 1000
    assert len(job_type.compile(lines="1-10000", chunk_size=10_000)) == 3


def test_only_the_first_task_can_cost_credits(job_type: JobType) -> None:
    """The limit and the options that pay go to it alone; a picture is rendered by the others."""
    tasks = job_type.compile(max_credits=" 250.5 ", retry_failed=True, jobs=8, render=True)
    generate, *others = map(words, tasks)
    start = ["python3", *START, "generate", "--jobs", "8"]
    assert generate[:-2] == [*start, "--max-credits", "250.5", "--retry-failed"]
    assert "--render" in generate
    for command in others:
        assert not {"--jobs", "--max-credits", "--retry-failed"} & set(command)
        assert "--render" in command


def test_pictures_look_as_the_settings_say(job_type: JobType) -> None:
    """Size, samples and engine go to both steps: a line may have a picture by itself."""
    look = ["--render-size", "1280x720", "--render-samples", "32", "--render-engine", "eevee"]
    chosen = {"render_size": " 1280x720 ", "render_samples": 32, "render_engine": "eevee"}
    *others, sheet = map(words, job_type.compile(**chosen))
    for line in others:
        first = line.index("--render-size")
        assert line[first : first + 6] == look and "--render" not in line
    assert not set(look) & set(sheet)


def test_finished_lines_can_be_written_again(job_type: JobType) -> None:
    """Then the first task generates nothing: it only brings files that are missing."""
    *others, sheet = map(words, job_type.compile(again=True))
    assert all("--again" in command for command in others) and "--again" not in sheet


def test_the_command_line_accepts_every_task(job_type: JobType) -> None:
    """The options exist, and are those of the command `batch`."""
    look = {"render_size": "64x48", "render_samples": 1, "render_engine": "eevee"}
    for task in job_type.compile(max_credits="9", retry_failed=True, render=True, **look):
        line = words(task)[3:]
        arguments = parser("mint-blender").parse_args(line)
        assert arguments.command == "batch" and arguments.step == line[5]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.text(min_size=1), folder=st.text(min_size=1))
def test_paths_are_passed_unchanged(job_type: JobType, file: str, folder: str) -> None:
    """There is no shell, so quotes, spaces and line breaks in paths need no care."""
    for task in job_type.compile(batch_file=file, output_folder=folder, lines="1"):
        line = words(task)
        assert line[4] == file and line[6] == folder


@pytest.mark.parametrize(
    "command, program, others",
    [
        ("mint-blender", "mint-blender", []),
        ("  {python}  -m mint_blender ", "{python}", ["-m", "mint_blender"]),
        ('"/opt/mint blender/bin/python" -m mint_blender', "/opt/mint blender/bin/python", ["-m", "mint_blender"]),
        (r'"C:\Program Files\python.exe" -m mint_blender', r"C:\Program Files\python.exe", ["-m", "mint_blender"]),
        ("blender --online-mode --command mint", "blender", ["--online-mode", "--command", "mint"]),
    ],
)  # fmt: skip
def test_the_workers_may_start_it_in_another_way(
    job_type: JobType, command: str, program: str, others: list[str]
) -> None:
    """The command is a setting; double quotes keep a path together."""
    for task in job_type.compile(command=command, lines="1"):
        line = words(task)
        assert line[0] == program and line[1 : line.index("batch")] == others


def test_tasks_make_every_result(job_type: JobType, service: ThreadService, tmp_path: Path) -> None:
    """Run as workers would, each line is paid once, and one that Mint refuses stops no task."""
    place = tmp_path / 'a "studio\'s" share'
    place.mkdir()
    prompts = ["a lamp", "a mug [forbidden]", "a chair"]
    file = lines_of(place / "props.jsonl", *({"prompt": prompt} for prompt in prompts))
    where = {"batch_file": str(file), "output_folder": str(place / "results")}
    command = f'"{sys.executable}" -m mint_blender'
    tasks = job_type.compile(**where, lines="1-3", chunk_size=2, command=command)
    for number, task in enumerate(tasks):
        variables = environment(service, tmp_path / f"worker {number}")
        if number > 0:
            del variables["MINT_API_KEY"]
        ended = subprocess.run(words(task), env=variables, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(service.requests("POST", "/v1/models:generate")) == 3
    names = {path.name for path in (place / "results").iterdir()}
    assert {"0001-a-lamp.glb", "0003-a-chair.glb", "index.html"} <= names
    states = [card.state for card in ContactSheet(place / "results" / "index.html").cards]
    assert states == ["done", "failed", "done"]


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"lines": "  "}, "Lines is empty"),
        ({"lines": "one"}, "invalid range"),
        ({"chunk_size": 0}, "invalid chunk size"),
        ({"max_credits": "no limit"}, "must be a number or empty"),
        ({"max_credits": "-5"}, "must be a number or empty"),
        ({"render_size": "1280"}, "must be two numbers, such as 1280x720, or empty"),
        ({"command": "  "}, "Command is empty"),
    ],
)
def test_a_wrong_setting_makes_no_job(job_type: JobType, changes: Any, says: str) -> None:
    """The Manager shows the sentence and accepts no job."""
    with pytest.raises(JSEvalException, match=says):
        job_type.compile(**changes)


def test_the_settings_are_what_flamenco_knows(job_type: JobType) -> None:
    """Each setting has a key, a type and a description, and a default of that type."""
    assert set(job_type.definition) == {"label", "settings"}
    for key, setting in job_type.settings.items():
        assert set(setting) <= SETTING_KEYS and key.isidentifier()
        assert setting["description"] and not setting["description"].endswith(".")
        if "default" in setting:
            assert type(setting["default"]) is SETTING_TYPES[setting["type"]]
        if "choices" in setting:
            assert setting["type"] == "string" and setting["default"] in setting["choices"]


@pytest.mark.parametrize(
    "name, text",
    [
        ("props.txt", "a lamp\n\n\ufeffa mug\u2028big\na chair"),
        ("props.csv", 'prompt,format\n"a lamp,\nbig",glb\na mug,\n,\n,\n'),
        ("props.jsonl", '{"prompt": "a lamp"}\n' * 12),
    ],
)
def test_all_lines_are_found_by_itself(
    job_type: JobType, tmp_path: Path, name: str, text: str
) -> None:
    """The expression that Blender evaluates covers every line; without a file there is none."""
    expression = job_type.settings["lines"]["eval"]

    def evaluated(path: str) -> str:
        names = {"Path": Path, "abspath": Path, "settings": SimpleNamespace(batch_file=path)}
        return eval(expression, {}, names)

    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    first, last = map(int, evaluated(str(file)).split("-"))
    assert first == 1 and last == max(line.number for line in read_lines(file))
    for nothing in ("", str(tmp_path / "gone.txt"), str(tmp_path)):
        assert evaluated(nothing) == ""

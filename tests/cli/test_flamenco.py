# SPDX-License-Identifier: GPL-3.0-or-later
"""The job type for Flamenco, run by V8 with a double of what the Flamenco Manager offers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from py_mini_racer import JSEvalException, MiniRacer

from mint_blender.cli.parser import parser
from mint_blender.jobs.batch_lines import read_lines

from ..harness.processes import captured
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
        self.definition = self._json("JOB_TYPE")
        self.settings = {setting["key"]: setting for setting in self.definition["settings"]}

    def _json(self, expression: str) -> Any:
        return json.loads(str(self._engine.eval(f"JSON.stringify({expression})")))

    def compile(self, **changes: Any) -> Any:
        """Return the tasks of a job with these settings; the others have their defaults."""
        values = {
            key: setting["default"]
            for key, setting in self.settings.items()
            if "default" in setting
        }
        values |= {"batch_file": "/farm/props.csv", "output_folder": "/farm/results"}
        return self._json(
            f"JSON.parse(compiled({json.dumps(values | {'lines': '1-25'} | changes)}))"
        )


OPTIONS: tuple[tuple[dict[str, Any], list[str], list[str]], ...] = (
    # what can cost Credits goes to the first task alone
    ({"max_credits": " 250.5 "}, ["--max-credits", "250.5"], []),
    ({"retry_failed": True}, ["--retry-failed"], []),
    ({"render": True}, ["--render"], ["--render"]),
    ({"rewrite": True}, ["--rewrite"], ["--rewrite"]),
    ({"render_size": " 1280x720 "}, ["--render-size", "1280x720"], ["--render-size", "1280x720"]),
    ({"render_samples": 32}, ["--render-samples", "32"], ["--render-samples", "32"]),
    ({"render_engine": "eevee"}, ["eevee"], ["eevee"]),
)


def test_settings_become_options(job_type: JobType) -> None:
    """Each goes to the tasks that need it, as the command line accepts it."""
    plain = [words(task) for task in job_type.compile()]
    for changes, first, others in OPTIONS:
        commands = [words(task) for task in job_type.compile(**changes)]
        for number, command in enumerate(commands):
            arguments = parser("mint-blender").parse_args(command[3:])
            assert (arguments.command, arguments.step) == ("batch", command[8])
            added = [word for word in command if word not in plain[number]]
            is_sheet = number == len(commands) - 1
            assert added == ([] if is_sheet else others if number else first)


def test_the_workers_may_start_it_in_another_way(job_type: JobType) -> None:
    """The command is a setting; double quotes keep a path together."""
    for command, program, others in (
        ("mint-blender", "mint-blender", []),
        ("  {python}  -m mint_blender ", "{python}", ["-m", "mint_blender"]),
        ('"/opt/a b/bin/python" -m mint_blender', "/opt/a b/bin/python", ["-m", "mint_blender"]),
        (r'"C:\A B\python.exe" -m mint_blender', r"C:\A B\python.exe", ["-m", "mint_blender"]),
    ):
        for task in job_type.compile(command=command, lines="1"):
            line = words(task)
            assert (line[0], line[1 : line.index("batch")]) == (program, others)


def test_a_wrong_setting_makes_no_job(job_type: JobType) -> None:
    """The Manager shows the sentence and accepts no job."""
    for changes, says in (
        ({"lines": "  "}, "invalid range"),
        ({"lines": "one"}, "invalid range"),
        ({"chunk_size": 0}, "invalid chunk size"),
    ):
        with pytest.raises(JSEvalException, match=says):
            job_type.compile(**changes)


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
    rest = ["--skip-failed", "--render-engine", "cycles"]
    assert [words(task) for task in tasks] == [
        ["python3", *START, "generate", "--jobs", "4", *rest],
        ["python3", *START, "write", "--lines", "1-10", *rest],
        ["python3", *START, "write", "--lines", "11-20", *rest],
        ["python3", *START, "write", "--lines", "21-25", *rest],
        ["python3", *START, "sheet"],
    ]


def test_a_task_has_no_more_lines_than_asked_for(job_type: JobType) -> None:
    """Each line is in one task, also with gaps, and 10,000 lines make 1,000 tasks."""
    tasks = job_type.compile(lines="1-3, 7,9-12", chunk_size=4)
    assert [task["name"] for task in tasks[1:-1]] == ["write-1-3,7", "write-9-12"]
    tasks = job_type.compile(lines="1-10000")
    assert len(tasks) == 1002 and len(tasks[-1]["dependencies"]) == 1000
    assert len(job_type.compile(lines="1-10000", chunk_size=10_000)) == 3


@pytest.mark.slow
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
        ended = captured(words(task), env=variables)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(service.requests("POST", "/v1/models:generate")) == 3
    names = {path.name for path in (place / "results").iterdir()}
    assert {"0001-a-lamp.glb", "0003-a-chair.glb", "index.html"} <= names
    states = [card.state for card in ContactSheet(place / "results" / "index.html").cards]
    assert states == ["done", "failed", "done"]


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

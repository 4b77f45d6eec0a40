# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the runs of pytest: what each environment runs, second tries, crashes and the summary."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path

import pytest

from scripts.devtools import pytest_runs, testing
from scripts.devtools.environments import BLENDERS, DEFAULTS, ENVIRONMENTS
from scripts.devtools.pytest_runs import LEFT_OUT, Level, Outcome, PytestRun


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Write the outcomes of each test's runs into a folder of its own."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)


def _outcome(title: str, **printed) -> Outcome:
    outcome = Outcome(title, printed.pop("status", 0), 1.0)
    for name, value in printed.items():
        setattr(outcome, name, value)
    return outcome


def test_a_skipped_test_is_listed_and_fails_a_strict_run(capsys):
    """The summary lists the tests that did not run and why; a strict run fails because of them."""
    outcomes = [
        _outcome("bpy-4.5 with bpy", passed={"a"}, left_out={"b": "needs Debian's package blender"})
    ]
    assert testing.print_summary(outcomes, checks={"lint": True}, strict=False) == 0
    assert testing.print_summary(outcomes, checks={"lint": True}, strict=True) == 1
    printed = capsys.readouterr().out
    assert "b [bpy-4.5 with bpy]: needs Debian's package blender" in printed
    assert printed.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"


@pytest.mark.parametrize(
    ("outcome", "failed_check"),
    [
        ({"passed": {"a"}, "failed": {"b"}, "status": 1}, None),
        ({"passed": {"a"}, "status": 3}, None),
        ({"passed": {"a"}}, "lint"),
        ({"passed": {"a"}}, "docs"),
        ({}, None),
    ],
    ids=["a failure", "pytest broke", "lint", "docs", "no test at all"],
)
def test_a_failed_run_ends_with_status_1(outcome, failed_check):
    """A failed test, a crash of pytest, a failed check, and a run without tests all count."""
    assert (
        testing.print_summary(
            [_outcome("bpy-4.5 with bpy", **outcome)],
            checks={name: name != failed_check for name in testing.CHECKS},
            strict=False,
        )
        == 1
    )


def skipped_everywhere(name: str) -> list[Outcome]:
    """Return the outcomes of all Blenders, in which a test or a file does not apply."""
    return [
        _outcome(
            f"{each.name} with bpy", passed={"a"}, not_applicable={name: "does not apply: old"}
        )
        for each in BLENDERS
    ]


def test_a_test_that_is_skipped_in_every_environment_is_listed(capsys):
    """A skip that is intended on one Blender is allowed if another Blender runs the test."""
    outcomes = skipped_everywhere("t")
    assert testing.print_summary(outcomes, checks={}, strict=True) == 1
    assert "t: does not apply: old (in every environment)" in capsys.readouterr().out
    outcomes[-1].not_applicable.clear()
    outcomes[-1].passed.add("t")
    assert testing.print_summary(outcomes, checks={}, strict=True) == 0


def test_a_skipped_file_counts_as_run_where_its_tests_ran():
    """A skipped file is listed by its own name."""
    *outcomes, last = skipped_everywhere("tests/test_it.py")
    ran = _outcome(last.title, passed={"tests/test_it.py::test_a"})
    assert testing.print_summary([*outcomes, ran], checks={}, strict=True) == 0
    elsewhere = _outcome(last.title, passed={"tests/test_it.pyx::test_a"})
    assert testing.print_summary([*outcomes, elsewhere], checks={}, strict=True) == 1


def test_a_run_without_a_results_file_is_a_failure(capsys):
    """When pytest or nox ends before it writes its results, the run fails."""
    outcomes = [
        Outcome.read(PytestRun("bpy-4.5", "with bpy", ())),
        _outcome("bpy-4.5 other", passed={"a"}),
    ]
    assert testing.print_summary(outcomes, checks={"lint": True}, strict=False) == 1
    assert "did not run" in capsys.readouterr().out


def outcomes_of(monkeypatch, *tries: dict) -> list[list[str]]:
    """Let the runs of pytest have these outcomes, in turn; return the commands, as they come."""
    commands = list[list[str]]()

    def run(command, *, cwd, extra, output):
        printed: dict[str, object] = {
            "passed": [],
            "failed": [],
            "not_applicable": {},
            "left_out": {},
        }
        printed |= tries[len(commands)]
        is_crash = not tries[len(commands)]
        commands.append([str(word) for word in command])
        word = next(word for word in commands[-1] if word.startswith("--outcomes="))
        target = Path(word.removeprefix("--outcomes="))
        if is_crash:
            pytest_runs.running_test(target).write_text("test_it.py::test_b")
            return -11
        target.write_text(json.dumps(printed))
        return 1 if printed["failed"] else 0

    monkeypatch.setattr(pytest_runs, "run_command", run)
    return commands


def test_failed_tests_are_tried_again(monkeypatch, capsys):
    """Only they run again. One that passes then is named, and fails only a strict run."""
    pytest_run = PytestRun("bpy-4.5", "with bpy", ("-m", "blender"), second_try=True)
    first = {"passed": ["a"], "failed": ["b", "c"]}
    commands = outcomes_of(monkeypatch, first, {"passed": ["b", "c"]})
    assert pytest_runs.run_all(Path("python"), [pytest_run], strict=True)
    assert {"b", "c"} <= set(commands[1]) and "a" not in commands[1]
    assert {"-m", "--strict-skips"} <= set(commands[0])
    outcome = Outcome.read(pytest_run)
    assert (outcome.passed, outcome.unstable) == ({"a", "b", "c"}, {"b", "c"})
    assert testing.print_summary([outcome], checks={}, strict=False) == 0
    assert "unstable, passed at the second try: b [bpy-4.5 with bpy]" in capsys.readouterr().out
    assert testing.print_summary([outcome], checks={}, strict=True) == 1
    outcomes_of(monkeypatch, first, {"passed": ["b"], "failed": ["c"]})
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)
    assert Outcome.read(pytest_run).failed == {"c"}


@pytest.mark.parametrize(
    "first",
    [{"failed": ["a", "b", "c", "d"]}, {"failed": ["a"], "left_out": {"b": "no display"}}],
    ids=["many failures", "left out"],
)
def test_a_second_try_has_limits(monkeypatch, first):
    """Many failures are no coincidence, and a test that was left out stays a failure."""
    pytest_run = PytestRun("bpy-4.5", "with bpy", (), second_try=True)
    outcomes_of(monkeypatch, first, {"passed": first["failed"]})
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)


@pytest.mark.parametrize("again", ["ends", "crashes", "is unstable"])
def test_a_part_that_crashed_runs_again(monkeypatch, capsys, again):
    """Once, as a whole. The summary names the test that ran; a second crash is a failure."""
    pytest_run = PytestRun("bpy-4.5", "with bpy", ("-m", "blender"), second_try=True)
    ends = {"passed": ["a", "b"]}
    tries: dict[str, list[dict]] = {
        "ends": [{}, ends],
        "crashes": [{}, {}],
        "is unstable": [{}, {"passed": ["a"], "failed": ["b"]}, {"passed": ["b"]}],
    }
    commands = outcomes_of(monkeypatch, *tries[again])
    assert pytest_runs.run_all(Path("python"), [pytest_run], strict=True) == (again != "crashes")
    assert len(commands) == len(tries[again])
    outcome = Outcome.read(pytest_run)
    assert (outcome.passed, outcome.crashed_in) == (
        set() if again == "crashes" else {"a", "b"},
        "test_it.py::test_b",
    )
    assert testing.print_summary([outcome], checks={}, strict=False) == (again == "crashes")
    assert "CRASHED in test_it.py::test_b [bpy-4.5 with bpy]" in capsys.readouterr().out
    assert testing.print_summary([outcome], checks={}, strict=True) == 1


def test_a_crash_before_any_test_is_a_failure(monkeypatch):
    """A part that cannot even begin is not tried again."""
    pytest_run = PytestRun("bpy-4.5", "with bpy", (), second_try=True)
    statuses = iter([3])
    monkeypatch.setattr(pytest_runs, "run_command", lambda *words, **options: next(statuses))
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)


def test_runs_that_are_beside_another_are_made_at_its_time(monkeypatch):
    """Both are under way before either ends; what the second one prints comes as a whole."""
    under_way, printed = threading.Barrier(2, timeout=30), list[str]()
    selected = [PytestRun("bpy-4.5", "one", ()), PytestRun("bpy-4.5", "two", (), beside=True)]

    def run(command, *, cwd, extra, output):
        under_way.wait()
        if output:
            output.write_text("what it printed")
        return 0

    monkeypatch.setattr(pytest_runs, "run_command", run)
    monkeypatch.setattr(pytest_runs, "echo", printed.append)
    pytest_runs.run_all(Path("python"), selected, strict=True)
    assert printed[-1] == "-- the output of bpy-4.5 two:\nwhat it printed"


MARKERS = ("blender", "window", "debian", "one_blender", "feature", "slow", "thorough", "nightly")


def is_chosen(pytest_run: PytestRun, *marks: str) -> bool:
    """Return whether a run includes a test with these markers."""
    return eval(pytest_run.arguments[1], {}, {name: name in marks for name in MARKERS})


@pytest.mark.parametrize("level", [Level.TEST, Level.NIGHTLY])
@pytest.mark.parametrize("name", ["bpy-4.2", "bpy-5.0", "bpy-5.2", "bpy-5.3"])
def test_every_blender_runs_the_bpy_tests(name, level):
    """On each other Blender the `bpy` tests run, except those that are marked `one_blender`."""
    *smoke, selected = pytest_runs.runs_for(ENVIRONMENTS[name], ENVIRONMENTS["bpy-4.5"], level)
    is_whole = level is Level.NIGHTLY or name not in pytest_runs.BETWEEN
    assert is_chosen(selected, "blender", "feature")
    assert is_chosen(selected, "blender") == is_whole
    assert len(smoke) == is_whole
    assert not is_chosen(selected, "blender", "feature", "one_blender")
    assert not is_chosen(selected, "feature")
    assert not any(is_chosen(each, "blender") for each in smoke)


def test_between_is_between():
    """Whatever saves time on a Blender has an older and a newer one that runs all of it."""
    names = [environment.name for environment in BLENDERS]
    assert not pytest_runs.BETWEEN & {names[0], names[-1], *DEFAULTS.values()}
    kinds = {each.name: (each.python, numpy_of(each)) for each in BLENDERS}
    for name in pytest_runs.BETWEEN:
        assert kinds[name] in {kinds[each] for each in names if each not in pytest_runs.BETWEEN}


def numpy_of(environment):
    """Return the line of a lock that names the version of NumPy."""
    lines = environment.lock.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("numpy=="))


def test_another_python_runs_the_tests_without_blender_at_night():
    """By day they run on the default Python, and on the other one those that need NumPy."""
    other, default = ENVIRONMENTS["bpy-5.3"], ENVIRONMENTS["bpy-4.5"]
    smoke, _ = pytest_runs.runs_for(other, default, Level.THOROUGH)
    assert [each for each in smoke.arguments if each.startswith("tests/")]
    everything, _ = pytest_runs.runs_for(other, default, Level.NIGHTLY)
    assert not [each for each in everything.arguments if each.startswith("tests/")]
    assert is_chosen(everything) and not is_chosen(everything, "slow")


@pytest.mark.parametrize("file", [f"tests/{each}/test_it.py" for each in ("scene", "cli", "docs")])
@pytest.mark.parametrize("level", Level)
def test_each_test_is_in_one_run_of_its_level(level, file):
    """Whatever markers a test has, one run of the default environment includes it, or none."""
    default = ENVIRONMENTS["bpy-4.5"]
    runs = pytest_runs.runs_for(default, default, level)
    needs_blender = {"blender", "window", "debian"}
    for marks in itertools.product((True, False), repeat=len(MARKERS)):
        named = {name for name, is_on in zip(MARKERS, marks, strict=True) if is_on}
        chosen = [
            each.title
            for each in runs
            if is_chosen(each, *named) and includes(each.arguments, file)
        ]
        is_left_out = named & {*LEFT_OUT[level]} or (level is Level.FAST and named & needs_blender)
        assert len(chosen) == (0 if is_left_out else 1), (named, chosen)


def test_each_level_has_all_of_the_one_before():
    """From `--fast` to `--nightly`, which leaves out nothing."""
    left_out = [set(LEFT_OUT[level]) for level in Level]
    assert all(before > after for before, after in itertools.pairwise(left_out))
    assert not left_out[-1]


def includes(arguments, file):
    """Return whether the paths among the arguments of pytest include a file."""
    ignored = [each.removeprefix("--ignore=") for each in arguments if "--ignore=" in each]
    paths = [each for each in arguments if each.startswith("tests/")] or ["tests"]
    return any(map(file.startswith, paths)) and not any(map(file.startswith, ignored))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the development commands: environments, runs of pytest, the soak and the demo."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import demo, dev, languages
from scripts.devtools import debian, environments, manual, pip_settings, pytest_runs, soak, testing
from scripts.devtools.console import DevError
from scripts.devtools.environments import BLENDERS, DEFAULTS, ENVIRONMENTS, Environment
from scripts.devtools.pytest_runs import Outcome, PytestRun
from scripts.devtools.soak import Result
from scripts.devtools.soak_methods import METHODS, Method
from tests.processes import captured

ROOT = Path(__file__).resolve().parents[1]


# -- Libraries and packages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "libraries"),
    [
        (
            "ImportError: libXi.so.6: cannot open shared object file: No such file or directory",
            ["libXi.so.6"],
        ),
        (
            "\tlibSM.so.6 => not found\n\tlibICE.so.6 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n",
            ["libSM.so.6", "libICE.so.6"],
        ),
        ("a.so:\n\tlibXi.so.6 => not found\nb.so:\n\tlibXi.so.6 => not found\n", ["libXi.so.6"]),
        ("ImportError: /opt/x/libGL.so.1: cannot open shared object file", ["libGL.so.1"]),
        ("ModuleNotFoundError: No module named 'bpy'", []),
    ],
)
def test_missing_libraries_are_found_in_error_output(text, libraries):
    """Errors of the loader and the output of ldd name the libraries; each is listed once."""
    assert debian.libraries_named(text) == libraries


def test_a_missing_library_is_explained_with_its_package():
    """The text names the Debian package of a library, or how to find it."""
    printed = debian.explain(["libXi.so.6", "libstrange.so.9"])
    assert "libXi.so.6  is in the Debian package  libxi6" in printed
    assert "apt-file search libstrange.so.9" in printed
    assert debian.packages_of(["libXi.so.6", "libstrange.so.9", "libXi.so.6"]) == ["libxi6"]


def test_every_library_of_blender_is_in_the_table():
    """Each library that the bpy module needs has a package that an error message can name."""
    needed = "libGL.so.1 libICE.so.6 libSM.so.6 libX11.so.6 libXfixes.so.3 libXi.so.6 libXrender.so.1 libXxf86vm.so.1 libgomp.so.1 libxkbcommon.so.0 libEGL.so.1"
    assert [name for name in needed.split() if name not in debian.LIBRARY_PACKAGES] == []


def test_a_blender_that_cannot_be_loaded_explains_what_to_install(tmp_path, monkeypatch):
    """Without apt-get the error names the library, the package and the command."""
    (tmp_path / "bpy.py").write_text(
        "raise ImportError('libXi.so.6: cannot open shared object file: No such file or directory')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no apt-get
    with pytest.raises(DevError, match="sudo apt-get install libxi6"):
        debian.check_blender(Path(sys.executable), install=True)


@pytest.fixture
def apt_get(tmp_path, monkeypatch):
    """A fake apt-get that records its arguments, and a root user; return the record."""
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / "asked"}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "asked").write_text("")
    return tmp_path / "asked"


def test_root_alone_installs_nothing(apt_get):
    """Without --install and without a terminal nothing is installed; the error says how."""
    with pytest.raises(
        DevError, match=r"No window\. Please install: sudo apt-get install xvfb, or .* --install"
    ):
        debian.install_packages(["xvfb"], reason="No window.", install=False)
    assert apt_get.read_text() == ""


@pytest.mark.parametrize(
    ("typed", "installed"), [("y", True), ("YES", True), ("", False), ("n", False)]
)
def test_a_user_at_a_terminal_is_asked_before_an_installation(
    apt_get, monkeypatch, typed, installed
):
    """Packages are installed only after a yes."""
    terminal = SimpleNamespace(isatty=lambda: True, write=lambda text: None, flush=lambda: None)
    monkeypatch.setattr(debian, "sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    monkeypatch.setattr("builtins.input", lambda question: typed)
    with nullcontext() if installed else pytest.raises(DevError):
        debian.install_packages(["xvfb"], reason="No window.", install=False)
    assert ("install -y --no-install-recommends xvfb" in apt_get.read_text()) == installed


def test_the_install_option_installs_without_a_question(apt_get):
    """CI uses --install, since it has no terminal."""
    debian.install_packages(["xvfb", "blender"], reason="No window.", install=True)
    assert "install -y --no-install-recommends xvfb blender" in apt_get.read_text()


# -- Environments ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small environment made by a fake nox, which takes a moment and counts its calls."""
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path / "envs"))
    return Environment("lint", "lint", dev.VERSION)


MAKE_SLOWLY = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from scripts.devtools import environments as e
small = e.ENVIRONMENTS["lint"]
def nox(*arguments, extra):
    print("made", flush=True)
    time.sleep(1)
    e.record(small, Path(sys.executable))
e.nox = nox
print(e.ensure(small, install=False))
"""


def test_parallel_calls_make_an_environment_once(small):
    """Two processes need the same environment: one makes it, the other waits and uses it."""
    command = [sys.executable, "-c", MAKE_SLOWLY]
    calls = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [call.communicate(timeout=120)[0] for call in calls]
    assert [call.returncode for call in calls] == [0, 0]
    assert sorted(text.count("made\n") for text in printed) == [0, 1]
    assert [text.splitlines()[-1] for text in printed] == [sys.executable] * 2


def test_an_incomplete_environment_is_made_again(small, monkeypatch):
    """An environment without its completion mark, or whose Python is gone, is not used."""
    asked = []
    monkeypatch.setattr(environments, "nox", lambda *arguments, extra: asked.append(arguments))
    with pytest.raises(DevError, match=r"could not install lint\.txt"):
        environments.ensure(small, install=False)
    environments.record(small, environments.folder() / "gone")
    with pytest.raises(DevError, match=r"could not install lint\.txt"):
        environments.ensure(small, install=False)
    assert len(asked) == 2
    assert {"--reuse-venv=never"} <= set(asked[0])
    environments.record(small, Path(sys.executable))
    assert environments.ensure(small, install=False) == Path(sys.executable)
    assert len(asked) == 2


def test_other_locks_use_another_folder(monkeypatch, tmp_path):
    """No environment is updated in place; the same lock files lead to the same folder."""
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path))
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("ruff==1\n")
    other.write_text("ruff==2\n")
    assert (
        dev.folder_for("tools", one)
        == dev.folder_for("tools", one)
        != dev.folder_for("tools", other)
    )


def test_environments_are_outside_the_clone(monkeypatch, tmp_path):
    """Environments are in the user's cache or in MINT_BLENDER_ENVS."""
    monkeypatch.delenv("MINT_BLENDER_ENVS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert dev.cache() == tmp_path / "cache" / "mint-blender" / "envs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert dev.cache() == tmp_path / "home" / ".cache" / "mint-blender" / "envs"
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path / "mine"))
    assert dev.cache() == tmp_path / "mine"


def test_a_missing_python_is_reported(small, monkeypatch):
    """The error says which Python an environment needs; none is downloaded."""
    monkeypatch.setattr(environments, "has_python", lambda version: False)
    with pytest.raises(DevError, match=r"bpy-5\.2 needs Python 3\.13"):
        environments.ensure(ENVIRONMENTS["bpy-5.2"], install=False)
    with pytest.raises(DevError, match=r"3\.11 and 3\.13"):
        environments.default()


def test_lock_files_have_hashes_and_no_address():
    """Every package is pinned with its hashes, and no index, host or folder is named."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8").replace("\\\n", "")
        lines = [
            line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
        ]
        assert lines
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []
        assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_the_bpy_stubs_and_bpy_are_in_different_environments():
    """fake-bpy-module would replace Blender's bpy, so it is only in the environment without bpy."""
    for environment in ENVIRONMENTS.values():
        text = environment.lock.read_text(encoding="utf-8")
        assert ("\nbpy==" in text) == environment.has_blender
        assert ("fake-bpy-module" in text) == (environment.name == "lint")


def test_uv_uses_the_package_index_of_pip(monkeypatch):
    """Settings of pip are passed to uv, those of the environment before those of a file.

    Settings of uv itself take precedence.
    """
    listed = (
        "global.find-links='/a\\n/b'\nglobal.index-url='https://global.invalid/simple'\nglobal.no-color='1'\n"
        "install.index-url='https://install.invalid/simple'\n:env:.index-url='https://env.invalid/simple'\n"
    )
    expected = {"UV_DEFAULT_INDEX": "https://env.invalid/simple", "UV_FIND_LINKS": "/a,/b"}
    assert pip_settings.uv_variables(listed) == expected
    assert pip_settings.uv_variables(
        "global.extra-index-url='https://a.invalid https://b.invalid'"
    ) == {
        "UV_INDEX": "https://a.invalid https://b.invalid",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    monkeypatch.setattr(
        pip_settings, "run_captured", lambda command: SimpleNamespace(stdout=listed)
    )
    monkeypatch.setenv("UV_INDEX_URL", "https://uv.invalid/simple")
    assert pip_settings.for_uv() == {"UV_FIND_LINKS": "/a,/b"}


# -- Counting ----------------------------------------------------------------------------------------------------------------


# -- The manual --------------------------------------------------------------------------------------------------------------


def test_the_manual_has_the_languages_of_the_interface():
    """English is first; a language whose translation was not begun is left out."""
    folders = {path.name for path in languages.LOCALE.iterdir() if path.is_dir()}
    assert folders == set(languages.LANGUAGES)
    assert list(languages.manual_languages()) == ["en", *languages.LANGUAGES]


def test_a_language_is_in_the_manual_once_it_was_begun(tmp_path, monkeypatch):
    """The interface can be translated before the manual."""
    monkeypatch.setattr(languages, "LOCALE", tmp_path)
    monkeypatch.setitem(languages.LANGUAGES, "fr", "Français")
    assert languages.manual_languages() == {"en": "English"}
    (tmp_path / "fr").mkdir()
    assert languages.manual_languages() == {"en": "English", "fr": "Français"}


@pytest.mark.parametrize(
    ("words", "languages"),
    [([], ["en", "de", "ja"]), (["--language", "de"], ["de"]), (["--strict"], ["en", "de", "ja"])],
)
def test_the_manual_is_built_in_the_languages_that_are_asked_for(words, languages):
    """All of them, or one; a warning is an error, and no language overwrites another one's pages."""
    assert list(manual.languages(words)) == languages
    commands = [manual.build_command(language) for language in languages]
    assert all("--fail-on-warning" in command for command in commands)
    assert len({command[-1] for command in commands}) == len(languages)


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


def test_a_test_that_is_skipped_in_every_environment_is_listed(capsys):
    """A skip that is intended on one Blender is allowed if another Blender runs the test."""
    blenders = [environment.name for environment in BLENDERS]
    skipped = {"t": "does not apply: no decoder"}
    outcomes = [
        _outcome(f"{name} with bpy", passed={"a"}, not_applicable=dict(skipped))
        for name in blenders
    ]
    assert testing.print_summary(outcomes, checks={}, strict=True) == 1
    assert "t: does not apply: no decoder (in every environment)" in capsys.readouterr().out
    outcomes[-1].not_applicable.clear()
    outcomes[-1].passed.add("t")
    assert testing.print_summary(outcomes, checks={}, strict=True) == 0
    assert testing.print_summary(outcomes[:-1], checks={}, strict=True, before=outcomes[-1:]) == 0


def test_a_skipped_file_counts_as_run_where_its_tests_ran():
    """A skipped file is listed by its own name.

    On the Blender where it applies, only its tests are listed.
    """
    blenders = [environment.name for environment in BLENDERS]
    skipped = {"tests/test_it.py": "does not apply: no point clouds"}
    outcomes = [
        _outcome(f"{name} with bpy", passed={"a"}, not_applicable=dict(skipped))
        for name in blenders[:-1]
    ]
    ran = _outcome(f"{blenders[-1]} with bpy", passed={"tests/test_it.py::test_a"})
    assert testing.print_summary([*outcomes, ran], checks={}, strict=True) == 0
    elsewhere = _outcome(f"{blenders[-1]} with bpy", passed={"tests/test_it.pyx::test_a"})
    assert testing.print_summary([*outcomes, elsewhere], checks={}, strict=True) == 1


def test_a_run_without_a_results_file_is_a_failure(tmp_path, monkeypatch, capsys):
    """When pytest or nox ends before it writes its results, the run fails."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    outcomes = [
        Outcome.read(PytestRun("bpy-4.5", "with bpy", ())),
        _outcome("bpy-4.5 other", passed={"a"}),
    ]
    assert testing.print_summary(outcomes, checks={"lint": True}, strict=False) == 1
    assert "did not run" in capsys.readouterr().out


def test_a_run_records_its_exit_status(tmp_path, monkeypatch):
    """The exit status of pytest is recorded beside the outcome of each test."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    pytest_run = PytestRun("bpy-4.5", "with bpy", ("tests",))
    printed = {"passed": ["a"], "failed": [], "not_applicable": {}, "left_out": {"b": "no display"}}

    def run(command, *, cwd, extra, output):
        assert command[3:] == [
            f"--outcomes={pytest_run.results}",
            "tests",
            "--continue-on-collection-errors",
            "--strict-skips",
            "-p",
            "no:cacheprovider",
            "--durations=10",
        ]
        pytest_run.results.write_text(json.dumps(printed))
        return 1

    monkeypatch.setattr(pytest_runs, "run_command", run)
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)
    outcome = Outcome.read(pytest_run)
    assert (outcome.status, outcome.passed, outcome.left_out) == (1, {"a"}, {"b": "no display"})
    assert not outcome.is_successful


def outcomes_of(monkeypatch, *tries: dict[str, list[str]]) -> list[list[str]]:
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
        commands.append([str(word) for word in command])
        target = next(word for word in commands[-1] if word.startswith("--outcomes="))
        Path(target.removeprefix("--outcomes=")).write_text(json.dumps(printed))
        return 1 if printed["failed"] else 0

    monkeypatch.setattr(pytest_runs, "run_command", run)
    return commands


def test_failed_tests_are_tried_again(tmp_path, monkeypatch, capsys):
    """Only they run again. One that passes then is named in the summary; one that fails counts."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    pytest_run = PytestRun("bpy-4.5", "with bpy", ("-m", "blender"), second_try=True)
    first = {"passed": ["a"], "failed": ["b", "c"]}
    commands = outcomes_of(monkeypatch, first, {"passed": ["b", "c"]})
    assert pytest_runs.run_all(Path("python"), [pytest_run], strict=True)
    assert {"b", "c"} <= set(commands[1]) and "a" not in commands[1] and "-m" in commands[0]
    outcome = Outcome.read(pytest_run)
    assert (outcome.passed, outcome.unstable) == ({"a", "b", "c"}, {"b", "c"})
    assert testing.print_summary([outcome], checks={}, strict=True) == 0
    assert "unstable, passed at the second try: b [bpy-4.5 with bpy]" in capsys.readouterr().out
    outcomes_of(monkeypatch, first, {"passed": ["b"], "failed": ["c"]})
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)
    assert Outcome.read(pytest_run).failed == {"c"}


@pytest.mark.parametrize(
    "first",
    [{"failed": ["a", "b", "c", "d"]}, {"failed": ["a"], "left_out": {"b": "no display"}}],
    ids=["many failures", "left out"],
)
def test_a_second_try_has_limits(tmp_path, monkeypatch, first):
    """Many failures are no coincidence, and a test that was left out stays a failure."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    pytest_run = PytestRun("bpy-4.5", "with bpy", (), second_try=True)
    outcomes_of(monkeypatch, first, {"passed": first["failed"]})
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)


@pytest.mark.parametrize("again", ["ends", "crashes", "is unstable"])
def test_a_part_that_crashed_runs_again(tmp_path, monkeypatch, capsys, again):
    """Once, as a whole. The summary names the test that ran; a second crash is a failure."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    pytest_run = PytestRun("bpy-4.5", "with bpy", ("-m", "blender"), second_try=True)
    ends = {"passed": ["a", "b"]}
    tries: dict[str, list[dict]] = {
        "ends": [{}, ends],
        "crashes": [{}, {}],
        "is unstable": [{}, {"passed": ["a"], "failed": ["b"]}, {"passed": ["b"]}],
    }
    left = iter(tries[again])

    def run(command, *, cwd, extra, output):
        target = Path(str(command[3]).removeprefix("--outcomes="))
        if printed := next(left):
            target.write_text(json.dumps(printed))
            return 1 if "failed" in printed else 0
        pytest_runs.running_test(target).write_text("test_it.py::test_b")
        return -11

    monkeypatch.setattr(pytest_runs, "run_command", run)
    assert pytest_runs.run_all(Path("python"), [pytest_run], strict=True) == (again != "crashes")
    assert next(left, None) is None
    outcome = Outcome.read(pytest_run)
    assert (outcome.passed, outcome.crashed_in) == (
        set() if again == "crashes" else {"a", "b"},
        "test_it.py::test_b",
    )
    assert testing.print_summary([outcome], checks={}, strict=True) == (again == "crashes")
    assert "CRASHED in test_it.py::test_b [bpy-4.5 with bpy]" in capsys.readouterr().out


def test_a_crash_before_any_test_is_a_failure(tmp_path, monkeypatch, capsys):
    """A part that cannot even begin is not tried again."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
    pytest_run = PytestRun("bpy-4.5", "with bpy", (), second_try=True)
    statuses = iter([3])
    monkeypatch.setattr(pytest_runs, "run_command", lambda *words, **options: next(statuses))
    assert not pytest_runs.run_all(Path("python"), [pytest_run], strict=True)


def test_a_title_in_the_summary_is_apart_from_its_counts(capsys):
    """However long it is."""
    titles = ["bpy-4.5 with bpy", "bpy-4.5 with bpy and processes"]
    outcomes = [_outcome(title, passed={"a"}) for title in titles]
    testing.print_summary(outcomes, checks={"lint": True}, strict=True)
    lines = capsys.readouterr().out.splitlines()
    found = [line.index("1 passed") for line in lines if line.startswith("   bpy")]
    assert found == [3 + len(titles[1]) + 1] * 2
    assert f"   {titles[1]} 1 passed" in "\n".join(lines)


def test_runs_that_are_beside_another_are_made_at_its_time(tmp_path, monkeypatch):
    """Both are under way before either ends; what the second one prints comes as a whole."""
    monkeypatch.setattr(pytest_runs, "RESULTS", tmp_path)
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


def is_chosen(pytest_run: PytestRun, *marks: str) -> bool:
    """Return whether a run includes a test with these markers."""
    names = ("blender", "window", "debian", "one_blender", "feature")
    return eval(pytest_run.arguments[1], {}, {name: name in marks for name in names})


@pytest.mark.parametrize("nightly", [False, True])
@pytest.mark.parametrize("name", ["bpy-4.2", "bpy-5.0", "bpy-5.2", "bpy-5.3"])
def test_every_blender_runs_the_bpy_tests(name, nightly):
    """On each other Blender the `bpy` tests run, except those that are marked `one_blender`.

    One that is between two others shows the features by day, and runs the rest at night.
    """
    *smoke, selected = pytest_runs.runs_for(
        ENVIRONMENTS[name], ENVIRONMENTS["bpy-4.5"], nightly=nightly
    )
    is_whole = nightly or name not in pytest_runs.BETWEEN
    assert is_chosen(selected, "blender", "feature")
    assert is_chosen(selected, "blender") == is_whole
    assert len(smoke) == is_whole
    assert not is_chosen(selected, "blender", "feature", "one_blender")
    assert not is_chosen(selected, "feature")
    assert not any(is_chosen(each, "blender") for each in smoke)


def test_between_is_between():
    """Whatever saves time on a Blender has an older and a newer one that runs all of it.

    One of these has the same Python and NumPy.
    """
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
    smoke, _ = pytest_runs.runs_for(other, default)
    assert [each for each in smoke.arguments if each.startswith("tests/")]
    everything, _ = pytest_runs.runs_for(other, default, nightly=True)
    assert not [each for each in everything.arguments if each.startswith("tests/")]
    assert is_chosen(everything) and not is_chosen(everything, "one_blender")


def test_fast_leaves_out_what_takes_minutes():
    """It runs no Blender, and none of the tests that simulate or kill whole systems."""
    default = ENVIRONMENTS["bpy-4.5"]
    (fast,) = pytest_runs.runs_for(default, default, fast=True)
    assert is_chosen(fast) and not is_chosen(fast, "blender") and not is_chosen(fast, "one_blender")


@pytest.mark.parametrize("file", ["tests/scene/test_it.py", "tests/cli/test_it.py"])
def test_each_test_is_in_exactly_one_run(file):
    """Whatever markers a test has, exactly one run of the default environment includes it."""
    default = ENVIRONMENTS["bpy-4.5"]
    runs = pytest_runs.runs_for(default, default)
    for marks in itertools.product((True, False), repeat=4):
        named = dict(zip(("blender", "window", "debian", "one_blender"), marks, strict=True))
        chosen = [
            each.title
            for each in runs
            if eval(each.arguments[1], {}, named) and includes(each.arguments, file)
        ]
        assert len(chosen) == 1, chosen


def includes(arguments, file):
    """Return whether the paths among the arguments of pytest include a file."""
    ignored = [each.removeprefix("--ignore=") for each in arguments if "--ignore=" in each]
    paths = [each for each in arguments if each.startswith("tests/")] or ["tests"]
    return any(map(file.startswith, paths)) and not any(map(file.startswith, ignored))


MADE_UP = Method("made_up", "tests.made_up", ("--jobs", "9"), ("--jobs", "1"))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_command_with_its_options(name: str) -> None:
    """The package can be started, and its help has every option that `soak` passes."""
    method = METHODS[name]
    command = [sys.executable, "-m", method.package, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    options = {word for word in (*method.long, *method.short) if word.startswith("--")}
    assert [option for option in sorted(options) if option not in done.stdout] == []
    assert ("--minutes" in done.stdout) == method.takes_minutes
    assert method.name == name and method.environment in ("", *ENVIRONMENTS)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("", 0),
        ("all good", 0),
        ("[]", 0),
        ('{"figures": {}, "failures": []}', 0),
        ('{"figures": {"jobs": "many"}, "failures": [], "seconds": 1}', 0),
        ('{"figures": {}, "failures": [], "seconds": 1}', 1),
        ('{"figures": {}, "failures": ["seed 5"], "seconds": 1}', 0),
    ],
)
def test_anything_but_a_result_is_an_error(line: str, status: int) -> None:
    """A method that was killed, or that does not say what its exit status says, has not succeeded."""
    with pytest.raises(ValueError, match=r"."):
        Result.read(line, status)


def run_made_up(
    monkeypatch: pytest.MonkeyPatch, code: str, *words: str, method: Method = MADE_UP
) -> int:
    """Run `soak` with one method, which is this code."""
    monkeypatch.setitem(METHODS, "made_up", method)
    monkeypatch.setattr(environments, "ensure", lambda environment, install: Path(sys.executable))
    monkeypatch.setattr(environments, "default", lambda: None)
    real = soak._run_and_show
    monkeypatch.setattr(
        soak,
        "_run_and_show",
        lambda command, folder: real([command[0], "-c", code, *command[3:]], folder),
    )
    return soak.main(["made_up", *words], install=False)


GOOD = """
import json, sys
print("seed 1")
print(json.dumps({"figures": {"jobs": int(sys.argv[2])}, "failures": [], "seconds": 2.0}))
"""


@pytest.mark.parametrize(("words", "jobs"), [([], 9), (["--short"], 1)])
def test_a_method_is_run_and_its_figures_are_shown(monkeypatch, capsys, words, jobs) -> None:
    """Its own output is shown as well; `--short` has other arguments."""
    assert run_made_up(monkeypatch, GOOD, *words) == 0
    printed = capsys.readouterr().out
    assert "   seed 1\n" in printed
    assert ["jobs", str(jobs)] in [line.split() for line in printed.splitlines()]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import json; print(json.dumps({'figures': {}, 'failures': ['seed 5'], 'seconds': 1})); exit(1)",
            "seed 5",
        ),
        ("print('half a'); exit(3)", "no result, exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "no result, exit status -9"),
    ],
)
def test_a_failure_is_shown_and_fails_the_command(monkeypatch, capsys, code, said) -> None:
    """So does a method that was killed, or that prints something else."""
    assert run_made_up(monkeypatch, code) == 1
    assert said in capsys.readouterr().out


def test_minutes_are_for_methods_that_have_them(monkeypatch, capsys) -> None:
    """Another one is not run for hours instead."""
    assert run_made_up(monkeypatch, GOOD, "--minutes", "5") == 0
    assert "made_up has no --minutes" in capsys.readouterr().out


def test_the_page_names_every_method() -> None:
    """Its table has a row for each, which says what it does and what its last whole run has counted."""
    page = (ROOT / "docs" / "development" / "testing.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(METHODS)


def test_a_seed_is_handed_on(monkeypatch, capsys) -> None:
    """So that each night simulates other worlds."""
    assert run_made_up(monkeypatch, GOOD, "--short", "--seed", "170000") == 0
    assert "--seed 170000" in capsys.readouterr().out


def typed(text: str) -> list[str]:
    """Return the lines that are set apart, to be pasted into a terminal."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


@pytest.mark.skipif(sys.platform == "win32", reason="does not apply: the lines are for a shell")
def test_the_last_lines_can_be_pasted() -> None:
    """A shell in the clone takes them as they are, with a Python that has what the add-on needs."""
    key, command = typed(demo.advice(windows=False))
    assert key == "export MINT_API_KEY=…"
    assert command.endswith(" -o lamp.blend --render lamp.png")
    script = f"{key}\n{command} --help"
    done = captured(["sh", "-euc", script], cwd=demo.ROOT)
    assert done.returncode == 0, done.stderr
    assert "--render" in done.stdout


def test_powershell_gets_its_own_lines() -> None:
    """There `export` is no command, and a path in quotes is started with an ampersand."""
    key, command = typed(demo.advice(windows=True))
    assert key == '$env:MINT_API_KEY = "…"'
    assert command.startswith("& ")


def test_the_pages_that_are_named_exist() -> None:
    """Each page is a file of the clone."""
    named = re.findall(r"docs/\S+\.md", demo.advice())
    assert len(named) == 2
    assert [each for each in named if not (demo.ROOT / each).is_file()] == []

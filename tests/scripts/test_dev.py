# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the development commands: environments, runs of pytest, the soak and the demo."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import demo, dev, languages
from scripts.devtools import debian, environments, pip_settings, soak, windows
from scripts.devtools.console import DevError
from scripts.devtools.environments import ENVIRONMENTS, Environment
from scripts.devtools.pytest_runs import Level
from scripts.devtools.soak import Result
from scripts.devtools.soak_methods import METHODS, Method
from tests.harness.processes import captured

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize(
    ("typed", "install", "installed"),
    [
        ("y", False, True),
        ("YES", False, True),
        ("", False, False),
        (None, False, False),
        (None, True, True),
    ],
)
def test_packages_are_installed_after_a_yes_or_with_the_option(
    apt_get, monkeypatch, typed, install, installed
):
    """A user at a terminal is asked; without one, as in CI, the error names the option."""
    terminal = SimpleNamespace(
        isatty=lambda: typed is not None, write=lambda text: None, flush=lambda: None
    )
    monkeypatch.setattr(debian, "sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    monkeypatch.setattr("builtins.input", lambda question: typed)
    said = r"No window\. Please install: sudo apt-get install xvfb, or .* --install"
    with nullcontext() if installed else pytest.raises(DevError, match=said):
        debian.install_packages(["xvfb"], reason="No window.", install=install)
    assert ("install -y --no-install-recommends xvfb" in apt_get.read_text()) == installed


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


class WineProcess:
    """A process that has ended, or that stands still until it is killed."""

    def __init__(self, ends: bool) -> None:
        self.status = 0 if ends else None

    def poll(self) -> int | None:
        return self.status

    def kill(self) -> None:
        self.status = 1

    def wait(self) -> None:
        assert self.status is not None


def test_windows_tests_are_run_a_file_at_a_time(monkeypatch):
    """Wine may stand still in one of them: it is run again, and the others are run."""
    ran = []

    def start(command, *, cwd, **_more):
        (file,) = [word for word in command if word.startswith("tests/net/test_")]
        ran.append(file)
        if "retry" in file or ("guarded" in file and ran.count(file) == 1):
            return WineProcess(ends=False)
        outcomes = next(word for word in command if word.startswith("--outcomes="))
        names = ("failed", "not_applicable", "left_out", "durations")
        record: dict[str, object] = {name: {} for name in names}
        text = json.dumps({**record, "passed": [file]})
        (cwd / outcomes.removeprefix("--outcomes=")).write_text(text)
        return WineProcess(ends=True)

    monkeypatch.setattr(windows, "ensure", lambda install: Path("environment"))
    monkeypatch.setattr(windows, "own_python", lambda folder: Path("python.exe"))
    monkeypatch.setattr(windows, "variables_of", lambda folder: {})
    monkeypatch.setattr(windows, "FILE_LIMIT", 0.0)
    monkeypatch.setattr(subprocess, "Popen", start)
    outcome = windows.test(["tests/net"], Level.TEST, install=False)
    assert outcome.failed == {"tests/net/test_retry.py"} and not outcome.is_successful
    assert outcome.passed >= {"tests/net/test_connections.py", "tests/net/test_guarded_socket.py"}
    assert ran.count("tests/net/test_retry.py") == windows.TRIES


def test_help_installs_nothing(tmp_path):
    """It is there before nox and uv are: a newcomer asks first."""
    words = [sys.executable, "scripts/dev.py", "test", "--help"]
    variables = {**os.environ, "MINT_BLENDER_ENVS": str(tmp_path / "envs")}
    done = captured(words, cwd=ROOT, env=variables)
    assert done.returncode == 0 and "--thorough" in done.stdout, done.stderr
    assert not (tmp_path / "envs").exists()


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
    """Settings of pip are passed to uv, those of the environment before those of a file."""
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


# -- The manual --------------------------------------------------------------------------------------------------------------


def test_the_manual_has_the_languages_of_the_interface():
    """English is first; a language whose translation was not begun is left out."""
    folders = {path.name for path in languages.LOCALE.iterdir() if path.is_dir()}
    assert folders == set(languages.LANGUAGES)
    assert list(languages.manual_languages()) == ["en", *languages.LANGUAGES]


MADE_UP = Method("made_up", "tests.made_up", ("--jobs", "9"), ("--jobs", "1"))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_command_with_its_options(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The package can be started, and its help has every option that `soak` passes."""
    method = METHODS[name]
    monkeypatch.setattr(sys, "argv", [method.package, "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module(method.package, run_name="__main__", alter_sys=True)
    printed = capsys.readouterr().out
    assert not end.value.code
    options = {word for word in (*method.long, *method.short) if word.startswith("--")}
    assert [option for option in sorted(options) if option not in printed] == []
    assert ("--minutes" in printed) == method.takes_minutes
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
    """Its own output is shown as well; `--short` has other arguments; a seed is handed on."""
    assert run_made_up(monkeypatch, GOOD, *words, "--seed", "170000") == 0
    printed = capsys.readouterr().out
    assert "   seed 1\n" in printed and "--seed 170000" in printed
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

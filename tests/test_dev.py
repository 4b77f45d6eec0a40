# SPDX-License-Identifier: GPL-3.0-or-later
"""The developer commands: environments are made once and whole, what is missing is named, and no
skipped test goes unseen.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devtools import debian, environments, locks, testing
from scripts.devtools.environments import ENVIRONMENTS, Environment
from scripts.devtools.say import Trouble
from scripts.devtools.testing import Outcome

ROOT = Path(__file__).resolve().parents[1]
HERE = environments.own_python()


# -- Libraries and packages
# --------------------------------------------------------------------------------------------------


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
def test_missing_libraries_are_read_from_the_loaders_words(text, libraries):
    """Both the loader's complaint and the output of ldd name the libraries, each once."""
    assert debian.libraries_named(text) == libraries


def test_a_library_is_named_with_its_package():
    """A person reads which Debian package brings a library, or how to find out."""
    told = debian.explain(["libXi.so.6", "libstrange.so.9"])
    assert "libXi.so.6  is in the Debian package  libxi6" in told
    assert "apt-file search libstrange.so.9" in told
    assert debian.packages_of(["libXi.so.6", "libstrange.so.9", "libXi.so.6"]) == ["libxi6"]


def test_what_blender_links_to_is_in_the_table():
    """Each library that the bpy module is known to need has a package: an ImportError never stands
    alone.
    """
    needed = "libGL.so.1 libICE.so.6 libSM.so.6 libX11.so.6 libXfixes.so.3 libXi.so.6 libXrender.so.1 libXxf86vm.so.1 libgomp.so.1 libxkbcommon.so.0 libEGL.so.1"
    assert [name for name in needed.split() if name not in debian.LIBRARY_PACKAGES] == []


def test_a_blender_that_cannot_be_loaded_says_what_to_install(tmp_path, monkeypatch):
    """Where nothing may be installed, the sentence holds the library, the package, and the command
    to type.
    """
    (tmp_path / "bpy.py").write_text(
        "raise ImportError('libXi.so.6: cannot open shared object file: No such file or directory')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no apt-get
    with pytest.raises(Trouble, match="sudo apt-get install libxi6"):
        environments.check_blender(Path(sys.executable))


# -- Environments
# ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An environment with nothing in it, so that it is made in seconds and without a network."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "small.txt").write_text("# nothing\n")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path / "envs"))
    return Environment("small", (HERE,), 0, 0)


def test_an_environment_is_named_after_what_is_in_it(monkeypatch, tmp_path):
    """Another lock or another Python is another folder; the same is the same."""
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path))
    one = environments.path_of(ENVIRONMENTS["lint"], "3.11", "ruff==1\n")
    assert one.name.startswith("lint-")
    assert one == environments.path_of(ENVIRONMENTS["lint"], "3.11", "ruff==1\n")
    assert (
        len(
            {
                one,
                environments.path_of(ENVIRONMENTS["lint"], "3.13", "ruff==1\n"),
                environments.path_of(ENVIRONMENTS["lint"], "3.11", "ruff==2\n"),
            }
        )
        == 3
    )


def test_environments_outlive_the_clone(monkeypatch, tmp_path):
    """They lie in the user's cache, or where MINT_BLENDER_ENVS says, never in the clone."""
    monkeypatch.delenv("MINT_BLENDER_ENVS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert environments.folder() == tmp_path / "cache" / "mint-blender" / "envs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert environments.folder() == tmp_path / "home" / ".cache" / "mint-blender" / "envs"
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path / "mine"))
    assert environments.folder() == tmp_path / "mine"


def test_parallel_calls_make_an_environment_once(small):
    """Two processes that need the same environment at the same time: one makes it, the other waits
    and uses it.
    """
    root = environments.ROOT
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from scripts.devtools import environments as e\n"
        f"e.ROOT = Path({str(root)!r})\n"
        f"print(e.ready(e.Environment('small', ({HERE!r},), 0, 0)))"
    )
    calls = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [call.communicate(timeout=120)[0] for call in calls]
    assert [call.returncode for call in calls] == [0, 0]
    assert sorted(text.count("Making the environment") for text in told) == [0, 1]
    pythons = {text.splitlines()[-1] for text in told}
    assert len(pythons) == 1
    assert (
        subprocess.run(
            [pythons.pop(), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"],
            check=False,
        ).returncode
        == 0
    )


def test_a_half_made_environment_is_made_anew(small, capsys):
    """What an interrupted run left is thrown away, whatever is in it; a whole one is used as it is."""
    path = environments.path_of(small, HERE, small.lock.read_text())
    (path / "bin").mkdir(parents=True)
    (path / "left-over").write_text("")
    python = environments.ready(small)
    assert "half-made" in capsys.readouterr().out
    assert python.exists()
    assert not (path / "left-over").exists()
    assert environments.ready(small) == python
    assert capsys.readouterr().out == ""


def test_outdated_environments_can_be_removed(monkeypatch, tmp_path):
    """Those that fit the locks stay, the others go, and nothing else in the folder is touched."""
    monkeypatch.setenv("MINT_BLENDER_ENVS", str(tmp_path))
    fits = environments.path_of(ENVIRONMENTS["lint"], "3.11", ENVIRONMENTS["lint"].lock.read_text())
    outdated = environments.path_of(ENVIRONMENTS["lint"], "3.11", "something else")
    for path in (fits, outdated, tmp_path / "lint-notes"):
        path.mkdir()
    assert environments.prune() == [outdated]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([fits.name, "lint-notes"])


def test_a_launcher_without_its_python_is_passed_over(tmp_path, monkeypatch):
    """A `python3.11` on the PATH that does not start, as a version manager leaves them, does not
    hide one that does.
    """
    other = "3.13" if HERE == "3.11" else "3.11"
    for folder, line in (("broken", "exit 127"), ("good", f"echo {other}")):
        launcher = tmp_path / folder / f"python{other}"
        launcher.parent.mkdir()
        launcher.write_text(f"#!/bin/sh\n{line}\n")
        launcher.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'broken'}:{tmp_path / 'good'}")
    assert environments.find_python(other) == str(tmp_path / "good" / f"python{other}")


def test_another_python_alone_is_told_what_is_needed(tmp_path, monkeypatch):
    """On a Python without a bpy, and with no other on the PATH, one sentence says which Pythons
    there is one for.
    """
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environments, "own_python", lambda: "3.12")
    with pytest.raises(Trouble, match=r"3\.11 and 3\.13"):
        environments.default_environment()


def test_locks_hold_no_address():
    """The pinned lists pin every package and name no index, host or folder."""
    for environment in ENVIRONMENTS.values():
        lines = [
            line
            for line in environment.lock.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.lstrip().startswith("#")
        ]
        assert lines
        assert [
            line for line in lines if "==" not in line or "://" in line or line.startswith("-")
        ] == []
    assert "--no-emit-index-url" in locks.command(ENVIRONMENTS["lint"], upgrade=False)


def test_the_stubs_never_meet_the_real_bpy():
    """fake-bpy-module would shadow Blender: it is in the one environment that has none."""
    for environment in ENVIRONMENTS.values():
        text = environment.lock.read_text(encoding="utf-8")
        assert ("\nbpy==" in text) == environment.has_blender
        assert ("fake-bpy-module" in text) == (environment.name == "lint")


# -- Counting
# ----------------------------------------------------------------------------------------------------------------


def _outcome(title: str, **told) -> Outcome:
    outcome = Outcome(title, told.pop("status", 0), 1.0)
    for name, value in told.items():
        setattr(outcome, name, value)
    return outcome


def test_a_left_out_test_is_named_and_fails_a_strict_run(capsys):
    """Whoever runs the tests reads which ones did not run and why; where it counts, that is a
    failure.
    """
    outcomes = [
        _outcome("bpy-4.5 with bpy", passed={"a"}, left_out={"b": "needs Debian's package blender"})
    ]
    assert testing.conclude(outcomes, lint_good=True, strict=False) == 0
    assert testing.conclude(outcomes, lint_good=True, strict=True) == 1
    told = capsys.readouterr().out
    assert "b [bpy-4.5 with bpy]: needs Debian's package blender" in told
    assert told.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"


@pytest.mark.parametrize(
    ("outcome", "lint_good"),
    [
        ({"passed": {"a"}, "failed": {"b"}, "status": 1}, True),
        ({"passed": {"a"}, "status": 3}, True),
        ({"passed": {"a"}}, False),
        ({}, True),
    ],
    ids=["a failure", "pytest broke", "lint", "no test at all"],
)
def test_what_is_not_good(outcome, lint_good):
    """A failed test, a pytest that broke, a failed check, and a run without any test each end with
    status 1.
    """
    assert (
        testing.conclude(
            [_outcome("bpy-4.5 with bpy", **outcome)], lint_good=lint_good, strict=False
        )
        == 1
    )


def test_a_test_that_applies_nowhere_is_left_out(capsys):
    """A skip that is meant on one Blender is fine as long as another Blender runs the test."""
    blenders = [name for name, environment in ENVIRONMENTS.items() if environment.has_blender]
    skipped = {"t": "does not apply: no decoder"}
    outcomes = [
        _outcome(f"{name} with bpy", passed={"a"}, not_applicable=dict(skipped))
        for name in blenders
    ]
    assert testing.conclude(outcomes, lint_good=None, strict=True) == 1
    assert "t: does not apply: no decoder (in every environment)" in capsys.readouterr().out
    outcomes[-1].not_applicable.clear()
    outcomes[-1].passed.add("t")
    assert testing.conclude(outcomes, lint_good=None, strict=True) == 0
    assert testing.conclude(outcomes[:-1], lint_good=None, strict=True, before=outcomes[-1:]) == 0


def test_a_file_that_skips_itself_ran_where_its_tests_ran():
    """A whole file is skipped under the file's name; on the Blender where it applies, only its
    tests are named.
    """
    blenders = [name for name, environment in ENVIRONMENTS.items() if environment.has_blender]
    skipped = {"tests/test_it.py": "does not apply: no point clouds"}
    outcomes = [
        _outcome(f"{name} with bpy", passed={"a"}, not_applicable=dict(skipped))
        for name in blenders[:-1]
    ]
    ran = _outcome(f"{blenders[-1]} with bpy", passed={"tests/test_it.py::test_a"})
    assert testing.conclude([*outcomes, ran], lint_good=None, strict=True) == 0
    elsewhere = _outcome(f"{blenders[-1]} with bpy", passed={"tests/test_it.pyx::test_a"})
    assert testing.conclude([*outcomes, elsewhere], lint_good=None, strict=True) == 1


def test_every_blender_runs_the_bpy_tests():
    """On each other Blender the `bpy` tests run; on another Python everything that needs no Blender
    as well.
    """
    default = ENVIRONMENTS["bpy-4.5"]
    for name in ("bpy-4.2", "bpy-5.0", "bpy-5.2"):
        rounds = testing.rounds_of_other(ENVIRONMENTS[name], default)
        assert testing.BLENDER in rounds[-1].arguments
    everything = testing.rounds_of_other(ENVIRONMENTS["bpy-5.2"], default)[0]
    assert not [argument for argument in everything.arguments if argument.startswith("tests/")]


def test_the_rounds_leave_no_test_out():
    """Whatever markers a test has, exactly one round of the default run takes it."""
    expressions = (testing.PURE, testing.BLENDER, testing.DRIVEN)
    for blender in (True, False):
        for window in (True, False):
            for debian_ in (True, False):
                marks = {"blender": blender, "window": window, "debian": debian_}
                assert sum(eval(expression, {}, marks) for expression in expressions) == 1


# -- What tests/conftest.py promises
# -----------------------------------------------------------------------------------------


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on one file of tests with this project's conftest, in a process of its own."""

    def run(source: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
        shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
        (tmp_path / "test_it.py").write_text(source)
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\nmarkers =\n    blender\n    window\n    debian\n"
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--outcomes=told.json",
            *arguments,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        told = tmp_path / "told.json"
        return done, json.loads(told.read_text()) if told.exists() else {}

    return run


def test_strict_skips(run_pytest):
    """With --strict-skips a skip fails the run and is named, unless its reason says that the test
    does not apply.
    """
    source = "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('no display')\ndef test_c(): pytest.skip('does not apply: newer Blender')\n"
    done, told = run_pytest(source)
    assert done.returncode == 0
    done, told = run_pytest(source, "--strict-skips")
    assert done.returncode == 1
    assert "test_it.py::test_b: no display" in done.stdout
    assert told == {
        "passed": ["test_it.py::test_a"],
        "failed": [],
        "not_applicable": {"test_it.py::test_c": "does not apply: newer Blender"},
        "left_out": {"test_it.py::test_b": "no display"},
    }


def test_a_skipped_file_counts_as_left_out(run_pytest):
    """A file that skips itself while it is collected, or a test by its decorator, is not
    overlooked.
    """
    source = (
        "import pytest\npytest.importorskip('a_module_that_is_not_there')\ndef test_a(): pass\n"
    )
    done, told = run_pytest(source, "--strict-skips")
    assert done.returncode == 1
    assert list(told["left_out"]) == ["test_it.py"]
    done, told = run_pytest(
        "import pytest\n@pytest.mark.skip(reason='some day')\ndef test_a(): pass\n",
        "--strict-skips",
    )
    assert done.returncode == 1
    assert told["left_out"] == {"test_it.py::test_a": "some day"}


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 443), timeout=0.1)",
        "socket.create_connection(('mint.invalid', 443), timeout=0.1)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
        "requests.get('https://api.mint.invalid/v1/usage', timeout=0.1)",
    ],
)
def test_nothing_leaves_this_machine(run_pytest, attempt):
    """A test that tries to reach another machine fails, even when the code under test swallows
    every error.
    """
    source = f"import socket, requests\ndef test_a():\n    try:\n        {attempt}\n    except BaseException:\n        pass\n"
    done, _ = run_pytest(source)
    assert done.returncode == 1
    assert "only loopback addresses are allowed" in done.stdout


def test_loopback_is_allowed(run_pytest):
    """Servers on this machine can be reached by number, by name and by IPv6, and so can Unix
    sockets.
    """
    source = (
        "import socket\n"
        "def test_a(tmp_path):\n"
        "    with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "        port = server.getsockname()[1]\n"
        "        socket.create_connection(('127.0.0.1', port)).close()\n"
        "        socket.create_connection(('localhost', port)).close()\n"
        "    with socket.socket(socket.AF_UNIX) as server:\n"
        "        server.bind('s'); server.listen()\n"
        "        socket.socket(socket.AF_UNIX).connect('s')\n"
    )
    done, _ = run_pytest(source, "-W", "ignore")
    assert done.returncode == 0, done.stdout


def test_no_home_and_no_key(run_pytest, tmp_path, monkeypatch):
    """Tests see neither the developer's home nor a real key, and what they leave in their own home
    is taken away.
    """
    monkeypatch.setenv("MINT_API_KEY", "mint_secret")
    monkeypatch.setenv("HOME", "/somebody")
    source = (
        "import os, pathlib\n"
        "def test_a():\n"
        "    assert 'MINT_API_KEY' not in os.environ\n"
        "    assert pathlib.Path.home() == pathlib.Path(os.environ['HOME']) != pathlib.Path('/somebody')\n"
        "    assert pathlib.Path(os.environ['MINT_BLENDER_HOME']).is_dir()\n"
        "    pathlib.Path('home').write_text(os.environ['HOME'])\n"
    )
    done, _ = run_pytest(source)
    assert done.returncode == 0, done.stdout
    assert not Path((tmp_path / "home").read_text()).exists()


@pytest.mark.blender
def test_blender_starts_empty_and_ends_with_the_right_status(run_pytest):
    """Each test marked `blender` has an empty scene, and the process ends at once with the status
    that the tests deserve.
    """
    source = (
        "import pytest\n"
        "pytestmark = pytest.mark.blender\n"
        "@pytest.mark.parametrize('time', [1, 2])\n"
        "def test_a(time):\n"
        "    import bpy\n"
        "    assert len(bpy.data.objects) == 0\n"
        "    bpy.ops.mesh.primitive_cube_add()\n"
    )
    done, told = run_pytest(source)
    assert (done.returncode, len(told["passed"])) == (0, 2), done.stdout
    done, told = run_pytest(source + "    assert time == 1\n")
    assert (done.returncode, len(told["passed"]), len(told["failed"])) == (1, 1, 1)
    assert "1 failed, 1 passed" in done.stdout

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the rules in tests/conftest.py: no network, an empty home, and no unnoticed skip."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import may_be_chosen
from .key_search.plugin import COUNTS
from .processes import captured

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on one file of tests with this project's conftest, in a process of its own."""

    def run(source: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
        shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
        (tmp_path / "test_it.py").write_text(source)
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\nmarkers =\n    blender\n    window\n    debian\n    one_blender\n    shows_key\n"
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--outcomes=outcomes.json",
            *arguments,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop(COUNTS, None)
        done = captured(command, cwd=tmp_path, env=environment)
        outcomes = tmp_path / "outcomes.json"
        return done, json.loads(outcomes.read_text()) if outcomes.exists() else {}

    return run


def test_a_skip_fails_a_strict_run(run_pytest):
    """With --strict-skips a skip fails the run and is listed.

    A skip whose reason says that the test does not apply is allowed.
    """
    source = "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('no display')\ndef test_c(): pytest.skip('does not apply: newer Blender')\n"
    done, outcomes = run_pytest(source)
    assert done.returncode == 0
    done, outcomes = run_pytest(source, "--strict-skips")
    assert done.returncode == 1
    assert "test_it.py::test_b: no display" in done.stdout
    assert outcomes == {
        "passed": ["test_it.py::test_a"],
        "failed": [],
        "not_applicable": {"test_it.py::test_c": "does not apply: newer Blender"},
        "left_out": {"test_it.py::test_b": "no display"},
    }


def test_a_skipped_file_counts_as_left_out(run_pytest):
    """A file can be skipped during collection, and a test by its decorator."""
    source = (
        "import pytest\npytest.importorskip('a_module_that_is_not_there')\ndef test_a(): pass\n"
    )
    done, outcomes = run_pytest(source, "--strict-skips")
    assert done.returncode == 1
    assert list(outcomes["left_out"]) == ["test_it.py"]
    done, outcomes = run_pytest(
        "import pytest\n@pytest.mark.skip(reason='some day')\ndef test_a(): pass\n",
        "--strict-skips",
    )
    assert done.returncode == 1
    assert outcomes["left_out"] == {"test_it.py::test_a": "some day"}


def test_a_test_cannot_reach_another_machine(run_pytest):
    """A test that tries it fails, even when the tested code catches every error."""
    attempts = (
        "socket.create_connection(('192.0.2.1', 443), timeout=0.1)",
        "socket.create_connection(('mint.invalid', 443), timeout=0.1)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
        "requests.get('https://api.mint.invalid/v1/usage', timeout=0.1)",
    )
    source = "import socket, requests\n"
    for number, attempt in enumerate(attempts):
        source += f"def test_{number}():\n    try:\n        {attempt}\n    except BaseException:\n        pass\n"
    done, outcomes = run_pytest(source)
    assert len(outcomes["failed"]) == len(attempts)
    assert done.stdout.count("AssertionError: only loopback addresses are allowed") >= len(attempts)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("blender", "all some both"),
        ("not blender and not window", "some none"),
        ("window", "both"),
        ("window or debian", "both"),
        ("blender and not slow", "all some both"),
        ("slow", ""),
        ("feature(name='a')", "all some both none"),
    ],
)
def test_a_file_is_read_if_one_of_its_tests_may_be_chosen(expression, chosen):
    """Decided by the markers that it names, and by those that all of its tests have."""
    files = {
        "all": "pytestmark = pytest.mark.blender\ndef test_a(): pass\n",
        "some": "@pytest.mark.blender\ndef test_a(): pass\ndef test_b(): pass\n",
        "both": "pytestmark = [\n    pytest.mark.blender,\n    pytest.mark.window,\n]\n",
        "none": "def test_a(): pass\n",
    }
    assert [name for name, text in files.items() if may_be_chosen(text, expression)] == (
        chosen.split()
    )


def test_a_file_without_a_chosen_test_is_not_read(run_pytest):
    """It may import what is not there. A marker that the file does not name would mislead."""
    source = "import pytest\nimport a_module_that_is_not_there\npytestmark = pytest.mark.blender\n"
    assert (
        run_pytest(source, "-m", "not blender")[0].returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    )
    assert run_pytest(source, "-m", "blender")[0].returncode == pytest.ExitCode.INTERRUPTED
    unnamed = "import pytest\n@getattr(pytest.mark, 'window')\ndef test_a(): pass\n"
    assert "name {'window'}" in run_pytest(unnamed)[0].stdout


def test_loopback_is_allowed(run_pytest):
    """Tests can reach servers on this machine by number, name and IPv6, and Unix sockets."""
    source = (
        "import socket\n"
        "def test_a(tmp_path):\n"
        "    with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "        port = server.getsockname()[1]\n"
        "        socket.create_connection(('127.0.0.1', port)).close()\n"
        "        socket.create_connection(('localhost', port)).close()\n"
        "    if hasattr(socket, 'AF_UNIX'):\n"
        "        server = socket.socket(socket.AF_UNIX)\n"
        "        server.bind('s'); server.listen()\n"
        "        socket.socket(socket.AF_UNIX).connect('s')\n"
    )
    done, _ = run_pytest(source, "-W", "ignore")
    assert done.returncode == 0, done.stdout


def test_the_home_folder_is_empty_and_no_key_is_set(run_pytest, tmp_path, monkeypatch):
    """Tests see neither the developer's home nor a real key.

    The home folder of the tests is deleted after them.
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


@pytest.mark.parametrize("crashes", [True, False])
def test_a_crash_leaves_the_name_of_the_test(run_pytest, tmp_path, crashes):
    """A file names the test that runs, until all have ended."""
    source = "import os, signal\ndef test_a(): pass\ndef test_b():\n    pass\n"
    source += "    os.kill(os.getpid(), signal.SIGSEGV)\n" if crashes else ""
    done, outcomes = run_pytest(source)
    running = tmp_path / "outcomes.running"
    assert (done.returncode < 0) == crashes
    assert bool(outcomes) != crashes
    assert running.exists() == crashes
    if crashes:
        assert running.read_text() == "test_it.py::test_b"
        assert "in test_b" in done.stderr, done.stderr


@pytest.mark.blender
def test_blender_starts_empty_and_ends_with_the_exit_status(run_pytest):
    """Each test marked `blender` starts with an empty scene.

    The process ends at once with the exit status of the tests, and so does a worker process.
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
    for arguments in ((), ("-p", "xdist", "-n", "1")):
        done, outcomes = run_pytest(source + "    assert time == 1\n", *arguments)
        assert (done.returncode, len(outcomes["passed"]), len(outcomes["failed"])) == (1, 1, 1)
        assert "1 failed, 1 passed" in done.stdout and "crashed" not in done.stdout, done.stdout


@pytest.mark.parametrize("is_in_blender", [False, True])
def test_the_longest_begin(run_pytest, is_in_blender):
    """Those that simulate or kill whole systems come first; in Blender's process nothing moves."""
    source = "import pytest\ndef test_a(): pass\n@pytest.mark.one_blender\ndef test_b(): pass\n"
    if is_in_blender:
        source += "@pytest.mark.blender\n@pytest.mark.one_blender\ndef test_c(): pass\n"
    names = "ab" if is_in_blender else "ba"
    for arguments in ((), ("-m", "not blender")):
        done, _ = run_pytest(source, "--collect-only", "-q", *arguments)
        found = "".join(re.findall(r"::test_([ab])", done.stdout))
        assert found == ("ba" if arguments else names)

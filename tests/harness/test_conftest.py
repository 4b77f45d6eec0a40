# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the rules in tests/conftest.py: no network, an empty home, and no unnoticed skip."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard

from ..conftest import may_be_chosen
from ..key_search import requests_seen
from ..key_search.contents import contents
from ..key_search.plugin import COUNTS
from ..key_search.spellings import KEY_TEXT, find
from ..mint.raw_server import KEY
from .processes import captured

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on one file of tests with this project's conftest, in a process of its own."""

    def run(source: str, *arguments: str, **variables: str):
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / "conftest.py", folder)
        (folder / "test_it.py").write_text(source)
        markers = ("blender", "window", "debian", "slow", "shows_key")
        (folder / "pytest.ini").write_text("\n    ".join(["[pytest]\nmarkers =", *markers]))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        command.append("--outcomes=outcomes.json")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop(COUNTS, None)
        done = captured(command, cwd=folder, env=environment | variables)
        outcomes = folder / "outcomes.json"
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
    assert set(outcomes.pop("durations")) == {f"test_it.py::test_{name}" for name in "abc"}
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
    assert not Path((tmp_path / "project" / "home").read_text()).exists()


@pytest.mark.parametrize("crashes", [True, False])
def test_a_crash_leaves_the_name_of_the_test(run_pytest, tmp_path, crashes):
    """A file names the test that runs, until all have ended."""
    source = "import os, signal\ndef test_a(): pass\ndef test_b():\n    pass\n"
    source += "    os.kill(os.getpid(), signal.SIGSEGV)\n" if crashes else ""
    done, outcomes = run_pytest(source)
    running = tmp_path / "project" / "outcomes.running"
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


# -- the search for the API key after every test finds one wherever it is left, in any spelling


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("plain text", KEY.encode()),
        ("UTF-16", KEY.encode("utf-16-le")),
        ("UTF-16", KEY.encode("utf-16-be")),
        ("base64", base64.b64encode(KEY.encode())),
        ("base64", base64.urlsafe_b64encode(KEY.encode())),
        ("base64", base64.b64encode(b"x" + KEY.encode() + b"y")),
        ("base64", base64.b64encode(b"xx" + KEY.encode() + b"yy")),
        ("hexadecimal", KEY.encode().hex().encode()),
        ("URL encoding", "".join(f"%{byte:02X}" for byte in KEY.encode()).encode()),
        ("plain text", quote(KEY, safe="").encode()),
    ],
)
def test_every_spelling_is_found(name: str, spelled: bytes) -> None:
    """A key is found inside of other bytes, and nothing is found without one."""
    assert find(b"before " + spelled + b" after") == name
    assert find(spelled[: len(spelled) // 2] + spelled[len(spelled) // 2 + 1 :]) == ""


@pytest.mark.parametrize("kind", ["zstd", "gzip", "zip", "two frames", "cut off"])
def test_compressed_files_are_searched(tmp_path: Path, kind: str) -> None:
    """A .blend is compressed with Zstandard in several frames; older ones with gzip."""
    written = tmp_path / "written"
    frame = zstandard.ZstdCompressor().compress
    text = os.urandom(3 << 20) + KEY.replace("sk-", "").encode() + os.urandom(1000)
    if kind == "zip":
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside", text)
    else:
        packed = gzip.compress(text) if kind == "gzip" else frame(text)
        written.write_bytes(
            {"two frames": frame(b"first") + packed, "cut off": packed[:-200]}.get(kind, packed)
        )
    try:
        assert "plain text" in {find(data) for data in contents(written)}
    finally:
        written.unlink()  # which this test would fail for otherwise


def test_a_key_anywhere_but_in_its_header_is_noted() -> None:
    """Not even the API may get it in an address, a body or another header."""
    assert not requests_seen.look("api", "GET /v1/me", {"Authorization": f"Bearer {KEY}"})
    assert requests_seen.look("files", "GET /a.glb", {"authorization": KEY}, allowed="")
    assert requests_seen.look("api", f"GET /v1/me?key={KEY}", {}, f'"{KEY}"'.encode())
    assert requests_seen.look("api", "GET /v1/me", {"Cookie": f"key={KEY}"})
    assert requests_seen.take() == [
        "the header authorization of a request to files: GET /a.glb",
        "the address of a request to api: GET /v1/me",
        "the body of a request to api: GET /v1/me",
        "the header Cookie of a request to api: GET /v1/me",
    ]


LEAKS = """
import subprocess, sys, tempfile
from pathlib import Path
import pytest
from tests.key_search import requests_seen
KEY = "sk-" + "secret" + "-0123456789"

def test_file(tmp_path): (tmp_path / "log").write_text(KEY)
def test_home(): (Path.home() / "data" / "log").write_text(KEY)
def test_temporary(): (Path(tempfile.mkdtemp()) / "log").write_text(KEY)
def test_output(): print(KEY)
def test_read(capsys): print(KEY); capsys.readouterr()
def test_read_descriptor(capfd): print(KEY, file=sys.stderr); capfd.readouterr()
def test_process(): subprocess.run([sys.executable, "-c", f"print('{KEY}')"], capture_output=True)
def test_request(): requests_seen.look("files", f"GET /{KEY}", {})

@pytest.fixture
def late(tmp_path):
    yield
    (tmp_path / "log").write_text(KEY)

def test_teardown(late): pass

@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("made")
    yield made
    (made / "log").write_text(KEY)

def test_session(folder): pass
def test_nothing(tmp_path): (tmp_path / "log").write_text("secret")
def test_preferences(tmp_path): (tmp_path / "userpref.blend").write_text(KEY)
@pytest.mark.shows_key("it has to")
def test_on_purpose(tmp_path): (tmp_path / "log").write_text(KEY)
"""


@pytest.mark.covers("S-key-nowhere")
@pytest.mark.shows_key("the tests that it runs leave keys behind")
@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "worker"])
def test_a_test_that_leaves_a_key_fails(run_pytest, tmp_path, arguments) -> None:
    """Whatever it was left in; the others pass, and so does one that says that it shows the key.

    What a fixture of the session has written belongs to no test, and fails the session.
    """
    counts = tmp_path / "counts"
    counts.mkdir()
    searched = ("-rA", f"--basetemp={tmp_path / 'temporary'}", *arguments)
    done, _ = run_pytest(LEAKS, *searched, **{COUNTS: str(counts)})
    lines = (done.stdout + done.stderr).splitlines()
    failed = {
        line.partition("::")[2].split()[0] for line in lines if line.startswith("ERROR test_it")
    }
    expected = "file home temporary output read read_descriptor process request teardown"
    assert done.returncode == 1
    assert failed == {f"test_{name}" for name in expected.split()}
    counted = json.loads(next(counts.glob("*.json")).read_text())
    assert counted["counts"]["tests"] == 13 and len(counted["leaks"]) == 10
    (left,) = [line for line in lines if line.startswith("API key: /")]
    assert left.endswith("made0/log: plain text")


def test_keys_of_the_tests_are_recognized() -> None:
    """Otherwise the search would find nothing."""
    from ..mint_service.runner import running_service

    with running_service() as service:
        assert KEY_TEXT in service.key and KEY_TEXT in KEY

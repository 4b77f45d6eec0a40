# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the API key after every test finds one wherever it is left, in any spelling."""

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

from tests.processes import captured

from .key_search import requests_seen
from .key_search.contents import contents
from .key_search.plugin import COUNTS
from .key_search.spellings import KEY_TEXT, find
from .mint.raw_server import KEY

ROOT = Path(__file__).resolve().parents[1]


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


@pytest.fixture
def run_pytest(tmp_path: Path):
    """Run pytest on some source with this project's conftest; return status, output and counts."""

    def run(source: str, *arguments: str) -> tuple[int, str, dict]:
        folder = tmp_path / "project"
        folder.mkdir()
        shutil.copy(ROOT / "tests" / "conftest.py", folder)
        (folder / "test_it.py").write_text(source)
        (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    shows_key\n    blender\n")
        counts = tmp_path / "counts"
        counts.mkdir()
        command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments]
        command += [f"--basetemp={tmp_path / 'temporary'}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), COUNTS: str(counts)}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = captured(command, cwd=folder, env=environment)
        found = [json.loads(each.read_text()) for each in counts.glob("*.json")]
        return done.returncode, done.stdout + done.stderr, found[0]

    return run


@pytest.mark.covers("S-key-nowhere")
@pytest.mark.shows_key("the tests that it runs leave keys behind")
@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "worker"])
def test_a_test_that_leaves_a_key_fails(run_pytest, arguments) -> None:
    """Whatever it was left in; the others pass, and so does one that says that it shows the key.

    What a fixture of the session has written belongs to no test, and fails the session.
    """
    status, output, counted = run_pytest(LEAKS, *arguments)
    failed = {
        line.partition("::")[2].split()[0]
        for line in output.splitlines()
        if line.startswith("ERROR test_it")
    }
    expected = "file home temporary output read read_descriptor process request teardown"
    assert status == 1
    assert failed == {f"test_{name}" for name in expected.split()}
    assert counted["counts"]["tests"] == 13 and len(counted["leaks"]) == 10
    (left,) = [line for line in output.splitlines() if line.startswith("API key: /")]
    assert left.endswith("made0/log: plain text")


def test_keys_of_the_tests_are_recognized() -> None:
    """Otherwise the search would find nothing."""
    from .mint_service.runner import running_service

    with running_service() as service:
        assert KEY_TEXT in service.key and KEY_TEXT in KEY

# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that answers requests: other output, its end, and a missing answer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mint_blender.jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow

from .service_helpers import until

pytestmark = pytest.mark.windows

CHILD = """
import json, os, signal, sys, time
print("Blender 4.3.2 (hash unknown)", flush=True)
print("[1, 2]", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    if order["do"] == "die":
        print("a last word", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if order["do"] == "hang":
        time.sleep(60)
    if order["do"] == "environment":
        order["do"] = dict(os.environ)
    print("Saved as something", flush=True)
    print(json.dumps({"did": order["do"]}), flush=True)
"""


@contextmanager
def running_child(code: str, *arguments: str, **variables: str) -> Iterator[ChildProcess]:
    """Run a program as a child, which is ended with the block."""
    child = ChildProcess([sys.executable, "-c", code, *arguments], variables)
    try:
        yield child
    finally:
        child.end()


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    """Yield a process that also prints other lines."""
    with running_child(CHILD) as child:
        yield child


def test_other_output_is_not_taken_for_an_answer(child: ChildProcess) -> None:
    """Blender's version and the lines about saved files are ignored."""
    answers = [child.ask({"do": word}, 60.0) for word in ("one", "two")]
    assert answers == [{"did": "one"}, {"did": "two"}]


def test_an_end_is_told_and_logged(child: ChildProcess, caplog: pytest.LogCaptureFixture) -> None:
    """A dead process fails the request at once, and so does a second request."""
    for _ in range(2):
        with pytest.raises(ChildEnded):
            child.ask({"do": "die"}, 60.0)
    assert "a last word" in caplog.text


def test_a_process_that_does_not_answer_times_out(child: ChildProcess) -> None:
    """The process is ended after the time limit."""
    with pytest.raises(ChildTooSlow):
        child.ask({"do": "hang"}, 0.2)


@pytest.mark.covers("S-key-children")
@pytest.mark.parametrize("key", [None, "sk-another"])
def test_a_child_does_not_get_the_key(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    """It reads files that came from outside, and asks Mint nothing. Other variables it gets.

    A child that asks Mint gets the key that it is given, which may be another one.
    """
    monkeypatch.setenv("MINT_API_KEY", "sk-1234567890")
    monkeypatch.setenv("MINT_BLENDER_HOME", "/somewhere")
    given = {"MINT_API_KEY": key} if key else {}
    with running_child(CHILD, **given) as child:
        variables = child.ask({"do": "environment"}, 60.0)["did"]
    assert variables.get("MINT_API_KEY") == key
    assert {"MINT_BLENDER_HOME", "PATH"} <= set(variables)


WAITING_CHILD = """
import json, pathlib, sys, time
release, until = pathlib.Path(sys.argv[1]), time.monotonic() + 30
while not release.exists() and time.monotonic() < until:
    time.sleep(0.01)
was_released = release.exists()
for line in sys.stdin:
    print(json.dumps({"was_released": was_released, "n": json.loads(line)["n"]}), flush=True)
"""
LARGE = "x" * 1_000_000
"""More than any pipe holds."""


def test_sending_does_not_wait_for_a_child_that_does_not_read(tmp_path: Path) -> None:
    """A window sends requests on its main thread. They arrive later, in order."""
    release = tmp_path / "release"
    with running_child(WAITING_CHILD, str(release)) as child:
        for number in range(3):
            child.send({"n": number, "text": LARGE})
        release.touch()
        answers = [child.ask({"n": 3}, 60.0)]
        while len(answers) < 4:
            if (answer := child.poll()) is not None:
                answers.append(answer)
    assert answers == [{"was_released": True, "n": number} for number in range(4)]


def test_a_child_with_unread_requests_can_be_ended() -> None:
    """Nothing waits for it, and no thread stays."""
    before = set(threading.enumerate())
    child = ChildProcess([sys.executable, "-c", "import time; time.sleep(60)"])
    child.send({"text": LARGE})
    assert child.exit_status is None
    child.end()
    assert child.exit_status != 0
    assert set(threading.enumerate()) <= before


def test_a_child_that_ends_by_itself_leaves_no_thread() -> None:
    """A background Blender ends when it is idle, and nobody may ask it again."""
    before = set(threading.enumerate())
    with running_child("") as child:
        assert child.wait() == 0
        until(lambda: set(threading.enumerate()) <= before)


def test_a_child_that_no_longer_reads_is_reported() -> None:
    """A request that cannot be delivered will never be answered, though the child runs on."""
    code = "import os, time; os.close(0); print('{}', flush=True); time.sleep(60)"
    with running_child(code) as child:
        assert child.ask({}, 60.0) == {}
        with pytest.raises(ChildEnded):
            child.ask({"text": LARGE}, 60.0)

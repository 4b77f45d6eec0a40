# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that answers requests: other output, its end, and a missing answer."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow

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
        order["do"] = sorted(os.environ)
    print("Saved as something", flush=True)
    print(json.dumps({"did": order["do"]}), flush=True)
"""


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    """Return a process that also prints other lines."""
    child = ChildProcess([sys.executable, "-c", CHILD])
    yield child
    child.end()


def test_other_output_is_not_taken_for_an_answer(child: ChildProcess) -> None:
    """Blender's version and the lines about saved files are ignored."""
    answers = [child.ask({"do": word}, 30.0) for word in ("one", "two")]
    assert answers == [{"did": "one"}, {"did": "two"}]


def test_the_end_of_the_process_is_reported_and_its_errors_logged(
    child: ChildProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """A dead process fails the request at once, and so does a second request."""
    for _ in range(2):
        with pytest.raises(ChildEnded):
            child.ask({"do": "die"}, 30.0)
    assert "a last word" in caplog.text


def test_a_process_that_does_not_answer_times_out(child: ChildProcess) -> None:
    """The process is ended after the time limit."""
    with pytest.raises(ChildTooSlow):
        child.ask({"do": "hang"}, 0.2)


@pytest.mark.covers("S-key-children")
def test_a_child_does_not_get_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads files that came from outside, and asks Mint nothing. Other variables it gets."""
    monkeypatch.setenv("MINT_API_KEY", "sk-1234567890")
    monkeypatch.setenv("MINT_BLENDER_HOME", "/somewhere")
    child = ChildProcess([sys.executable, "-c", CHILD])
    names = child.ask({"do": "environment"}, 30.0)["did"]
    child.end()
    assert "MINT_API_KEY" not in names
    assert {"MINT_BLENDER_HOME", "PATH"} <= set(names)


def test_a_child_that_asks_mint_gets_the_key_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be another one than that of this process."""
    monkeypatch.setenv("MINT_API_KEY", "sk-1234567890")
    code = "import json, os; print(json.dumps({'key': os.environ['MINT_API_KEY']}), flush=True)"
    child = ChildProcess([sys.executable, "-c", code], {"MINT_API_KEY": "sk-another"})
    answer = child.ask({}, 30.0)
    child.end()
    assert answer == {"key": "sk-another"}


WAITING_CHILD = """
import json, pathlib, sys, time
release, until = pathlib.Path(sys.argv[1]), time.monotonic() + 3
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
    child = ChildProcess([sys.executable, "-c", WAITING_CHILD, str(release)])
    try:
        for number in range(3):
            child.send({"n": number, "text": LARGE})
        release.touch()
        answers = [child.ask({"n": 3}, 30.0)]
        until = time.monotonic() + 30
        while len(answers) < 4 and time.monotonic() < until:
            if (answer := child.poll()) is not None:
                answers.append(answer)
    finally:
        child.end()
    assert answers == [{"was_released": True, "n": number} for number in range(4)]


def test_a_child_with_unread_requests_can_be_ended() -> None:
    """Nothing waits for it, and no thread stays."""
    before = set(threading.enumerate())
    child = ChildProcess([sys.executable, "-c", "import time; time.sleep(3)"])
    child.send({"text": LARGE})
    assert child.exit_status is None
    child.end()
    assert child.exit_status != 0
    assert set(threading.enumerate()) <= before


def test_a_child_that_ends_by_itself_leaves_no_thread() -> None:
    """A background Blender ends when it is idle, and nobody may ask it again."""
    before = set(threading.enumerate())
    child = ChildProcess([sys.executable, "-c", ""])
    assert child.wait() == 0
    until = time.monotonic() + 5.0
    while not (now := set(threading.enumerate())) <= before:
        assert time.monotonic() < until, now - before
        time.sleep(0.01)
    child.end()


def test_a_child_that_no_longer_reads_is_reported() -> None:
    """A request that cannot be delivered will never be answered, though the child runs on."""
    code = "import os, time; os.close(0); print('{}', flush=True); time.sleep(30)"
    child = ChildProcess([sys.executable, "-c", code])
    try:
        assert child.ask({}, 30.0) == {}
        with pytest.raises(ChildEnded):
            child.ask({"text": LARGE}, 30.0)
    finally:
        child.end()

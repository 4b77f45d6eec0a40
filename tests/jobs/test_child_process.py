# SPDX-License-Identifier: GPL-3.0-or-later
"""Another process that is asked and answers: what it says beside that, when it ends, and when it
does not answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
    print("Saved as something", flush=True)
    print(json.dumps({"did": order["do"]}), flush=True)
"""


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    """A process that talks to itself, and does as it is told."""
    child = ChildProcess([sys.executable, "-c", CHILD])
    yield child
    child.end()


def test_only_its_answers_are_heard(child: ChildProcess) -> None:
    """Blender prints its version and each file that it saves: none of that is an answer."""
    assert [child.ask({"do": word}, 30.0) for word in ("one", "two")] == [
        {"did": "one"},
        {"did": "two"},
    ]


def test_its_end_is_told_at_once_and_its_last_words_are_logged(
    child: ChildProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for the time limit of a process that is dead; asking once more gets the same
    answer.
    """
    for _ in range(2):
        with pytest.raises(ChildEnded):
            child.ask({"do": "die"}, 30.0)
    assert "a last word" in caplog.text


def test_a_process_that_does_not_answer_is_not_waited_for(child: ChildProcess) -> None:
    """After the time limit its time is over."""
    with pytest.raises(ChildTooSlow):
        child.ask({"do": "hang"}, 0.2)

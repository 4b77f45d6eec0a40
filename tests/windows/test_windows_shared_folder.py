# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows and Linux generate the same batch into the same folder at once, with a journal each.

Wine starts the Python of Linux, too. The locks of the two systems do not see each other, as over
many a network: `flock` here, and `LockFileEx` there, which is another lock of Linux in Wine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..cli.batch_helpers import lines_of, operations_of, start_files
from ..harness.wine import is_wine
from ..mint_service.runner import ThreadService, running_service

pytestmark = [
    pytest.mark.windows,
    pytest.mark.covers("R-batch-once"),
    pytest.mark.skipif(not is_wine(), reason="does not apply: only Wine starts both systems"),
]

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("both_systems.py")
BOTH = ("Windows", "Linux")
LINES = 4
PATIENCE = 120.0


@dataclass
class Systems:
    """A process on each system, in the same folder. They carry out orders; see `both_systems`."""

    service: ThreadService
    folder: Path
    orders: int = 0

    def order(self, *who: str, words: list[str]) -> dict[str, dict[str, Any]]:
        """Have a command run on some systems at once; return how it has ended on each."""
        self.orders += 1
        part = self.folder / "order.part"
        part.write_text(json.dumps({"who": who, "words": words}), encoding="utf-8")
        part.replace(self.folder / f"{self.orders}.json")
        return {name: self.read(name, f"{self.orders}.{name}.json") for name in who}

    def read(self, name: str, file: str) -> dict[str, Any]:
        """Wait for a file of a process and return its content."""
        last = time.monotonic() + PATIENCE
        while not (self.folder / file).exists():
            error = self.folder / f"{name}.error"
            assert not error.exists(), error.read_text(encoding="utf-8")
            assert time.monotonic() < last, f"{name} writes no {file}"
            time.sleep(0.01)
        content: dict[str, Any] = json.loads((self.folder / file).read_bytes())
        return content


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[Systems]:
    """Yield a process on each system."""
    quick = {"speed": 2000, "switches": ("poll-hint",), "retry_after": 0.05}
    with running_service(credits=1e9, **quick) as service, started(service, tmp_path) as both:
        yield both


@contextmanager
def started(service: ThreadService, folder: Path) -> Iterator[Systems]:
    """Start both processes, and end them afterwards."""
    both = Systems(service, folder)
    account = {"MINT_API_KEY": service.key, "MINT_API_BASE_URL": service.api}
    places = [ROOT, Path(pytest.__file__).parents[1]]
    homes = {name: folder / f"home of {name}" for name in BOTH}
    with ExitStack() as stack:
        windows = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), "Windows", *map(str, places)],
            env={**os.environ, **account, "MINT_BLENDER_HOME": str(homes["Windows"])},
        )
        stack.callback(windows.wait, 60)
        stack.callback((folder / "end").touch)
        on_linux = [unix_path(path) for path in (SCRIPT, folder, *places, homes["Linux"])]
        script, working, *linux_places, home = on_linux
        words = ["/usr/bin/env", "python3", script, working, "Linux", *linux_places]
        subprocess.run(
            ["start", "/unix", *words],
            env={**os.environ, **account, "MINT_BLENDER_HOME": home},
            check=True,
            timeout=60,
        )
        systems = [both.read(name, f"{name}.ready")["system"] for name in BOTH]
        assert systems == ["win32", "linux"]
        yield both


def unix_path(path: Path) -> str:
    """Return how a program of Linux names this path."""
    told = subprocess.run(
        ["winepath", "-u", str(path)], capture_output=True, check=True, timeout=60
    )
    return told.stdout.decode().strip()


def run_at_once(systems: Systems, number: int) -> list[dict[str, Any]]:
    """Run a batch on both systems at once; return how it has ended on each.

    Afterwards each system finds all lines done, and Mint has made each once.
    """
    prompts = [f"lamp {number}.{line}" for line in range(LINES)]
    lines_of(systems.folder / f"{number}.jsonl", *({"prompt": each} for each in prompts))
    words = ["batch", f"{number}.jsonl", "-o", f"out {number}"]
    ended = systems.order(*BOTH, words=words)
    for name in BOTH:
        again = systems.order(name, words=words)[name]
        assert again["status"] == 0, again["printed"]
    made = Counter(each.prompt for each in systems.service.operations())
    assert [made[prompt] for prompt in prompts] == [1] * LINES
    out = systems.folder / f"out {number}"
    assert len(start_files(out)) == len(operations_of(out)) == LINES
    return list(ended.values())


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.nightly)])
def test_who_is_first_has_the_folder(systems: Systems, rounds: int) -> None:
    """The other one is refused, and starts nothing: both are on a computer of the same name."""
    for number in range(rounds):
        ended = run_at_once(systems, number)
        (refused,) = [each["printed"] for each in ended if each["status"]]
        assert "Another batch is already writing to" in refused and "Nothing was started" in refused
    assert len(systems.service.requests("POST", "/v1/models:generate")) == rounds * LINES

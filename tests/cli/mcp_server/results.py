# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of results share: a finished job, and a running Blender without Blender."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .agent import Agent
from .test_generate import LAMP, arguments

OPEN = """
import sys
from pathlib import Path
from mint_blender.jobs.storage.documents import Documents
documents = Documents(Path(sys.argv[1]))
documents.show_open(sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None)
print("open", flush=True)
sys.stdin.read()
"""


def finished(agent: Agent, **request: Any) -> dict[str, Any]:
    """Generate a model without a review, and return its job, whose files are here."""
    quote = agent.ask("estimate", **{**LAMP, "mode": "auto", **request})
    started = agent.ask("generate", **arguments(quote, request_id=str(request)))
    (job,) = agent.ask("wait", jobs=[started["job"]], seconds=20)["jobs"]
    assert job["phase"] == "ready"
    found: dict[str, Any] = job
    return found


@dataclass
class OpenFile:
    """A process that has a document open, as a Blender with a window has."""

    id: str
    process: subprocess.Popen[str]

    def close(self) -> None:
        """Close the file."""
        self.process.kill()
        self.process.wait()


@contextmanager
def open_file(home: Path, document: str, path: Path | None = None) -> Iterator[OpenFile]:
    """Open a document in another process."""
    words = [str(home), document, *([str(path)] if path else [])]
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        yield OpenFile(document, process)
        process.kill()

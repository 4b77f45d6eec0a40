# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has a document open, as a Blender with a window has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPEN = """
import sys
from pathlib import Path
from mint_blender.jobs.storage.documents import Documents
documents = Documents(Path(sys.argv[1]))
path = Path(sys.argv[3]) if len(sys.argv) > 3 else None
documents.show_open(sys.argv[2], path)
if path is not None:
    documents.remember("9" * 32, path)  # an earlier opening of the same file, whose job is here
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def open_file(
    home: Path, document: str, path: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Open a document in another process, which ends with the block."""
    words = [str(home), document, *([str(path)] if path else [])]
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        yield process
        process.kill()

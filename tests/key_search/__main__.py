# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests, and count what was searched for the API key: `python3 -m tests.key_search`.

Without `--only` all tests are run, as `scripts/dev.py test` does in its default environment.
Whether they pass is not asked here: what a test that fails has written is searched, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.devtools import environments
from scripts.devtools.pytest_runs import Level, runs_for

from ..harness import methods
from ..harness.methods import ROOT, Run
from .plugin import COUNTS


def main() -> int:
    """Return 0 if no key was found, else 1."""
    parser = methods.parser("key_search", __doc__)
    parser.add_argument("--only", action="append", metavar="PATH", help="only these tests")
    options, method = parser.parse_args(), Run("key")
    with tempfile.TemporaryDirectory(prefix="key-search-") as folder:
        statuses = [_run(words, folder) for words in _runs(options.only)]
        found = [json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")]
    method.failures += [leak for each in found for leak in each["leaks"]]
    # 1: tests have failed, and were searched, too; 5: none was selected
    method.failures += [
        f"pytest ended with status {status}: see above"
        for status in statuses
        if status not in (0, 1, 5)
    ]
    return method.end(_figures(found))


def _runs(only: list[str] | None) -> list[list[str]]:
    if only:
        return [only]
    default = environments.default()
    return [[*run.arguments] for run in runs_for(default, default, Level.THOROUGH)]


def _run(words: list[str], folder: str) -> int:
    """Run pytest and return its exit status."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    environment = {**os.environ, COUNTS: folder}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _figures(found: list[dict[str, Any]]) -> dict[str, float]:
    counts = sum((Counter(each["counts"]) for each in found), Counter[str]())
    return {
        "tests": counts["tests"],
        "files searched": counts["files"],
        "MB of files": round(counts["bytes of files"] / 1e6, 1),
        "MB of output": round(counts["bytes of output"] / 1e6, 1),
        "requests searched": counts["requests"],
        "keys found": sum(len(each["leaks"]) for each in found),
        "seconds of searching": round(sum(each["seconds"] for each in found), 1),
    }


if __name__ == "__main__":
    sys.exit(main())

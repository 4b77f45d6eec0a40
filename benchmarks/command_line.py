# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands beside `import requests`, which most of them need to do anything at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from tests.mint_service.runner import ThreadService, running_service

from .measure import Row, milliseconds, ratio

ROOT = Path(__file__).resolve().parents[1]
GOAL, GOAL_OF_START = 1.5, 1.6
ROUNDS = 11


def measure() -> Iterator[Row]:
    """Run each command and `import requests` in turn, in processes of their own."""
    with tempfile.TemporaryDirectory() as folder, running_service(speed=1000) as service:
        environment = {
            **os.environ,
            "MINT_API_KEY": service.key,
            "MINT_API_BASE_URL": service.api,
            "MINT_BLENDER_HOME": folder,
        }
        # a program keeps its bytecode; without it, this would measure the compiler
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        lamp = str(Path(folder) / "lamp.glb")
        # so that the journal exists, and all bytecode
        _until_start(service, environment, lamp)
        for words in (("--help",), ("jobs",), ("usage",)):
            yield _compared(f"`{' '.join(words)}`", environment, lambda: _run(environment, *words))  # noqa: B023
        yield _compared(
            "`generate -o lamp.glb`, until Mint has the request",
            environment,
            lambda: _until_start(service, environment, lamp),
            GOAL_OF_START,
        )


def _compared(
    what: str, environment: Mapping[str, str], call: Callable[[], float], goal: float = GOAL
) -> Row:
    pairs = [(call(), _python(environment, "-c", "import requests")) for _ in range(ROUNDS)]
    took, imports = zip(*pairs, strict=True)
    reached = ratio(took, imports)
    return Row(
        what,
        f"at most {goal} x `import requests`",
        f"{reached:.2f} x: {milliseconds(median(took))}",
        reached <= goal,
        f"`import requests` {milliseconds(median(imports))}",
    )


def _run(environment: Mapping[str, str], *words: str) -> float:
    """Return the seconds that a command takes."""
    return _python(environment, "-m", "mint_blender", *words)


def _until_start(service: ThreadService, environment: Mapping[str, str], target: str) -> float:
    """Return the seconds until the stand-in receives the start of a generation."""
    earlier = len(service.requests("POST", "/v1/*"))
    begun = time.monotonic()
    _run(
        environment,
        "generate",
        "--prompt",
        "a lamp",
        "--preset",
        "fast",
        "-o",
        target,
        "--overwrite",
    )
    return service.requests("POST", "/v1/*")[earlier].monotonic - begun


def _python(environment: Mapping[str, str], *words: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return time.perf_counter() - begun

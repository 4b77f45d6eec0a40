# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program and read what it has printed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def captured(
    words: Sequence[str | Path], *, check: bool = False, timeout: float = 120, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Return how a program has ended, with its output as text; it has two minutes."""
    return subprocess.run(
        words, check=check, timeout=timeout, capture_output=True, text=True, **more
    )

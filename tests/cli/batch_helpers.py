# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the batch tests."""

from __future__ import annotations

import json
from pathlib import Path


def lines_of(path: Path, *lines: dict[str, object]) -> Path:
    """Write a .jsonl file of these lines, with .glb results that need no Blender."""
    path.write_text(
        "".join(json.dumps({"format": "glb", "preset": "fast", **line}) + "\n" for line in lines),
        encoding="utf-8",
    )
    return path

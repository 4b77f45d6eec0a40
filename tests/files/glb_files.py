# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a changed box to a GLB file and inspect it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mint_blender.files.glb import header
from mint_blender.files.glb.checks import Glb

from .build_glb import Document, box_parts, pack


def inspect(content: bytes, folder: Path, **how: Any) -> Glb:
    """Return what `header.inspect` finds in a file of these bytes."""
    path = folder / "lamp.glb"
    path.write_bytes(content)
    return header.inspect(path, **how)


def changed(change: Callable[[Document], object]) -> bytes:
    """Return the bytes of the box with a change in its JSON."""
    document, binary = box_parts()
    change(document)
    return pack(document, binary)


def data_uri(content: bytes, kind: str = "application/octet-stream") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

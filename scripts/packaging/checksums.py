# SPDX-License-Identifier: GPL-3.0-or-later
"""The file SHA256SUMS, which `sha256sum -c SHA256SUMS` checks."""

from __future__ import annotations

import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write(folder: Path) -> Path:
    """Write the checksums of all files in a folder and below; return the path."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path != folder / NAME
    }
    lines = [f"{sha256(path)}  {name}\n" for name, path in sorted(files.items())]
    target = folder / NAME
    target.write_text("".join(lines), encoding="utf-8", newline="\n")
    return target

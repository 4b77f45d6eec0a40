# SPDX-License-Identifier: GPL-3.0-or-later
"""The file SHA256SUMS, which `sha256sum -c SHA256SUMS` checks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

NAME = "SHA256SUMS"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read(folder: Path) -> dict[str, str]:
    """Return the checksums in the file of a folder by name; nothing if there is no such file."""
    if not (folder / NAME).is_file():
        return {}
    lines = (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    found = (re.fullmatch(r"([0-9a-f]{64})  (.+)", line) for line in lines)
    return {match[2]: match[1] for match in found if match}


def write(folder: Path, others: Mapping[str, str] | None = None) -> Path:
    """Write the checksums of all files in a folder and below; return the path.

    Args:
        folder: Where the file is written.
        others: Checksums of files that the folder will also have, by name.
    """
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path != folder / NAME
    }
    sums = {**(others or {}), **{name: sha256(path) for name, path in files.items()}}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
    target = folder / NAME
    target.write_text("".join(lines), encoding="utf-8", newline="\n")
    return target

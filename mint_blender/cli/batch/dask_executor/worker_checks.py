# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the client about a Dask worker: which version it has, and which folders it sees.

These functions run on the workers.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from ....delivery import background, blender_runtime
from ....jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow
from .worker_task import TOKEN

_PACKAGE = Path(__file__).parents[3]

_BLENDER_TIMEOUT = 120.0  # seconds to start a Blender, on a machine that starts several


def package_digest() -> str:
    """Return a digest of this package's source: versions that differ must not exchange values."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def blender_extensions() -> list[str] | None:
    """Start a Blender; return the glTF extensions that it can read, or None if there is none."""
    if not blender_runtime.can_import():
        return None
    try:
        child = ChildProcess(blender_runtime.background_command(background.CODE))
    except OSError:
        return None
    try:
        found: list[str] = child.ask(background.EXTENSIONS, _BLENDER_TIMEOUT)["extensions"]
    except (ChildEnded, ChildTooSlow):
        return None
    finally:
        child.end()
    return found


def answer_token(staging: str, token: str) -> str | None:
    """Write an answer beside the client's token and return its name.

    None if the token is not here, is another one, or nothing can be written.
    """
    folder, name = Path(staging), f"answer-{uuid.uuid4().hex}"
    try:
        if (folder / TOKEN).read_text(encoding="utf-8") != token:
            return None
        (folder / name).write_text(token, encoding="utf-8")
    except OSError:
        return None
    return name

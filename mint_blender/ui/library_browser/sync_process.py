# SPDX-License-Identifier: GPL-3.0-or-later
"""A second Blender, without a window, that saves into an asset library: importing and saving would
freeze this one again and again.

It runs this package's own command `library sync` and writes what it does into a small file, which
the heartbeat reads. When this Blender ends, or the user stops it, the other one is ended too: the
next run goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import bpy

from ... import __package__ as ADDON
from ...files import private_files
from ...jobs.storage.home import HOME_VARIABLE
from ...mint.account import BASE_URL_VARIABLE, KEY_VARIABLE
from .. import session

# Leaves without Python's shutdown: everything is on disk by then, and add-ons of the user's may
# take their time.
_CODE = """
import os, sys
sys.path[:0] = {paths!r}
from {addon}.cli.commands import from_blender
status = from_blender({words!r})
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
"""

_child: subprocess.Popen[bytes] | None = None
_output: IO[bytes] | None = None  # what it writes
_said: dict[str, Any] = {}
_unread = b""


def start(words: list[str]) -> None:
    """Run `library …` there. Raises OSError."""
    global _child, _output, _unread
    stop()
    account = session.account()
    environment = {
        **os.environ,
        KEY_VARIABLE: account.key,
        BASE_URL_VARIABLE: account.base_url,
        HOME_VARIABLE: str(session.home()),
    }
    code = _CODE.format(paths=_paths(), addon=ADDON, words=["library", *words, "--json"])
    command = [
        bpy.app.binary_path,
        "--background",
        "--online-mode",
        "--python-exit-code",
        "1",
        "--python-expr",
        code,
    ]
    # another Blender of the same user may run one too
    file = session.home() / f"library-sync-{os.getpid()}.log"
    private_files.make_home(file.parent)
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with open(file, "wb", opener=private_files.opener) as stream:
        _child = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.DEVNULL,
            creationflags=hidden,
        )
    _output, _unread = file.open("rb"), b""
    _said.clear()


def is_running() -> bool:
    """Has it not ended yet?"""
    return _child is not None


def words() -> str | None:
    """How far it is, or how it ended; None when there is nothing to tell."""
    if _child is not None and "done" not in _said:
        return "Asset library: looking what is new…"
    if _said.get("event") in {"saved", "not_saved"} and _child is not None:
        return f"Asset library: {_said['done']} of {_said['total']}"
    if _said.get("event") == "library":
        failed = f", {len(_said['failed'])} failed" if _said["failed"] else ""
        return f"Asset library: {_said['saved']} saved, {_said['unchanged']} unchanged{failed}"
    return str(_said["message"]) if _said.get("message") else None


def catch_up() -> bool:
    """Read what it has written since.

    Returns whether anything changed; costs nothing when none runs.
    """
    global _unread
    if _child is None or _output is None:
        return False
    ended = _child.poll() is not None
    *lines, _unread = (_unread + _output.read()).split(b"\n")
    for line in lines:
        _take_in(line)
    if ended:
        if _said.get("event") not in {"library", "error"}:
            _said.update(
                event="error", message="The asset library was not finished; sync again to go on."
            )
        _let_go()
    return ended or bool(lines)


def stop() -> None:
    """End it, within a bound. What it has saved stays."""
    if _child is not None:
        _child.kill()
        _child.wait(5)
        _said.clear()
        _said.update(event="error", message="Stopped; sync again to go on.")
    _let_go()


def _let_go() -> None:
    """Nothing runs, and nothing of it is left but what it said last."""
    global _child, _output
    if _output is not None:
        _output.close()
        Path(_output.name).unlink(missing_ok=True)
    _child = _output = None


def _take_in(line: bytes) -> None:
    """A line of ours is a JSON object with an event; anything else is Blender talking to itself."""
    try:
        said = json.loads(line)
    except ValueError:
        return
    if isinstance(said, dict) and "event" in said:
        _said.clear()
        _said.update(said)


def _paths() -> list[str]:
    """Where this package is found, when it is not an extension, which Blender finds by itself."""
    return (
        []
        if ADDON.startswith("bl_ext.")
        else [str(Path(sys.modules[ADDON].__file__ or "").parents[1])]
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""The listing of an asset library's folder, with which a web server makes it a remote library.

Blender 5.2 and later read and write it. Blender's own generator is used, which also writes the
thumbnails; it closes the open file, so it runs in a background Blender. Beside it is the manifest
of an extension, with which Blender 5.3 and later add the library and ask for its access token.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from ... import json_text
from ...files import disk
from ...files.file_lock import FileInUse, file_lock
from ...jobs.child_process import ChildProcess
from ...message import Message
from ...scene.export.output_path import OutputError
from .. import blender_runtime
from .manifest import LOCK

META = "_asset-library-meta.json"
"""The file of the listing that Blender asks a server for first."""
EXTENSION = Path("_extension", "blender_manifest.toml")
"""The manifest of the extension, in a folder that holds nothing else."""
_GENERATOR = "_bpy_internal.assets.remote_library"
# What Blender runs for `blender --command asset_listing generate`; the bpy module has no commands.
_CODE = """
import bpy
from _bpy_internal.assets.remote_library import asset_listing_main
status = asset_listing_main(["--quiet", "generate", FOLDER])
"""

_MANIFEST = """\
# Makes the remote asset library an extension of Blender 5.3 or later. Change what is below, and
# build it: blender --command extension build
schema_version = "1.0.0"
id = "asset_library"
version = "1.0.0"
name = "Asset Library"
tagline = "Models and Worlds"
maintainer = "Your name <you@example.com>"
type = "asset-library"
blender_version_min = "5.3.0"
license = ["SPDX:LicenseRef-Proprietary"]

[asset_library]
remote_url = "https://example.com/library/"

[asset_library.auth]
required = false  # true: the server refuses whoever has no access token
auth_method = "TOKEN"
"""


@dataclass(frozen=True)
class RemoteListing:
    """A listing that was written; `is_new` says that the folder had none before."""

    file: Path
    assets: int
    is_new: bool


@functools.cache
def is_available() -> bool:
    """Return whether this Blender can write a listing. Loads `bpy`, which brings its modules."""
    try:
        import bpy  # noqa: F401

        return util.find_spec(f"{_GENERATOR}.cli_listing_generator") is not None
    except ImportError:  # also if a package above it does not exist
        return False


def write(folder: Path) -> RemoteListing:
    """List all .blend files in a folder, or list them again.

    The name and the contact in an earlier listing are kept, and so is the manifest.

    Raises:
        OutputError: Blender could not write it, or a sync of the folder is running.
    """
    folder = folder.expanduser().absolute()
    is_new = not (folder / META).exists()
    try:
        with file_lock(folder / LOCK):
            _run_generator(folder)
        versions = _read(folder / META)["api_versions"]
        latest = versions[max(versions)]  # any: each lists all assets
        count = int(_read(folder / latest["url"])["asset_count"])
        if not (manifest := folder / EXTENSION).exists():
            manifest.parent.mkdir(exist_ok=True)
            with disk.replacing(manifest) as part:
                part.write_text(_MANIFEST, encoding="utf-8")
        return RemoteListing(folder / META, count, is_new)
    except FileInUse:
        reason: object = Message("a sync of this folder is running")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = error
    raise _listing_error(folder, reason)


def _run_generator(folder: Path) -> None:
    code = _CODE.replace("FOLDER", repr(str(folder)))
    child = ChildProcess(blender_runtime.bare_background_command(code))
    try:
        status = child.wait()
        lines = child.errors.strip().splitlines()
    finally:
        child.end()
    if status != 0:
        unknown = Message("exit status {status}", status=status)
        raise _listing_error(folder, lines[-1] if lines else unknown)


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json_text.parse(file.read_text(encoding="utf-8"))
    return content


def _listing_error(folder: Path, reason: object) -> OutputError:
    words = str(reason)
    return OutputError(
        "Blender could not write the listing of {folder}: {reason}. The .blend files are"
        " unchanged.",
        folder=folder,
        reason=words if isinstance(words, Message) else words.rstrip("."),
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Blender this process runs in, which versions, and how to start another one.

The process is a Blender, a Python that has or could load the `bpy` module, or one without either.
Everything but the import works without `bpy`, and loading it takes a second, so these functions
only use a `bpy` that is loaded already.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import util
from pathlib import Path

PACKAGE = __name__.rpartition(".delivery.")[0]
"""The name of this package here: as an extension it begins with `bl_ext.`."""
MIN_BLENDER = (4, 2, 0)
"""The oldest Blender that the add-on supports."""


def inside_blender() -> bool:
    """Return whether this is a Blender or a script that has loaded `bpy`."""
    return "bpy" in sys.modules


def can_import() -> bool:
    """Return whether a result could be imported in this process."""
    return inside_blender() or util.find_spec("bpy") is not None


def blender_problem(action: str) -> str | None:
    """Return why something is impossible here without Blender, as a sentence, or None.

    Args:
        action: What needs Blender, such as "Reading .blend files".
    """
    if can_import():
        return None
    return (
        f"{action} needs Blender: install the bpy package (pip install bpy), or use blender"
        " --online-mode --command mint. Nothing was started."
    )


def readable_extensions() -> frozenset[str]:
    """Return the glTF extensions that a file may require and still be imported here.

    Without a Blender there are none, so that the original file is downloaded.
    """
    if not can_import():
        return frozenset()
    from ..scene.gltf.gltf_extensions import readable_extensions

    return readable_extensions()


def crash_log() -> str:
    """Return the path at which this Blender writes a log when it crashes.

    Empty for the `bpy` module, which writes none. Blender takes its folder for temporary files,
    and the name of the open file.
    """
    bpy = sys.modules.get("bpy")
    if bpy is None or not bpy.app.binary_path:
        return ""
    session = Path(bpy.app.tempdir)  # of this process, in the folder for temporary files
    folder = session.parent if session.name.startswith("blender_") else session
    return str(folder / f"{Path(bpy.data.filepath).stem or 'blender'}.crash.txt")


def package_folder() -> Path:
    """Return the folder of this package."""
    return Path(sys.modules[PACKAGE].__file__ or "").parent


def background_command(code: str, *, online: bool = False) -> list[str]:
    """Return the command that runs Python code in a second Blender without a window.

    It is the same Blender, or the same Python where Blender is a module. The code can import
    `{package}`, which stands for the name of this package there, and set `status`, with which the
    process ends. That is without Python's shutdown: everything is on disk by then, and other
    add-ons may be slow.
    """
    # Blender itself finds an extension
    is_extension = PACKAGE.startswith("bl_ext.")
    paths = [] if is_extension else [package_folder().parent]
    return _command(code.replace("{package}", PACKAGE), paths, _ONLINE if online else _OFFLINE)


def bare_background_command(code: str) -> list[str]:
    """Return the command for a Blender with factory settings, without add-ons or network."""
    folder = package_folder()
    code = code.replace("{package}", folder.name)
    return _command(code, [folder.parent], (*_OFFLINE, "--factory-startup"))


_ONLINE = ("--online-mode",)
_OFFLINE = ("--offline-mode",)


def _command(code: str, paths: list[Path], options: tuple[str, ...]) -> list[str]:
    program = "\n".join(
        (
            "import os, sys",
            f"sys.path[:0] = {[str(path) for path in paths]!r}",
            "status = 0",
            code,
            "sys.stdout.flush()",
            "sys.stderr.flush()",
            "os._exit(status)",
        )
    )
    bpy = sys.modules.get("bpy")
    binary = bpy.app.binary_path if bpy is not None else ""
    if not binary:
        return [sys.executable, "-c", program]
    return [binary, "--background", *options, "--python-exit-code", "1", "--python-expr", program]


def version_lines() -> list[str]:
    """Return a line for each version. Loads no Blender."""
    import platform

    return [
        own_version(),
        f"Blender {blender_version() or 'is not loaded'}",
        f"Python {platform.python_version()}",
        platform.platform(),
    ]


def own_version() -> str:
    """Return the name and the version of this package."""
    return f"Mint for Blender {addon_version()}"


def blender_version() -> str:
    """Return the version of the Blender of this process, and its kind; empty if none is loaded."""
    bpy = sys.modules.get("bpy")
    if bpy is None:
        return ""
    kind = "" if bpy.app.binary_path else ", the bpy module"
    return f"{bpy.app.version_string} ({bpy.app.build_hash.decode('ascii', 'replace')}{kind})"


def is_supported() -> bool:
    """Return whether the loaded Blender is new enough."""
    bpy = sys.modules.get("bpy")
    return bpy is not None and tuple(bpy.app.version) >= MIN_BLENDER


def addon_version() -> str:
    """Return the version in the manifest of the extension, or that of the installed package."""
    import tomllib
    from importlib import metadata

    package = package_folder()
    for folder in (package, package.parent):
        with suppress(OSError, ValueError, KeyError):
            manifest = tomllib.loads((folder / "blender_manifest.toml").read_text("utf-8"))
            if manifest["id"] == "mint_blender":
                return str(manifest["version"])
    try:
        return metadata.version("mint-blender")
    except metadata.PackageNotFoundError:
        return "of unknown version"


def reserve_standard_output() -> None:
    """Redirect file descriptor 1 to the null device and keep `sys.stdout` for our results.

    What Blender prints there (each rendered tile, each saved file) is discarded. It writes to the
    descriptor directly, from a buffer that may be flushed at the very end, so this lasts until the
    process ends.
    """
    try:
        results = os.dup(1)
        null_device = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        return  # there is no standard output
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout = os.fdopen(results, "w", encoding=encoding, errors="backslashreplace", buffering=1)
    os.dup2(null_device, 1)
    os.close(null_device)


def discard_standard_output() -> None:
    """Discard what is still buffered, since nobody reads it any more.

    Otherwise Python's last flush would fail with a broken pipe.
    """
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)

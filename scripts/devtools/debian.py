# SPDX-License-Identifier: GPL-3.0-or-later
"""Find and install the Debian packages that Blender and its tests need."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from .console import DevError, echo, run_captured, run_command

LIBRARY_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libGLdispatch.so.0": "libglvnd0",
    "libICE.so.6": "libice6",
    "libOpenGL.so.0": "libopengl0",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXau.so.6": "libxau6",
    "libXcursor.so.1": "libxcursor1",
    "libXdmcp.so.6": "libxdmcp6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXinerama.so.1": "libxinerama1",
    "libXrandr.so.2": "libxrandr2",
    "libXrender.so.1": "libxrender1",
    "libXt.so.6": "libxt6t64",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libgcc_s.so.1": "libgcc-s1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
}
"""The Debian and Ubuntu package of each shared library."""

WINDOW_PROGRAMS = {
    "blender": "blender",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "import": "imagemagick",
}
"""The Debian package of each program that the window tests start."""

WINDOW_MODULES = {
    "numpy": "python3-numpy",
    "requests": "python3-requests",
    "zstandard": "python3-zstandard",
}
"""The Debian package of each module that Debian's Blender imports from the system's Python."""

_LOADER_COMPLAINT = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")
_LDD_COMPLAINT = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def libraries_named(text: str) -> list[str]:
    """Return the missing libraries named by an `ImportError` or by `ldd`, each once."""
    found = _LOADER_COMPLAINT.findall(text) + _LDD_COMPLAINT.findall(text)
    return list(dict.fromkeys(Path(name).name for name in found))


def explain(libraries: Iterable[str]) -> str:
    """Return a line for each missing library with its package."""
    lines = [f"  {name}  is in the Debian package  {package_of(name)}" for name in libraries]
    return "\n".join(lines)


def package_of(library: str) -> str:
    """Return the Debian package of a shared library, or a hint on how to find it."""
    return LIBRARY_PACKAGES.get(library, f"(not known here; `apt-file search {library}` finds it)")


def packages_of(libraries: Iterable[str]) -> list[str]:
    """Return the known Debian packages of these libraries."""
    return sorted({LIBRARY_PACKAGES[name] for name in libraries if name in LIBRARY_PACKAGES})


def missing_for_window() -> list[str]:
    """Return the Debian packages for window tests that are not installed."""
    programs = [program for program in WINDOW_PROGRAMS if shutil.which(program) is None]
    missing = [WINDOW_PROGRAMS[program] for program in programs]
    python = "/usr/bin/python3"  # Debian's Blender runs on it, whichever Python started us
    for module, package in WINDOW_MODULES.items():
        if run_captured([python, "-c", f"import {module}"]).returncode != 0:
            missing.append(package)
    return missing


def install_packages(packages: list[str], *, reason: str, install: bool) -> None:
    """Install packages; without `install`, a user at a terminal is asked first.

    Raises:
        DevError: They were not installed; the text names the command that does it.
    """
    what = " ".join(packages)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if not (as_root and (install or _yes(f"{reason} Install {what} now?"))):
        again = ", or run this again with --install" if as_root else ""
        raise DevError(f"{reason} Please install: sudo apt-get install {what}{again}.")
    echo(f"-- {reason} Installing from Debian: {what}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    here = Path.cwd()
    get = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    command = [*get, "install", "-y", "--no-install-recommends", *packages]
    run_command([*get, "update"], cwd=here, extra=quiet, output=Path(os.devnull))
    done = run_command(command, cwd=here, extra=quiet, output=Path(os.devnull)) == 0
    # Run again with its output shown, so that the reason can be read.
    if not done and run_command(command, cwd=here, extra=quiet) != 0:
        raise DevError(f"apt-get could not install {what}. Its output is above.")


def check_blender(python: Path, *, install: bool) -> None:
    """Check that `import bpy` works; install missing libraries if that is allowed.

    Raises:
        DevError: Blender cannot be loaded.
    """
    for _ in range(2):
        show = "import bpy, os; print(bpy.app.version_string, flush=True); os._exit(0)"
        tried = run_captured([python, "-c", show])
        if tried.returncode == 0:
            version = tried.stdout.splitlines()[-1]  # Blender may have printed something before
            echo(f"   Blender {version} works as a Python module")
            return
        libraries = _missing_libraries(python) or libraries_named(tried.stderr)
        if not libraries:
            raise DevError(f"`import bpy` does not work in {python}:\n{tried.stderr.strip()}")
        echo("   Blender needs these system libraries:\n" + explain(libraries))
        packages = packages_of(libraries)
        if not packages:
            break
        install_packages(packages, reason="Blender cannot be loaded without them.", install=install)
    raise DevError("Blender cannot be loaded: the libraries named above are still missing.")


def _missing_libraries(python: Path) -> list[str]:
    """Return all missing libraries from `ldd`; the loader itself names only the first."""
    find = "import importlib.util as u; print(u.find_spec('bpy').origin)"
    origin = run_captured([python, "-c", find]).stdout.strip()
    binaries = [str(path) for path in Path(origin).parent.glob("*.so")] if origin else []
    return libraries_named(run_captured(["ldd", *binaries]).stdout) if binaries else []


def _yes(question: str) -> bool:
    """Ask the user; without a terminal the answer is no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

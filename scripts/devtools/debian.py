# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's packages: which one has which program, and how they are installed."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from .say import Trouble, answer, run, say

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
"""Shared library, as the loader names it, to the Debian and Ubuntu package that brings it."""

WINDOW_PROGRAMS = {
    "blender": "blender",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "import": "imagemagick",
}
"""Program that the tests of a Blender with a window start, to its Debian package."""

WINDOW_MODULES = {
    "numpy": "python3-numpy",
    "requests": "python3-requests",
    "zstandard": "python3-zstandard",
}
"""Module that Debian's Blender imports from the system's Python, to its Debian package."""

_LOADER_COMPLAINT = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")
_LDD_COMPLAINT = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def libraries_named(text: str) -> list[str]:
    """List the missing libraries that an `ImportError` or the output of `ldd` names, each once."""
    found = _LOADER_COMPLAINT.findall(text) + _LDD_COMPLAINT.findall(text)
    return list(dict.fromkeys(Path(name).name for name in found))


def explain(libraries: Iterable[str]) -> str:
    """Write one line for each missing library: its name and the package that brings it."""
    lines = [f"  {name}  is in the Debian package  {package_of(name)}" for name in libraries]
    return "\n".join(lines)


def package_of(library: str) -> str:
    """Return the Debian package of a shared library, or a hint on how to find it."""
    return LIBRARY_PACKAGES.get(library, f"(not known here; `apt-file search {library}` finds it)")


def packages_of(libraries: Iterable[str]) -> list[str]:
    """List the Debian packages that bring these libraries, as far as they are known."""
    return sorted({LIBRARY_PACKAGES[name] for name in libraries if name in LIBRARY_PACKAGES})


def missing_for_window() -> list[str]:
    """List the Debian packages that the tests with a window still need on this machine."""
    programs = [program for program in WINDOW_PROGRAMS if shutil.which(program) is None]
    missing = [WINDOW_PROGRAMS[program] for program in programs]
    python = "/usr/bin/python3"  # Debian's Blender runs on it, whichever Python started us
    for module, package in WINDOW_MODULES.items():
        if answer([python, "-c", f"import {module}"]).returncode != 0:
            missing.append(package)
    return missing


def bring(packages: list[str], *, reason: str, install: bool) -> None:
    """Install packages when that was asked for; otherwise `Trouble` says which command does it.

    `install` is the answer beforehand. Without it, a person at a terminal is asked.
    """
    what = " ".join(packages)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if not (as_root and (install or _yes(f"{reason} Install {what} now?"))):
        again = ", or run this again with --install" if as_root else ""
        raise Trouble(f"{reason} Please install: sudo apt-get install {what}{again}.")
    say(f"-- {reason} Installing from Debian: {what}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    here = Path.cwd()
    get = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    command = [*get, "install", "-y", "--no-install-recommends", *packages]
    run([*get, "update"], cwd=here, extra=quiet, quiet=True)
    done = run(command, cwd=here, extra=quiet, quiet=True) == 0
    # When it fails, once more aloud: a failed run is worth its noise, a good one is not.
    if not done and run(command, cwd=here, extra=quiet) != 0:
        raise Trouble(f"apt-get could not install {what}. Its own words are above.")


def check_blender(python: Path, *, install: bool) -> None:
    """See that `import bpy` works; name what is missing, and bring it where that is allowed."""
    for _ in range(2):
        show = "import bpy, os; print(bpy.app.version_string, flush=True); os._exit(0)"
        tried = answer([python, "-c", show])
        if tried.returncode == 0:
            version = tried.stdout.splitlines()[-1]  # Blender may have had something to say first
            say(f"   Blender {version} works as a Python module")
            return
        libraries = _missing_libraries(python) or libraries_named(tried.stderr)
        if not libraries:
            raise Trouble(f"`import bpy` does not work in {python}:\n{tried.stderr.strip()}")
        say("   Blender needs libraries of the system that are not here:\n" + explain(libraries))
        packages = packages_of(libraries)
        if not packages:
            break
        bring(packages, reason="Blender cannot be loaded without them.", install=install)
    raise Trouble("Blender cannot be loaded: the libraries named above are still missing.")


def _missing_libraries(python: Path) -> list[str]:
    """Name all of them at once, where `ldd` can; the loader itself names only the first."""
    find = "import importlib.util as u; print(u.find_spec('bpy').origin)"
    origin = answer([python, "-c", find]).stdout.strip()
    binaries = [str(path) for path in Path(origin).parent.glob("*.so")] if origin else []
    return libraries_named(answer(["ldd", *binaries]).stdout) if binaries else []


def _yes(question: str) -> bool:
    """Ask a person at a terminal; without one the answer is no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

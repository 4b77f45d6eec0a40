# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Blender installs from a web server and updates, with jobs in flight."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.packaging import archive, blender_tool, repository

from ..mint_service.options import DURATIONS
from ..mint_service.runner import ThreadService, running_service
from .command_runner import LAMP, CommandResult, press_ctrl_c, read_until
from .installed_extension import MINT, run, start

pytestmark = pytest.mark.debian

LONG = 1_000_000.0
"""Seconds of the service's time for which a job with [slow-start] is queued."""


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in service whose slow jobs wait until its clock is turned."""
    durations = {**DURATIONS, "slow": LONG}
    with running_service(speed=2000, retry_after=0.05, durations=durations) as running:
        yield running


@pytest.fixture
def repository_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the repository of this version. Another test validates what is in it."""
    monkeypatch.setattr(blender_tool, "validate", lambda archive, tool: None)
    repository.write(tmp_path / "web", compressed=False)
    return tmp_path / "web"


@pytest.fixture
def address(repository_folder: Path) -> Iterator[str]:
    """Serve the repository on this machine, and return the address of its index."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(repository_folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.json"
    server.shutdown()
    server.server_close()
    thread.join()


Blender = Callable[..., CommandResult]


def extension(blender: Blender, *arguments: str) -> None:
    """Run one of Blender's own commands for extensions."""
    ran = blender("--online-mode", "--command", "extension", *arguments)
    assert ran.status == 0, ran.out + ran.err
    assert "error" not in (ran.out + ran.err).lower(), ran.out + ran.err


@pytest.fixture
def blender(
    service: ThreadService, home: Path, tmp_path: Path, address: str
) -> Callable[..., CommandResult]:
    """Install the add-on from a repository; return a function that runs Blender with it."""
    (tmp_path / "resources").mkdir()

    def run_it(*arguments: str) -> CommandResult:
        return run(service, tmp_path / "resources", home, tmp_path, *arguments)

    extension(run_it, "repo-add", "--clear-all", "--url", address, "mint")
    extension(run_it, "install", "--sync", "--enable", "mint_blender")
    return run_it


def publish_next_version(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Write a repository with version 99.0.0 of the same source into the folder."""
    text = archive.manifest().replace(f'version = "{archive.version()}"', 'version = "99.0.0"')
    monkeypatch.setattr(archive, "manifest", lambda: text)
    monkeypatch.setattr(archive, "version", lambda: "99.0.0")
    repository.write(folder, compressed=False)


def installed_version(resources: Path) -> str:
    """Return the version of the extension that is installed from the repository."""
    manifest = resources / "extensions" / "mint" / "mint_blender" / "blender_manifest.toml"
    version: str = tomllib.loads(manifest.read_text(encoding="utf-8"))["version"]
    return version


@pytest.mark.covers("C7-restart")
@pytest.mark.feature("install and update from an extension repository")
def test_an_update_keeps_the_jobs_in_flight(
    blender: Blender,
    service: ThreadService,
    repository_folder: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The new version reads the journal of the old one, finishes its jobs, and starts nothing."""
    resources = tmp_path / "resources"
    assert installed_version(resources) == archive.version()
    assert blender(*MINT, *LAMP, "--mode", "review").status == 6
    words = ("generate", "--prompt", "a sword [slow-start]", "--preset", "fast")
    running = start(service, resources, home, *MINT, *words)
    read_until(running, "Queued")

    publish_next_version(monkeypatch, repository_folder)
    extension(blender, "update", "--sync")
    assert installed_version(resources) == "99.0.0"
    press_ctrl_c(running)
    assert running.returncode == 130

    jobs = {record["prompt"]: record for record in blender(*MINT, "jobs", "--json").records}
    assert jobs["a lamp"]["phase"] == "review"
    assert len(service.operations()) == len(jobs) == 2
    service.advance(LONG)
    for command in (["approve", jobs["a lamp"]["job"]], ["resume"]):
        ran = blender(*MINT, *command)
        assert ran.status == 0, ran.err
    assert len(service.operations()) == len(service.resources()) == 2
    assert len(service.requests("POST", "/v1/models:generate")) == 2

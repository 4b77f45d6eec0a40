# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for running pages: the stand-in service, and Blender without its slow parts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, TypeVar

import pytest

import mint_blender
from mint_blender.cli.batch import result_writer
from mint_blender.delivery import background, write_files
from mint_blender.jobs.child_process import PerThread
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import DeliveryResult

from ..cli.conftest import fast_polling  # noqa: F401 - of the commands
from ..harness.blender_fixtures import _fast_polling  # noqa: F401 - of the add-on; pytest finds it by name
from ..mint_service.runner import ThreadService, running_service
from . import examples
from .page_runner import PageRunner
from .shell import Shell

T = TypeVar("T")


class InThisThread(Executor):
    """Writes the results of a batch at once, with the Blender of this process.

    Starting a background Blender takes two seconds; `tests/delivery/test_background.py` has the
    tests of the real pool.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def submit(self, call: Callable[..., T], /, *arguments: Any, **options: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(call(*arguments, **options))
        return future


class Importer:
    """Stands for a background Blender."""

    def write(self, job: Job, others: Sequence[Job] = ()) -> DeliveryResult:
        return write_files.write(job)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in service that is 2,000 times as fast as Mint, and has Credits for a page."""
    with running_service(speed=2000, retry_after=0.05, credits=1_000_000) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def run_page(
    service: ThreadService,
    fast_polling: None,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[PageRunner]:
    """Return a runner for one page, in a folder with the files that pages speak of."""
    from mint_blender.delivery import import_job
    from mint_blender.scene.export import output

    folder = tmp_path / "page"
    folder.mkdir()
    examples.prepare(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MINT_API_KEY", service.key)
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(result_writer, "BlenderPool", InThisThread)
    monkeypatch.setattr(background, "IMPORTERS", PerThread(Importer))
    small = partial(output.render_image, width=64, height=48, samples=1)
    monkeypatch.setattr(import_job, "render_image", small)
    repository = ModuleType("bl_ext.user_default")
    repository.mint_blender = mint_blender  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bl_ext.user_default", repository)
    mint_blender.register()
    with TemporaryDirectory(prefix="mint-page-") as place:
        shell = Shell(folder, Path(place), examples.run_command)
        yield PageRunner(folder, service, shell)
        shell.close()
    mint_blender.unregister()

# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's process is killed at every step and restarted: nothing is lost or paid twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mint_blender.jobs.job_values import Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Mode

from ..mint_model.records import PREVIEW, price
from ..mint_service.runner import ThreadService, running_service
from .forking_process import ForkingProcess
from .kill_script import FEEDBACK

pytestmark = [
    pytest.mark.one_blender,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="does not apply: no fork on this system"),
]

ROOT = Path(__file__).parents[2]
SIDE_BY_SIDE = 2
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)

JOB_REQUESTS = {
    "reviewed model": {"kind": "model", "mode": "review", "revisions": 1},
    "world": {"kind": "world", "mode": "auto", "splats": "100k"},
    "model after a picture": {"kind": "model", "mode": "auto", "images": ["lamp.png"]},
    "optimized model": {"kind": "model", "mode": "auto", "optimize": "moderate"},
}
PLAIN: dict[str, Any] = {
    "images": [],
    "splats": None,
    "optimize": None,
    "revisions": 0,
    "convert": None,
}
ROLES = {
    "reviewed model": {Role.PREVIEW: 2, Role.MODEL: 1, Role.PICTURE: 1},
    "world": {Role.COLLIDER: 1, Role.PANORAMA: 1, Role.SPLATS: 1, Role.PICTURE: 1},
    "model after a picture": {Role.MODEL: 1, Role.PICTURE: 1},
    "optimized model": {Role.MODEL: 1, Role.PICTURE: 1},
}


class Script(ForkingProcess):
    """A running `kill_script`."""

    def __init__(self, service: ThreadService) -> None:
        self._account = {"key": service.key, "api": service.api}
        super().__init__("tests.jobs.kill_script")

    def run(self, home: Path, job_request: dict[str, Any], die_at: int | None) -> dict[str, Any]:
        """Run one child and return its report.

        The report is {"killed": 9} or {"phase": …, "steps": […]}.
        """
        order = {"home": str(home), "job_request": job_request, "die_at": die_at}
        return self.ask({**order, **self._account})


@contextmanager
def scripts(service: ThreadService) -> Iterator[list[Script]]:
    """Yield several scripts that run in parallel."""
    running = [Script(service) for _ in range(SIDE_BY_SIDE)]
    try:
        yield running
    finally:
        for script in running:
            script.end()


@pytest.mark.covers("C7-restart", "R-pay-once")
@pytest.mark.parametrize("name", JOB_REQUESTS)
def test_a_generation_killed_at_every_step(name: str, tmp_path: Path) -> None:
    """After each kill there is one paid operation and one complete result."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    job_request = PLAIN | JOB_REQUESTS[name]
    job_request["images"] = [str(tmp_path / image) for image in job_request["images"]]

    with (
        running_service(speed=1000, credits=1e9, limits={"model": 1000, "world": 1000}) as service,
        scripts(service) as running,
    ):

        def kill_at(script: Script, step: int) -> bool:
            """Run and kill a job at a step, run it again and check the result.

            Returns False when the job ended before that step.
            """
            home = tmp_path / f"home-{step}"
            this = {**job_request, "prompt": f"a lamp, number {step}"}
            first = script.run(home, this, step)
            if "killed" not in first:
                assert first["phase"] == Phase.READY, first
            else:
                assert first["killed"] == signal.SIGKILL
                again = script.run(home, this, None)
                assert again.get("phase") == Phase.READY, (step, again)
            check_result(service, name, this, home)
            return "killed" in first

        whole = running[0].run(
            tmp_path / "whole", {**job_request, "prompt": "a lamp, number 0"}, None
        )
        check_result(
            service, name, {**job_request, "prompt": "a lamp, number 0"}, tmp_path / "whole"
        )
        assert {
            "before request",
            "after request",
            "before begin",
            "after begin",
            "before answer",
            "after answer",
            "before save",
            "after save",
            "before replace",
            "a part of a file",
        } <= set(whole["steps"])
        # Polls make a run a few steps longer or shorter; where it is over before the step, that run
        # is judged as it is.
        every = range(1, len(whole["steps"]) + 1)

        def share(number: int) -> list[bool]:
            return [kill_at(running[number], step) for step in every[number::SIDE_BY_SIDE]]

        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            killed = [
                result for results in threads.map(share, range(SIDE_BY_SIDE)) for result in results
            ]
        assert killed.count(True) > 0.8 * len(every)
        assert service.leaks() == []


def test_a_conversion_killed_at_every_step(tmp_path: Path) -> None:
    """After each kill the model is converted once and its files are saved once."""
    library = {"models": 260}
    with (
        running_service(speed=1000, credits=1e9, library=library) as service,
        scripts(service) as running,
    ):
        models = iter(
            [
                one
                for one in service.resources()
                if one.kind == "model" and one.status == "succeeded"
            ]
        )
        job_request = {**PLAIN, "kind": "model", "mode": "auto", "prompt": ""}

        def kill_at(script: Script, step: int | None, model: Any) -> dict[str, Any]:
            """Run and kill a job at a step, run it again and check the result.

            Returns False when the job ended before that step.
            """
            home = tmp_path / f"home-{step}"
            first = script.run(home, {**job_request, "convert": model.id}, step)
            if "killed" in first:
                assert (
                    script.run(home, {**job_request, "convert": model.id}, None).get("phase")
                    == Phase.PLACED
                ), step
            check_conversion(service, model.id, home)
            return first

        whole = kill_at(running[0], None, next(models))
        assert {
            "before request",
            "after save",
            "before link",
            "after link",
            "before unlink",
        } <= set(whole["steps"])
        every = list(zip(range(1, len(whole["steps"]) + 1), models, strict=False))
        assert len(every) == len(whole["steps"]), "there are models enough"

        def share(number: int) -> list[bool]:
            return [
                "killed" in kill_at(running[number], step, model)
                for step, model in every[number::SIDE_BY_SIDE]
            ]

        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            killed = [
                result for results in threads.map(share, range(SIDE_BY_SIDE)) for result in results
            ]
        assert killed.count(True) > 0.8 * len(every)
        assert service.leaks() == []


def check_conversion(service: ThreadService, model: str, home: Path) -> None:
    """Check that there is one operation and exactly its complete files in the folder."""
    (operation,) = [
        one
        for one in service.operations()
        if one.type == "model_conversion" and one.resource == model
    ]
    assert (operation.status, operation.finalized) == ("succeeded", price("model_conversion"))
    journal = Journal(home)
    (job,) = journal.jobs()
    journal.close()
    assert (job.phase, job.notes, job.decision) == (Phase.PLACED, (), None)
    assert {path.name for path in (home / "chosen").iterdir()} == {"Lamp.fbx", "Lamp.stl"}
    for kept in job.files:
        served = service.mint.files[urlsplit(kept.url).path.lstrip("/")]
        assert Path(kept.path).read_bytes() == served.read(), kept


def check_result(
    service: ThreadService, name: str, job_request: dict[str, Any], home: Path
) -> None:
    """Check that Mint and the disk are as after one undisturbed run."""
    (operation,) = [
        one for one in service.operations() if one.prompt == job_request["prompt"] and not one.level
    ]
    assert operation.status == "succeeded"
    assert (
        operation.finalized
        == price(operation.type, operation.preset) + PREVIEW * job_request["revisions"]
    )
    assert operation.feedback == [FEEDBACK] * job_request["revisions"]
    (resource,) = [one for one in service.resources() if one.prompt == job_request["prompt"]]
    assert resource.id == operation.resource
    optimized = [one for one in service.operations() if one.level and one.resource == resource.id]
    assert [one.status for one in optimized] == ["succeeded"] * bool(job_request["optimize"]), (
        "an optimization is paid once, too"
    )

    journal = Journal(home)
    (job,) = journal.jobs()
    journal.close()
    assert job.phase is Phase.READY
    assert job.notes == ()
    assert job.decision is None
    brought = Counter(kept.role for kept in job.files)
    if job.request.mode is Mode.AUTO:
        assert brought.pop(Role.PREVIEW, 0) <= 1, "a preview that passes by may have been missed"
    assert brought == ROLES[name]
    assert len({kept.url for kept in job.previews}) == len(job.previews), (
        "each revision has a picture of its own"
    )
    for kept in job.files:
        served = service.mint.files[urlsplit(kept.url).path.lstrip("/")]
        assert Path(kept.path).read_bytes() == served.read(), kept
    left = {path for path in (home / "downloads").rglob("*") if path.is_file()} - {
        Path(kept.path) for kept in job.files
    }
    # A kill right after the rename leaves the note that stood beside the part: a hundred bytes, in
    # nobody's way.
    left = {path for path in left if path.suffixes[-2:] != [".part", ".json"]}
    if job.request.mode is Mode.AUTO:
        left = {path for path in left if not path.name.startswith("preview-1.")}
    assert left == set(), "nothing half done lies about"

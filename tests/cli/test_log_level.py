# SPDX-License-Identifier: GPL-3.0-or-later
"""`--log-level`: what a command writes into mint.log."""

from __future__ import annotations

import logging
from pathlib import Path

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint


def test_info_has_requests_and_phases(mint: RunMint, service: ThreadService, home: Path) -> None:
    """Each request with its status and request id, each phase of the job; no prompt and no key."""
    assert mint(*LAMP, "--log-level", "info").status == 0
    log = (home / "mint.log").read_text()
    (start,) = [line for line in log.splitlines() if "POST /models:generate" in line]
    assert " INFO " in start and "request id none" not in start
    assert "status 20" in start and start.endswith(" s")
    (job,) = mint("jobs", "--json").records
    of_job = f"Job {job['job']}: "
    phases = [line.split(of_job)[1] for line in log.splitlines() if of_job in line]
    assert phases[0].startswith("new (model, fast), waiting")
    assert [line.split(",")[0] for line in phases[1:]] == [
        "sending",
        "working",
        "fetching",
        "ready",
    ]
    assert "DEBUG" not in log and "a lamp" not in log and service.key not in log
    assert len([line for line in log.splitlines() if "GET /operations/" in line]) == len(
        service.requests("GET", "/v1/operations/*")
    )


def test_debug_has_steps(mint: RunMint, service: ThreadService, home: Path) -> None:
    """Also each step of the workflow and each download; links with their signatures are not."""
    assert mint(*LAMP, "--log-level", "DEBUG").status == 0
    log = (home / "mint.log").read_text()
    assert "next Pay" in log and "downloaded model" in log
    assert "http" not in log and service.key not in log


def test_the_level_is_that_of_one_command(mint: RunMint, home: Path) -> None:
    """The next command writes warnings only, and a program's own logging is as before."""
    mint("check", "--log-level", "info")
    size = (home / "mint.log").stat().st_size
    mint("check")
    assert (home / "mint.log").stat().st_size == size > 0
    logger = logging.getLogger("mint_blender")
    assert (logger.level, logger.handlers, logger.propagate) == (logging.NOTSET, [], True)


def test_an_unknown_level_is_refused(mint: RunMint) -> None:
    """With the words that are possible."""
    ran = mint("check", "--log-level", "loud")
    assert ran.status == 2 and "LOUD" in ran.err and "WARNING" in ran.err

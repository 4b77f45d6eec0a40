# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that forks a child for each command, which kills itself at a given step.

Steps are those of `kill_steps`. Run as `python3 -m tests.process_kills.command_process`, it reads orders as
lines of JSON and answers each with one line. Where nothing can fork, it carries out one order itself.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

from mint_blender.application import session
from mint_blender.cli import main
from mint_blender.cli.batch import command  # noqa: F401 - loaded before the fork, once for all
from mint_blender.delivery import blender_runtime
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.workflow import look
from mint_blender.mint.retry import PollIntervals, RetryPolicy

from .kill_steps import CAN_FORK, Steps, watch_every_boundary, watch_files


def _run(order: dict[str, Any]) -> NoReturn:
    """Run one command, and report its exit status, what it printed, and its steps."""
    status = 1
    try:
        os.environ.update(order["environment"])
        _hurry()
        if not order["blender"]:
            blender_runtime.can_import = lambda: False
        steps = Steps(order["die_at"], order["only"])
        watch_every_boundary(steps)
        watch_files(steps, Path(order["environment"]["MINT_BLENDER_HOME"]).parent)
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            exit_status = _carry_out(order["arguments"])
        answer = {"status": exit_status, "printed": printed.getvalue(), "steps": steps.names}
        sys.__stdout__.write(json.dumps(answer) + "\n")
        sys.__stdout__.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _carry_out(words: list[str]) -> int:
    """Run a command, or a Python script as `python3 FILE …` does; return the exit status."""
    if words[0] != "python3":
        return main(words)
    sys.argv = words[1:]
    runpy.run_path(words[1], run_name="__main__")
    return 0


def _hurry() -> None:
    """Poll and retry every 10 ms, and take it at once that the process before is dead.

    A start that was killed in the middle is looked for after half a second in place of ten minutes.
    """
    session.POLL_INTERVALS = PollIntervals(
        first=0.01, factor=1.0, longest=0.01, min_retry_after=0.01
    )
    session.RETRIES = RetryPolicy(first=0.01, factor=1.0, longest=0.05, min_retry_after=0.01)
    job_cache.JUST_NOW = 0.0
    vars(look)["SETTLED_AFTER"] = 0.5


def _serve() -> None:
    """Run each order on standard input in a forked child; report one that was killed or failed."""
    for line in sys.stdin:
        if not CAN_FORK:
            _run(json.loads(line))
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps({"killed": os.WTERMSIG(status)}), flush=True)
        elif os.WEXITSTATUS(status):
            print(json.dumps({"broken": os.WEXITSTATUS(status)}), flush=True)


if __name__ == "__main__":
    _serve()

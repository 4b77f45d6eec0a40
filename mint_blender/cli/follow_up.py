# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for what comes after a generation: other formats of it, and the same wish once more."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..delivery import write as delivery_write
from ..jobs import request_template
from ..jobs.job import asset_of
from ..jobs.service import JobService, NotPossible
from ..mint.schema import Asset, Format, Kind, is_valid_id
from . import session
from .exits import Exit
from .jobs import follow_and_write, path_text
from .terminal import Terminal


def convert(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Other formats of a model, saved into a folder."""
    folder = arguments.output.absolute()
    if complaint := delivery_write.folder_problem(folder):
        terminal.error(complaint)
        return Exit.IMPORT
    with session.open_job_service() as job_service:
        job = job_service.convert(
            _asset(job_service, arguments.what), [Format(word) for word in arguments.format], folder
        )
        return follow_and_write(job_service, [job], terminal)


def again(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """A new job with the request of another one."""
    with session.open_job_service() as job_service:
        wanted = request_template.of_job(job_service.job(arguments.job), job_service.jobs()).varied(
            arguments.prompt
        )
        session.check_request(wanted.request)
        if complaint := delivery_write.output_problem(
            wanted.request.kind, arguments.output, arguments.render
        ):
            terminal.error(complaint)
            return Exit.IMPORT
        session.check_price(
            job_service, wanted.request, wanted.optimize, arguments.max_credits, terminal.wait
        )
        # The scene of a click in Blender is not where the result of this command belongs.
        target = replace(
            wanted.target,
            output=path_text(arguments.output),
            render=path_text(arguments.render),
            document=None,
            scene=None,
            at=None,
        )
        job = job_service.start(
            wanted.request, target, optimize=wanted.optimize, max_credits=arguments.max_credits
        )
        return follow_and_write(job_service, [job], terminal, approve=arguments.approve)


def _asset(job_service: JobService, what: str) -> Asset:
    """What a job has made, or a model of that id. Raises NotPossible."""
    try:
        job = job_service.job(what)
    except NotPossible:
        if not is_valid_id(what):
            raise
        return Asset.from_json(Kind.MODEL, {"id": what})
    made = asset_of(job)
    if made is None:
        raise NotPossible(f"{job.title} has made nothing yet.")
    return job.asset or Asset.from_json(
        job.kind, {"id": made, "name": job.request.name, "prompt": job.request.prompt}
    )

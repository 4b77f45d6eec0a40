# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that start jobs: `generate`, `convert`, `again` and `animate`."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..application import session
from ..application.results import asset_named
from ..delivery import write_files
from ..jobs.job import asset_of
from ..jobs.job_values import Delivery
from ..jobs.new_jobs import check_motions, template_of_job
from ..jobs.queries import AnimationPrice
from ..jobs.service import JobService
from ..mint.generation_request import GenerationRequest
from ..mint.motion_request import MotionRequest
from ..mint.schema import Asset, Format, Kind, OptimizationLevel
from .exits import Exit, Refused
from .reports import check_outputs, file_options, follow_and_write
from .terminal import Terminal


def generate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate a model or a World and write its file."""
    request = GenerationRequest.parse(
        kind=arguments.kind,
        prompt=arguments.prompt,
        preset=arguments.preset,
        mode=arguments.mode,
        name=arguments.name,
        images=arguments.image,
        pose=arguments.pose,
    )
    session.check_request(request)
    check_outputs(request.kind, arguments, terminal)
    output = arguments.output
    render = arguments.render
    level = OptimizationLevel(arguments.optimize) if arguments.optimize else None
    is_copied = output is not None and not write_files.needs_blender(request.kind, output, render)
    readable = frozenset[str]() if is_copied else None
    with session.open_job_service(readable=readable, on_wait=terminal.wait) as job_service:
        delivery = Delivery(splats=arguments.splats)
        return _start(job_service, request, delivery, level, arguments, terminal)


def _start(
    job_service: JobService,
    request: GenerationRequest,
    delivery: Delivery,
    level: OptimizationLevel | None,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> Exit:
    """Start a job, wait for it, and write the files that the command names."""
    delivery = replace(delivery, **file_options(arguments))
    limit = arguments.max_credits
    job = job_service.start(request, delivery, optimize=level, max_credits=limit)
    return follow_and_write(job_service, [job], terminal, approve=arguments.approve)


def convert(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Save other formats of a model into a folder."""
    folder = arguments.output.absolute()
    if problem := write_files.folder_problem(folder):
        raise Refused(problem, Exit.IMPORT)
    with session.open_job_service() as job_service:
        job = job_service.convert(
            asset_named(job_service, arguments.what),
            [Format(word) for word in arguments.format],
            folder,
        )
        return follow_and_write(job_service, [job], terminal)


def again(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Start a new job with the request of another one."""
    with session.open_job_service(on_wait=terminal.wait) as job_service:
        job = job_service.job(arguments.job)
        jobs = job_service.jobs_of_asset(asset_of(job))
        template = template_of_job(job, jobs).with_prompt(arguments.prompt)
        session.check_request(template.request)
        check_outputs(template.request.kind, arguments, terminal)
        # Not into the Blender scene that the first job was started from.
        delivery = replace(template.delivery, document=None, scene=None, at=None)
        return _start(
            job_service, template.request, delivery, template.optimize, arguments, terminal
        )


def animate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Animate a model, and write the character with all its clips."""
    # Blender writes it in any case, as it does a World
    check_outputs(Kind.WORLD, arguments, terminal)
    height = arguments.height
    in_place = arguments.in_place
    motions = [MotionRequest(words, height, in_place) for words in arguments.motion]
    delivery = Delivery(output=str(arguments.output))
    with session.open_job_service(on_wait=terminal.wait) as job_service:
        model = asset_named(job_service, arguments.what)
        limit = arguments.max_credits
        check_motions(model.kind, motions)
        if limit is None and not arguments.yes:
            _check_price(job_service, model, motions, arguments.again, terminal)
        jobs = job_service.animate(
            model, motions, delivery, max_credits=limit, again=arguments.again
        )
        delivery = replace(delivery, motions=tuple(motion.words for motion in motions))
        return follow_and_write(job_service, jobs, terminal, delivery=delivery)


def _check_price(
    job_service: JobService,
    model: Asset,
    motions: list[MotionRequest],
    again: bool,
    terminal: Terminal,
) -> None:
    """Raise Refused unless Mint tells the price of the motions, or a person does without it."""
    price = AnimationPrice(model.id)
    paid = [] if again else job_service.paid_motions(model.id)
    if all(any(job.motion and job.motion.is_like(motion) for job in paid) for motion in motions):
        return
    job_service.ask_unknown_prices([price])
    unknown = "Mint returns no price for a motion"
    if job_service.budget.price(price) is None and not terminal.asks(
        f"{unknown}: about 250 Credits were seen. Start it?"
    ):
        raise Refused(f"{unknown}. Nothing was started. --yes starts it.", Exit.CREDITS)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that start jobs: `generate`, `estimate`, `convert`, `variation` and `animate`."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..application import purchases, session
from ..application.results import asset_named
from ..delivery import write_files
from ..jobs.job import asset_of
from ..jobs.job_values import Delivery
from ..jobs.new_jobs import check_motions, template_of_job
from ..jobs.service import JobService
from ..mint.generation_request import GenerationRequest
from ..mint.motion_request import MotionRequest
from ..mint.schema import Format, Kind, OptimizationLevel
from . import prices
from .exits import Exit, Refused
from .reports import check_outputs, file_options, follow_and_write
from .terminal import Terminal


def generate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate a model or a World and write its file."""
    request = _request(arguments)
    delivery = _delivery(arguments, request.kind)
    session.check_request(request)
    check_outputs(request.kind, arguments, terminal)
    output = arguments.output
    render = arguments.render
    is_copied = output is not None and not write_files.needs_blender(request.kind, output, render)
    readable = frozenset[str]() if is_copied else None
    with prices.open_service(arguments, terminal, readable) as job_service:
        return _start(job_service, request, delivery, _level(arguments), arguments, terminal)


def estimate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Show what `generate` would cost with the same options; a prompt is not needed for that."""
    request = _request(arguments)
    if request.prompt or request.images:
        session.check_request(request)
    with session.open_prices(terminal.wait) as job_service:
        purchase = purchases.generation(request, level=_level(arguments))
        part = prices.of_start(job_service, purchase.prices, arguments.max_credits)
        prices.show_price(job_service, terminal, purchase.title, part)
    return Exit.DONE


def _request(arguments: argparse.Namespace) -> GenerationRequest:
    return GenerationRequest.parse(
        kind=arguments.kind,
        prompt=arguments.prompt,
        preset=arguments.preset,
        mode=arguments.mode,
        name=arguments.name,
        images=arguments.image,
        pose=arguments.pose,
    )


def _delivery(arguments: argparse.Namespace, kind: Kind) -> Delivery:
    """Return what the result should look like. Raises Refused for what the kind does not have."""
    plain = Delivery()
    names = ("splats", "collider", "panorama", "camera", "rigid_body")
    wanted = {name: getattr(arguments, name) for name in names}
    changed = [name for name in names if wanted[name] != getattr(plain, name)]
    if changed and kind is Kind.MODEL:
        option = f"{'no-' if wanted[changed[0]] is False else ''}{changed[0].replace('_', '-')}"
        raise Refused(f"--{option} is for a World. Nothing was started.")
    height = arguments.height
    is_own_file = arguments.output is not None and arguments.output.suffix.lower() == ".glb"
    if height is not None and (kind is Kind.WORLD or is_own_file):
        raise Refused("--height is for a model in a .blend. Nothing was started.")
    return Delivery(**wanted, height=height)


def _level(arguments: argparse.Namespace) -> OptimizationLevel | None:
    return OptimizationLevel(arguments.optimize) if arguments.optimize else None


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
    purchase = purchases.generation(request, delivery, level)
    if not prices.may_buy(job_service, arguments, terminal, purchase, arguments.max_credits):
        return Exit.DONE
    jobs = purchase.start(job_service, arguments.max_credits, None)
    return follow_and_write(job_service, jobs, terminal, approve=arguments.approve)


def convert(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Save other formats of a model into a folder."""
    folder = arguments.output.absolute()
    formats = [Format(word) for word in arguments.format]
    problem = None if arguments.dry_run else write_files.folder_problem(folder)
    if problem is not None:
        raise Refused(problem, Exit.IMPORT)
    with prices.open_service(arguments, terminal) as job_service:
        model = asset_named(job_service, arguments.what)
        purchase = purchases.conversion(model, formats, folder)
        if not prices.may_buy(job_service, arguments, terminal, purchase):
            return Exit.DONE
        return follow_and_write(job_service, purchase.start(job_service, None, None), terminal)


def variation(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Start a new job with the request of another one."""
    with prices.open_service(arguments, terminal) as job_service:
        job = job_service.job(arguments.job)
        jobs = job_service.journal.jobs_of_asset(asset_of(job))
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
    with prices.open_service(arguments, terminal) as job_service:
        model = asset_named(job_service, arguments.what)
        limit = arguments.max_credits
        check_motions(model.kind, motions)
        before = [] if arguments.pay_again else job_service.paid_motions(model.id)
        purchase = purchases.animation(
            model, motions, before, delivery, pay_again=arguments.pay_again
        )
        if not prices.may_buy(job_service, arguments, terminal, purchase, limit):
            return Exit.DONE
        if limit is None and not (arguments.yes or terminal.is_interactive):
            job_service.ask_unknown_prices(purchase.prices)
            if job_service.budget.total(purchase.prices) is None:
                raise Refused(_NO_PRICE, Exit.CREDITS)
        jobs = purchase.start(job_service, limit, None)
        delivery = replace(delivery, motions=tuple(motion.words for motion in motions))
        return follow_and_write(job_service, jobs, terminal, delivery=delivery)


_NO_PRICE = (
    "Mint returns no price for a motion (about 250 Credits were seen). Nothing was started. --yes"
    " starts it."
)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that start jobs: of a generation, and of what comes after it."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from dataclasses import replace

from ..application import purchases, session
from ..application.purchases import Purchase
from ..application.results import asset_named, usable_model
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
    with _open_service(request.kind, arguments, terminal) as job_service:
        return _start(job_service, request, delivery, _level(arguments), arguments, terminal)


def _open_service(
    kind: Kind, arguments: argparse.Namespace, terminal: Terminal
) -> AbstractContextManager[JobService]:
    """Return what opens the jobs of a command; Blender is only loaded if it writes the files."""
    output = arguments.output
    is_copied = output and not write_files.needs_blender(kind, output, arguments.render)
    return prices.open_service(arguments, terminal, frozenset() if is_copied else None)


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
    return _buy(job_service, purchase, arguments, terminal)


def _buy(
    job_service: JobService,
    purchase: Purchase,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> Exit:
    """Start something, unless only its price is wanted; wait for it, and write its files."""
    limit = getattr(arguments, "max_credits", None)
    if not prices.may_buy(job_service, arguments, terminal, purchase, limit):
        return Exit.DONE
    jobs = purchase.start(job_service, limit, None)
    approve = getattr(arguments, "approve", False)
    return follow_and_write(job_service, jobs, terminal, approve=approve)


def convert(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Save other formats of a model into a folder."""
    folder = arguments.output.absolute()
    formats = [Format(word) for word in arguments.format]
    problem = None if arguments.dry_run else write_files.folder_problem(folder)
    if problem is not None:
        raise Refused(problem, Exit.IMPORT)
    with prices.open_service(arguments, terminal) as job_service:
        model = asset_named(job_service, arguments.what)
        return _buy(job_service, purchases.conversion(model, formats, folder), arguments, terminal)


def optimize(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write a model with fewer polygons; Mint makes it, unless it has done so before."""
    check_outputs(Kind.MODEL, arguments, terminal)
    delivery = Delivery(**file_options(arguments))
    with _open_service(Kind.MODEL, arguments, terminal) as job_service:
        model = usable_model(job_service, arguments.what)
        level = OptimizationLevel(arguments.level)
        purchase = purchases.optimization(model, level, delivery)
        return _buy(job_service, purchase, arguments, terminal)


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

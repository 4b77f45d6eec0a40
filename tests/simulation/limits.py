# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of limits: what Mint's ledger says that a job, or a day, has cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

from mint_blender.jobs.budget import spending

from ..mint_model.records import Charge, price
from .clicks import PaidClick
from .options import LONGEST_REQUEST
from .world import Violation, World

MARGIN = 300.0
"""Seconds around midnight in which a charge may belong to either day."""
PRICE_AGE = 3600.0 + 300.0
"""Seconds after which a price is asked again. This computer's clock may be off by some."""


def check(world: World) -> None:
    """Raise Violation if more was paid than a limit allows, and nobody has confirmed that.

    Where Mint does not report what its operations cost, limits are only estimates.
    """
    if not world.mint.habits.reports_credits:
        return
    _check_rises(world)
    charges = [
        (click, replace(charge, credits=_accepted(world, charge)))
        for charge in world.mint.operations.ledger
        if not charge.released and (click := world.clicks.paid_by(charge.key)) is not None
        if charge.key not in world.books.forgotten  # the copy of a journal does not know of it
    ]
    _check_jobs(world, charges)
    if world.most_clock_jump < MARGIN / 2:
        _check_days(world, charges)


def _accepted(world: World, charge: Charge) -> float:
    """Return what a charge would be at the price that was accepted: it may have risen just then."""
    operation = charge.operation
    accepted, _ = world.clicks.accepted.get(operation.key, (None, 0.0))
    return charge.credits * min(1.0, (accepted or operation.price) / operation.price)


def _check_rises(world: World) -> None:
    """What has waited is not started at a price that has risen, unless a person accepts that."""
    clicks, factor = world.clicks, world.surprises.price_factor
    for each in world.mint.operations.all.values():
        accepted, at = clicks.accepted.get(each.key, (None, 0.0))
        job, sent = clicks.ordered.get(each.key, ("", at))
        is_first_attempt = 0.0 <= each.created - sent <= LONGEST_REQUEST
        if accepted is None or sent - at < PRICE_AGE or not is_first_attempt:
            continue
        least = min(factor(sent - PRICE_AGE), factor(sent)) * price(each.type, each.preset)
        if max(accepted, clicks.own_limit.get(job, 0.0)) < least - 1.0:
            what = f"started at {least} Credits, and a person has accepted {accepted}"
            raise Violation(f"{each.id} was {what}", job, each.id, each.key[-4:])


def _check_jobs(world: World, charges: list[tuple[PaidClick, Charge]]) -> None:
    """No job costs more than its own limit, and no generation more than the user's."""
    by_job: dict[str, float] = defaultdict(float)
    by_operation: dict[tuple[str, str], float] = defaultdict(float)
    for click, charge in charges:
        by_job[click.job] += charge.credits
        if charge.operation.is_generation or charge.operation.motion is not None:
            by_operation[click.job, charge.operation.id] += charge.credits
    for job, most in world.clicks.own_limit.items():
        if by_job[job] > most and job not in world.clicks.confirmed:
            raise Violation(f"{job} has cost {by_job[job]} of {most} Credits", job)
    for (job, operation), cost in by_operation.items():
        if 0 < world.limits_before.each < cost and job not in world.clicks.confirmed:
            raise Violation(f"{operation} has cost {cost} Credits", job, operation)


def _check_days(world: World, charges: list[tuple[PaidClick, Charge]]) -> None:
    """No day of an account costs more than the limit of the machine.

    A day has what was clicked and charged for the first time on it; what a person has confirmed is
    left out.
    """
    most = world.limits_before.day
    if not most:
        return
    first_charged: dict[str, float] = {}
    for _, charge in charges:
        first_charged.setdefault(charge.key, charge.at)
    cost: dict[tuple[str, str, str, date], float] = defaultdict(float)
    for click, charge in charges:
        days = {
            spending.date_of(at + margin)
            for at in (click.at, first_charged[charge.key])
            for margin in (-MARGIN, MARGIN)
        }
        if len(days) == 1 and not click.is_confirmed:
            project = charge.operation.project
            cost[click.machine, project.user, project.host, days.pop()] += charge.credits
    for (machine, user, host, day), credits in cost.items():
        if credits > most:
            who = f"{user} at {host} on {machine}"
            raise Violation(f"{who} has spent {credits} of {most} Credits on {day}", "job ")

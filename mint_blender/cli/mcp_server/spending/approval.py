# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a person before Credits are spent, through the client.

An agent may spend within limits that a person has set. Anything else is asked, in the client's own
dialog; a client that has none gets a refusal that says what a person can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from mcp.server.mcpserver import AcceptedElicitation, Elicit, ElicitationResult
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from ....jobs.budget.spending import Expense
from ....jobs.job import Job
from ....jobs.service import JobService, TooExpensive
from ...session import LIMIT_DAY_VARIABLE, LIMIT_EACH_VARIABLE
from ..state import ToolContext

NO_LIMIT = "No spending limit is set, so a person decides about each use of Credits."
NO_PRICE = "Mint did not return a price."

ApprovedCredits: TypeAlias = Annotated[
    float,
    Field(
        ge=0,
        allow_inf_nan=False,
        description="The most Credits that the person has agreed to, for this job in total",
    ),
]


class Approval(BaseModel):
    """What a person answers."""

    spend: Annotated[bool, Field(title="Spend these Credits")]


@dataclass(frozen=True)
class WithinLimits:
    """Nobody has to be asked."""


Decision: TypeAlias = ElicitationResult[Approval]
"""What the client brings back: an answer of a person, or `WithinLimits` in its place."""


def reason_to_ask(
    job_service: JobService, expense: Expense, *jobs: Job, agreed: float | None = None
) -> str | None:
    """Return why a person has to decide about an expense; None if nobody has to.

    `jobs` is its job, if that was started; `agreed` is what a person has agreed to for it in total.
    """
    if expense.total is None:
        return NO_PRICE
    if not job_service.budget.limits and (agreed is None or expense.total > agreed):
        return NO_LIMIT
    try:
        job_service.budget.check([expense], *jobs)
    except TooExpensive as error:
        return error.message
    return None


def without_person(job_service: JobService, approved_credits: float) -> float:
    """Return how much an agent may give a job alone: no more than a limit of a person."""
    limits = job_service.budget.limits
    return min(approved_credits, limits.each or limits.day or approved_credits)


def can_ask(context: ToolContext) -> bool:
    """Return whether the client can show a form to a person."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    # without members it means forms: there was nothing else at first
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def question(
    context: ToolContext, what: str, reason: str | None
) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person, or that nobody has to be asked.

    Args:
        context: The call.
        what: What is to be started, and its price.
        reason: Why a person has to decide; None if nobody has to.

    Raises:
        ToolError: A person has to be asked, and the client cannot do that.
    """
    if reason is None:
        return WithinLimits()
    if not can_ask(context):
        raise ToolError(f"{what} {reason} {how_to_allow()} Nothing was started.")
    return Elicit(f"{what} {reason} Spend these Credits?", Approval)


def how_to_allow() -> str:
    """Return what a person can change so that a refused use of Credits is possible."""
    return (
        "This client cannot ask a person. To allow it, a person sets the limits of this server"
        f" ({LIMIT_EACH_VARIABLE} for one generation, {LIMIT_DAY_VARIABLE} for a day, in the"
        " environment of its configuration), or decides in Blender."
    )


def is_approved(decision: Decision) -> bool:
    """Return whether a person was asked and has agreed; False: nobody had to be asked.

    Raises:
        ToolError: A person was asked, and has not agreed.
    """
    if isinstance(decision, AcceptedElicitation):
        answer: object = decision.data
        if isinstance(answer, WithinLimits):
            return False
        if isinstance(answer, Approval) and answer.spend:
            return True
    raise ToolError("The person has not agreed. Nothing was started, and no Credits were spent.")

# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `account`: key, Credits and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ...jobs.service import JobService
from ...jobs.storage.documents import open_elsewhere
from ...mint.account import Account
from ...mint.client import Client
from ...mint.errors import KeyMissing, KeyRefused, MintError
from .. import session
from .results import blender_target
from .state import ToolContext, with_client, with_jobs
from .tools import READ_ONLY, Tool

KeyState = Literal["accepted", "missing", "refused", "unknown"]


class AccountState(BaseModel):
    """Whose Credits are spent, how many there are, and the limits."""

    key: Annotated[KeyState, Field(description="unknown: Mint could not be asked")]
    problem: Annotated[str | None, Field(description="Why the key is not accepted")] = None
    name: Annotated[str | None, Field(description="The account at Mint")] = None
    base_url: str
    credits_available: float | None = None
    credits_spent_today: Annotated[
        float | None, Field(description="Spent, reserved or expected, by this computer")
    ] = None
    limit_per_generation: Annotated[float | None, Field(description="Credits; null: no limit")] = (
        None
    )
    limit_per_day: Annotated[float | None, Field(description="Credits; null: no limit")] = None
    running_blenders: Annotated[
        list[str], Field(description="Where place can put a result: id and open file of each")
    ] = []
    shares_jobs: Annotated[
        bool, Field(description="Another program with the same jobs is running, such as Blender")
    ] = False


async def account(context: ToolContext) -> AccountState:
    """Return the state of the API key, the available Credits, and the spending limits. Free."""
    current = session.account()
    try:
        state = await with_client(lambda client: _ask(client, current))
    except KeyMissing as error:
        return AccountState(key="missing", problem=str(error), base_url=current.base_url)
    except KeyRefused as error:
        state = AccountState(key="refused", problem=str(error), base_url=current.base_url)
    except MintError as error:
        state = AccountState(key="unknown", problem=str(error), base_url=current.base_url)
    return state.model_copy(update=await with_jobs(context, _of_journal))


def _ask(client: Client, current: Account) -> AccountState:
    me, usage = client.me(), client.usage()
    return AccountState(
        key="accepted",
        name=me.display_name,
        base_url=current.base_url,
        credits_available=usage.credits.total_available,
    )


def _of_journal(job_service: JobService) -> dict[str, float | list[str] | None]:
    """Return what this computer knows without Mint, by the fields of `AccountState`."""
    limits = job_service.budget.limits
    return {
        "credits_spent_today": job_service.spending.today(),
        "limit_per_generation": limits.each or None,
        "limit_per_day": limits.day or None,
        "running_blenders": [
            blender_target.describe(each) for each in open_elsewhere(job_service.home)
        ],
        "shares_jobs": job_service.process.has_others(),
    }


TOOLS = (Tool(account, "Show account and Credits", READ_ONLY),)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `account`: key, Credits and limits."""

from __future__ import annotations

from typing import Any

from mcp_types import CallToolResult

from ...jobs.service import JobService
from ...jobs.storage.documents import open_elsewhere
from ...mint.client import Client
from ...mint.errors import KeyMissing, KeyRefused, MintError
from .. import session
from .answers import answer
from .results import blender_target
from .state import ToolContext, with_client, with_jobs
from .tools import READ_ONLY, Tool


async def account(context: ToolContext) -> CallToolResult:
    """Return the state of the API key, the available Credits, and the spending limits. Free.

    A limit that is missing is not set.
    """
    base_url = session.account().base_url
    state: dict[str, Any] = {"key": "unknown", "problem": None, "base_url": base_url}
    state |= {"name": None, "credits_available": None}
    try:
        state.update(await with_client(_ask))
    except KeyMissing as error:
        return answer(state | {"key": "missing", "problem": str(error)})
    except MintError as error:
        state["problem"] = str(error)
        if isinstance(error, KeyRefused):
            state["key"] = "refused"
    return answer(state | await with_jobs(context, _of_journal))


def _ask(client: Client) -> dict[str, Any]:
    me, usage = client.me(), client.usage()
    credits = usage.credits.total_available
    return {"key": "accepted", "name": me.display_name, "credits_available": credits}


def _of_journal(job_service: JobService) -> dict[str, Any]:
    """Return what this computer knows without Mint."""
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

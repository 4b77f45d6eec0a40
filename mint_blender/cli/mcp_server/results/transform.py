# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `estimate_transform` and `transform`: optimize a model, or save it in other formats."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from mcp.server.mcpserver import Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from ....delivery import write_files
from ....jobs.job import Job, asset_of
from ....jobs.job_values import Delivery
from ....jobs.library import view_model
from ....jobs.queries import OptimizationPrice
from ....jobs.service import JobService, NotPossible
from ....mint.client import Client
from ....mint.schema import Asset, Assets, Format, Kind, OptimizationLevel, is_valid_id
from ..answers import answer
from ..job_state import answer_with_jobs
from ..paths import absolute_path
from ..spending.approval import ApprovedCredits, Decision
from ..spending.quotes import Purchase
from ..spending.quoting import quote_for
from ..spending.starting import QuoteId, RequestId, check_start, start_quoted
from ..state import ToolContext, with_client, with_jobs
from ..tools import PAID_ONCE, READ_ONLY, Tool

OTHER_FORMATS_ARE_FREE = "Formats that Mint has made before cost nothing."


async def estimate_transform(
    context: ToolContext,
    action: Annotated[
        Literal["optimize", "convert"],
        Field(description="optimize: a lighter file; convert: save as other formats in a folder"),
    ],
    job: Annotated[str | None, Field(description="The id of a job that has made a model")] = None,
    asset: Annotated[
        str | None, Field(description="Instead of a job: the id of a model, see library")
    ] = None,
    level: Annotated[
        OptimizationLevel, Field(description="How much lighter")
    ] = OptimizationLevel.MODERATE,
    formats: Annotated[list[Format], Field(description="What to convert to")] = [],  # noqa: B006 - never changed; the schema shows it
    folder: Annotated[
        str | None, Field(description="Absolute path of the folder for converted files")
    ] = None,
) -> CallToolResult:
    """Return a quote to optimize or convert a model. Free: nothing is started.

    Show the summary with its price to the person. Then start it with transform.
    """
    asset_id = await _asset_id(context, job, asset)
    model = await with_client(partial(_model, asset_id=asset_id))
    if not model.is_usable:
        raise ToolError(f"{view_model.title(model)} is not finished, so it cannot be changed.")
    purchase = (
        optimization_of(model, level)
        if action == "optimize"
        else conversion_of(model, formats, folder)
    )
    quote = await quote_for(context, purchase)
    return answer(quote.model_dump(mode="json"))


async def transform(
    context: ToolContext,
    quote_id: QuoteId,
    approved_credits: ApprovedCredits,
    request_id: RequestId,
    decision: Annotated[Decision, Resolve(check_start)],
) -> CallToolResult:
    """Start what estimate_transform has quoted, and return the job at once. This spends Credits.

    Ask the person first, with the price. Then call wait. An optimized model is then placed with
    place; converted files are in their folder when the job is done.
    """
    state = await start_quoted(context, quote_id, approved_credits, request_id, decision)
    return await answer_with_jobs(context, state, [state], [state])


def optimization_of(model: Asset, level: OptimizationLevel) -> Purchase:
    """Return the optimization of a model, as something that is quoted and started.

    Raises:
        ToolError: It is optimized already.
    """
    if (model.assets or Assets()).optimized_glb_url is not None:
        raise ToolError(
            f"{view_model.title(model)} is optimized already. Nothing was started. Place it from"
            " the library; this is free."
        )
    return Purchase(
        title=f'Optimize the model "{view_model.title(model)}" ({level}).',
        content=lambda: f"optimize {model.id} {level}",
        prices=(OptimizationPrice(model.id),),
        start=lambda job_service, own_limit, _subject: job_service.fetch(
            model, Delivery(), optimize=level, max_credits=own_limit
        ),
    )


def conversion_of(model: Asset, formats: list[Format], folder: str | None) -> Purchase:
    """Return the conversion of a model, as something that is quoted and started.

    Mint returns no price for a conversion; formats that exist are free.

    Raises:
        ToolError: Formats or folder are missing.
    """
    wanted = tuple(dict.fromkeys(formats))
    if not wanted:
        raise ToolError("Choose at least one format.")
    target = absolute_path(folder or "", "Converting needs the absolute path of a folder.")
    is_paid = any((model.assets or Assets()).converted_url(each) is None for each in wanted)
    names = ", ".join(each.value.upper() for each in wanted)
    return Purchase(
        title=f'Save the model "{view_model.title(model)}" as {names} in {target}.'
        + (f" {OTHER_FORMATS_ARE_FREE}" if is_paid else ""),
        content=lambda: f"convert {model.id} {names} {target}",
        prices=(None,) if is_paid else (),
        start=lambda job_service, _limit, _subject: _convert(job_service, model, wanted, target),
    )


def _convert(
    job_service: JobService, model: Asset, formats: tuple[Format, ...], folder: Path
) -> Job:
    if problem := write_files.folder_problem(folder):
        raise NotPossible(problem)
    return job_service.convert(model, formats, folder)


async def _asset_id(context: ToolContext, job: str | None, asset: str | None) -> str:
    """Return the id of the model that is meant. Raises ToolError, NotPossible."""
    if (job is None) == (asset is None):
        raise ToolError("Name either a job or an asset.")
    if job is not None:
        found = await with_jobs(context, lambda jobs: jobs.job(job))
        if found.kind is not Kind.MODEL:
            raise ToolError("Only models can be optimized or converted.")
        asset = asset_of(found)
    if asset is None or not is_valid_id(asset):
        raise ToolError("There is no such model yet. IDs contain only letters, digits, _ and -.")
    return asset


def _model(client: Client, asset_id: str) -> Asset:
    return client.asset(Kind.MODEL, asset_id)


TOOLS = (
    Tool(estimate_transform, "Get a price for an optimization or conversion", READ_ONLY),
    Tool(transform, "Optimize or convert (may spend Credits)", PAID_ONCE),
)

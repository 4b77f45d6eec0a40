# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `estimate` and `generate`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from ...jobs.job_values import Delivery
from ...jobs.queries import prices_of
from ...mint.generation_request import GenerationRequest
from ...mint.schema import Kind, Mode, Pose, Preset
from .. import session
from .answers import answer
from .job_state import answer_with_jobs
from .spending.approval import ApprovedCredits, Decision
from .spending.quotes import Purchase
from .spending.quoting import quote_for
from .spending.starting import QuoteId, RequestId, check_start, start_quoted
from .state import ToolContext
from .tools import PAID_ONCE, READ_ONLY, Tool


async def estimate(
    context: ToolContext,
    prompt: Annotated[str, Field(description="What to generate; optional with images")] = "",
    kind: Kind = Kind.MODEL,
    preset: Annotated[Preset, Field(description="Quality and price")] = Preset.STANDARD,
    mode: Annotated[
        Mode, Field(description="review stops at a Preview, before most of the price is spent")
    ] = Mode.REVIEW,
    name: Annotated[str | None, Field(description="The name at Mint and in Blender")] = None,
    images: Annotated[
        list[str],
        Field(description="Reference images: absolute paths or https addresses, up to 8"),
    ] = [],  # noqa: B006 - never changed; the schema shows it
    pose: Annotated[Pose | None, Field(description="A neutral pose, for a character")] = None,
) -> CallToolResult:
    """Return a quote for a 3D Model or a World. Free: nothing is started.

    Show the summary with its price to the person. Then start it with generate.
    """
    request = GenerationRequest(
        kind=kind,
        prompt=prompt,
        preset=preset,
        mode=mode,
        name=name,
        images=tuple(images),
        pose=pose,
    )
    await anyio.to_thread.run_sync(partial(_check, request))
    quote = await quote_for(context, purchase_of(request))
    return answer(quote.model_dump(mode="json"))


async def generate(
    context: ToolContext,
    quote_id: QuoteId,
    approved_credits: ApprovedCredits,
    request_id: RequestId,
    decision: Annotated[Decision, Resolve(check_start)],
) -> CallToolResult:
    """Start what was quoted, and return the job at once. This spends Credits.

    Ask the person first, with the price. approved_credits is what the person has agreed to: the job
    never costs more in total. A higher amount leaves room for revisions. Then call wait.
    """
    state = await start_quoted(context, quote_id, approved_credits, request_id, decision)
    return await answer_with_jobs(context, state, [state], [state])


def purchase_of(request: GenerationRequest) -> Purchase:
    """Return the generation of a request, as something that is quoted and started."""
    what = " ".join((request.name or request.prompt).split()) or "from pictures"
    what = what if len(what) <= 100 else f"{what[:99].rstrip()}…"
    return Purchase(
        title=f'Generate the {request.kind} "{what}" ({request.preset}, {request.mode}).',
        content=partial(content_of, request),
        prices=prices_of(request, None),
        start=lambda job_service, own_limit, subject: job_service.start(
            request, Delivery(), max_credits=own_limit, subject=subject
        ),
    )


def content_of(request: GenerationRequest) -> str:
    """Return a digest of a request and its local pictures."""
    pictures = [_digest(image) for image in request.images if "://" not in image]
    text = json.dumps(["generate", asdict(request), pictures], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(image: str) -> str:
    try:
        return hashlib.sha256(Path(image).read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _check(request: GenerationRequest) -> None:
    """Raise NotPossible or ToolError for what Mint, or the server, would refuse."""
    for image in request.images:
        if "://" not in image and not Path(image).is_absolute():
            raise ToolError(f"The reference image {image} needs an absolute path.")
    session.check_request(request)


TOOLS = (
    Tool(estimate, "Get a price", READ_ONLY),
    Tool(generate, "Generate (spends Credits)", PAID_ONCE),
)

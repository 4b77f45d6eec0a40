# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools that get a price and start a job: generate, optimize, animate, save in other formats.

`reference_image` checks a picture before it is used.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio.to_thread
from mcp.server.mcpserver import Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from ...application import purchases, session
from ...files import pictures
from ...files.download import Downloader, DownloadLimits
from ...files.errors import FileError
from ...jobs import new_jobs
from ...jobs.job import asset_of
from ...jobs.job_values import Delivery
from ...jobs.library import view_model
from ...jobs.service import JobService
from ...mint.client import Client
from ...mint.generation_request import GenerationRequest
from ...mint.limits import MAX_IMAGE_BYTES
from ...mint.motion_request import MotionRequest
from ...mint.schema import (
    Asset,
    Format,
    Kind,
    Mode,
    OptimizationLevel,
    Pose,
    Preset,
    is_valid_id,
)
from . import spending, tools
from .answers import answer, answer_with_jobs, picture_content

OTHER_FORMATS_ARE_FREE = "Formats that Mint has made before cost nothing"


async def reference_image(
    context: tools.ToolContext,
    image: Annotated[
        str, Field(min_length=1, description="An absolute path or an https address of a picture")
    ],
) -> CallToolResult:
    """Check a picture before it is used as a reference, and return it to be looked at. Free.

    Nothing is uploaded: pass the path or the address to estimate, and Mint gets it with the job.
    PNG, JPEG and WebP of at most 5 MB are accepted.
    """
    with tempfile.TemporaryDirectory(
        prefix="mint-reference-", ignore_cleanup_errors=True
    ) as folder:
        path = await anyio.to_thread.run_sync(_local, image, Path(folder))
        facts = await anyio.to_thread.run_sync(_checked, image, path)
        shown = await picture_content(path)
    return answer(facts, *filter(None, [shown]))


def _local(image: str, folder: Path) -> Path:
    """Return the path of a picture, which is downloaded into the folder if it is an address.

    Raises:
        ToolError: It is neither, or cannot be downloaded.
    """
    if image.startswith("https://") or (image.startswith("http://") and _is_local_service()):
        limits = DownloadLimits(total=30.0, tries=2)
        try:
            with Downloader(limits, local_files=_is_local_service()) as downloader:
                return downloader.fetch(image, folder / "picture.webp", limit=2 * MAX_IMAGE_BYTES)
        except FileError as error:
            raise ToolError(f"The reference image {image} cannot be used. {error}") from error
    if "://" in image:
        raise ToolError(f"A reference image must be a file or an https:// address, not {image}.")
    return tools.absolute_path(image, f"The reference image {image} needs an absolute path.")


def _is_local_service() -> bool:
    """Return whether the API is a service on this computer, as in tests."""
    return session.account().is_local


def _checked(image: str, path: Path) -> dict[str, Any]:
    """Return what is known of a picture. Raises ToolError if Mint would refuse it."""
    if complaint := new_jobs.picture_complaint(str(path)):
        raise ToolError(str(complaint).replace(str(path), image))
    picture = pictures.inspect(path)
    return {
        "image": image if "://" in image else str(path),
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "bytes": path.stat().st_size,
    }


async def estimate(
    context: tools.ToolContext,
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
    for image in images:
        if "://" not in image and not Path(image).is_absolute():
            raise ToolError(f"The reference image {image} needs an absolute path.")
    await anyio.to_thread.run_sync(partial(session.check_request, request))
    return await _quote(context, purchases.generation(request))


async def generate(
    context: tools.ToolContext,
    quote_id: spending.QuoteId,
    approved_credits: spending.ApprovedCredits,
    request_id: spending.RequestId,
    decision: Annotated[spending.Decision, Resolve(spending.check_start)],
) -> CallToolResult:
    """Start what was quoted, and return the job at once. This spends Credits.

    Ask the person first, with the price. approved_credits is what the person has agreed to: the job
    never costs more in total. A higher amount leaves room for revisions. Then call wait. Converted
    files are in their folder when the job is done.
    """
    state = await spending.start_quoted(context, quote_id, approved_credits, request_id, decision)
    more = await tools.with_jobs(context, lambda jobs: jobs.followers(jobs.job(state["job"])))
    values = {**state, "followers": [follower.id for follower in more]}
    return await answer_with_jobs(context, values, [state], [state])


async def _quote(context: tools.ToolContext, purchase: purchases.Purchase) -> CallToolResult:
    """Return a new quote, with the price that Mint returns now. Raises MintError."""
    estimates = await spending.ask_prices(context, purchase.prices)
    quotes = tools.state_of(context).quotes

    def add(job_service: JobService) -> dict[str, Any]:
        quote = quotes.add(purchase, job_service.budget.total(purchase.prices))
        return {
            "quote_id": quote.id,
            "summary": quote.text,
            "credits": quote.credits,
            "credits_needed": estimates[0].required_to_start if len(estimates) == 1 else None,
            "expires_in_seconds": round(tools.LIFETIME),
            "person_decides": spending.reason_to_ask_about(job_service, quote),
        }

    return answer(await tools.with_jobs(context, add))


async def estimate_transform(
    context: tools.ToolContext,
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

    Show the summary with its price to the person. Then start it with generate.
    """
    model = await _model(context, job, asset, "changed")
    if action == "optimize":
        purchase = purchases.optimization(model, level)
        if not purchase.prices:
            raise ToolError(
                f"{view_model.title(model)} is optimized already. Nothing was started. Place it"
                " from the library; this is free."
            )
        return await _quote(context, purchase)
    if not formats:
        raise ToolError("Choose at least one format.")
    target = tools.absolute_path(folder or "", "Converting needs the absolute path of a folder.")
    purchase = purchases.conversion(model, tuple(dict.fromkeys(formats)), target)
    if purchase.prices:
        purchase = replace(purchase, title=f"{purchase.title}. {OTHER_FORMATS_ARE_FREE}")
    return await _quote(context, purchase)


async def animate_model(
    context: tools.ToolContext,
    motions: Annotated[
        list[str],
        Field(min_length=1, description="What it does, in English: walk in place, jump, …"),
    ],
    job: Annotated[str | None, Field(description="The id of a job that has made a model")] = None,
    asset: Annotated[
        str | None, Field(description="Instead of a job: the id of a model, see library")
    ] = None,
    height: Annotated[
        float | None, Field(description="The height of the character, in meters")
    ] = None,
    in_place: Annotated[
        bool, Field(description="Take the way over the floor out of the clips")
    ] = False,
) -> CallToolResult:
    """Return a quote to rig a model and animate it, a clip for each motion. Beta. Free.

    Mint picks the closest motion of its catalog, which is made for humanoids in T-pose. Nothing is
    started: show the summary with its price to the person, then call generate. Its followers, the
    jobs of the other motions, are sent after the first one has succeeded: wait for them, too.
    Into a file, place one of them: it has all clips. Into a running Blender, place each.
    """
    model = await _model(context, job, asset, "animated")
    wanted = [MotionRequest(motion, height, in_place) for motion in motions]
    new_jobs.check_motions(model.kind, wanted)
    before = await tools.with_jobs(context, lambda jobs: jobs.paid_motions(model.id))
    return await _quote(
        context, purchases.animation(model, wanted, before, Delivery(replaces=True))
    )


async def _model(
    context: tools.ToolContext, job: str | None, asset: str | None, verb: str
) -> Asset:
    """Return the model that is meant; `verb` is what is to be done. Raises ToolError, MintError."""
    if (job is None) == (asset is None):
        raise ToolError("Name either a job or an asset.")
    if job is not None:
        source_job = await tools.with_jobs(context, lambda jobs: jobs.job(job))
        if source_job.kind is not Kind.MODEL:
            raise ToolError("Only models can be optimized, converted or animated.")
        asset = asset_of(source_job)
    if asset is None or not is_valid_id(asset):
        raise ToolError("There is no such model yet. IDs contain only letters, digits, _ and -.")
    model = await tools.with_client(partial(Client.asset, kind=Kind.MODEL, id=asset))
    if not model.is_usable:
        raise ToolError(f"{view_model.title(model)} is not finished, so it cannot be {verb}.")
    return model


TOOLS = (
    tools.Tool(reference_image, "Check a reference image", tools.READ_ONLY),
    tools.Tool(estimate, "Get a price", tools.READ_ONLY),
    tools.Tool(generate, "Start what was quoted (spends Credits)", tools.IRREVERSIBLE),
    tools.Tool(
        estimate_transform, "Get a price for an optimization or conversion", tools.READ_ONLY
    ),
    tools.Tool(animate_model, "Get a price for the animation of a humanoid", tools.READ_ONLY),
)

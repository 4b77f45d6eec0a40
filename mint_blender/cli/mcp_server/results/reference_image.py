# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `reference_image`: check a picture before it is used as a reference."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import BaseModel, Field

from ....files import pictures
from ....files.download import Downloader, DownloadLimits
from ....files.errors import FileError
from ....jobs import new_jobs
from ....mint.limits import MAX_IMAGE_BYTES
from ... import session
from ..paths import absolute_path
from ..pictures import picture_content
from ..state import ToolContext
from ..tools import READ_ONLY, Tool


class ReferenceImage(BaseModel):
    """A picture that Mint accepts as a reference."""

    image: Annotated[str, Field(description="Pass this in images of estimate")]
    format: str
    width: int | None
    height: int | None
    bytes: int


async def reference_image(
    context: ToolContext,
    image: Annotated[
        str, Field(min_length=1, description="An absolute path or an https address of a picture")
    ],
) -> Annotated[CallToolResult, ReferenceImage]:
    """Check a picture before it is used as a reference, and return it to be looked at. Free.

    Nothing is uploaded: pass the path or the address to estimate, and Mint gets it with the job.
    PNG, JPEG and WebP of at most 5 MB are accepted.
    """
    with tempfile.TemporaryDirectory(
        prefix="mint-reference-", ignore_cleanup_errors=True
    ) as folder:
        path = await anyio.to_thread.run_sync(_local, image, Path(folder))
        found = await anyio.to_thread.run_sync(_check, image, path)
        content: list[ContentBlock] = [TextContent(type="text", text=found.model_dump_json())]
        if (shown := await picture_content(path)) is not None:
            content.append(shown)
    return CallToolResult(content=content, structured_content=found.model_dump(mode="json"))


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
    return absolute_path(image, f"The reference image {image} needs an absolute path.")


def _is_local_service() -> bool:
    """Return whether the API is a service on this computer, as in tests."""
    return session.account().is_local


def _check(image: str, path: Path) -> ReferenceImage:
    """Return what is known of a picture. Raises ToolError if Mint would refuse it."""
    if complaint := new_jobs.picture_complaint(str(path)):
        raise ToolError(str(complaint).replace(str(path), image))
    found = pictures.inspect(path)
    return ReferenceImage(
        image=image if "://" in image else str(path),
        format=found.format,
        width=found.width,
        height=found.height,
        bytes=path.stat().st_size,
    )


TOOLS = (Tool(reference_image, "Check a reference image", READ_ONLY),)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload a reference image to Mint, unless it is there already. Runs on a thread of the pool."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import pictures
from ...mint.account import Owner
from .. import database
from ..new_jobs import read_picture
from ..storage.tables import UploadCache
from ..workflow.effects import Upload

if TYPE_CHECKING:
    from ...mint.client import Client

MAX_UPLOAD_AGE = 30 * 24 * 3600.0
"""Seconds for which a URL is reused. Mint calls it durable, but does not say for how long."""


def upload(client: Client, effect: Upload, *, journal: Path, owner: Owner) -> str:
    """Return the URL of a picture at Mint, which is uploaded if this account has not done that.

    Raises:
        FileError: The picture cannot be read, or is not accepted.
        MintError: It was not uploaded.
        JournalError: The journal cannot be read or written.
    """
    path = Path(effect.path)
    data = read_picture(path)
    digest = hashlib.sha256(data).hexdigest()
    with database.opened(journal) as file:
        uploads = UploadCache(file)
        known = uploads.url(digest, owner, since=time.time() - MAX_UPLOAD_AGE)
        if known is not None and not effect.force:
            return known
        media_type = pictures.inspect(data).media_type
        url = client.upload_image(data, path.name, media_type, key=effect.key).url or ""
        uploads.add(digest, owner, url)
    return url

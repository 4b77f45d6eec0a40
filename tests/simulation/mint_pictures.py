# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's reference pictures: uploaded, durable for some time, and used in a start (contract, 3.3)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from ..mint_model.messages import Response
from .mint_documents import document, problem
from .mint_operations import Project

MOST_BYTES = 5 * 1024 * 1024
_HOST = "https://cdn.mint.gg/references/"


@dataclass(frozen=True)
class _Picture:
    project: Project
    content: str
    at: float


def content_hash(data: bytes) -> str:
    """Return what tells the content of a picture from others."""
    return hashlib.sha256(data).hexdigest()


class ReferencePictures:
    """The pictures of all projects, by their URLs."""

    def __init__(self) -> None:
        self._known: dict[str, _Picture] = {}

    def add(self, id: str, project: Project, body: dict[str, Any], now: float) -> Response:
        """Store an uploaded picture, or say what is wrong with it."""
        if unknown := set(body) - {"base64Data", "fileName", "contentType", "name"}:
            return problem(400, "invalid-request", f"Unknown fields: {sorted(unknown)}")
        data = base64.b64decode(body["base64Data"], validate=True)
        if not data.startswith(b"\x89PNG") or body["contentType"] != "image/png":
            return problem(400, "invalid-request", "It is no picture.", field="base64Data")
        if len(data) > MOST_BYTES:
            return problem(400, "invalid-request", "It is too large.", field="base64Data")
        self._known[_url(id)] = _Picture(project, content_hash(data), now)
        return self.document(id)

    def document(self, id: str) -> Response:
        """Return the answer to an upload."""
        return document(201, {"id": id, "type": "reference_image", "url": _url(id)})

    def may_use(self, url: str, project: Project) -> bool:
        """Return whether a project may use this URL: anybody's own host, or its own picture."""
        if not url.startswith(_HOST):
            return url.startswith("https://")
        known = self._known.get(url)
        return known is not None and known.project is project

    def content(self, url: str) -> str:
        """Return what is behind a URL: the hash of an uploaded picture, or the URL itself."""
        known = self._known.get(url)
        return known.content if known is not None else url

    def forget(self, before: float) -> None:
        """Delete what was uploaded before this time."""
        self._known = {url: each for url, each in self._known.items() if each.at >= before}


def _url(id: str) -> str:
    return f"{_HOST}{id}.png"

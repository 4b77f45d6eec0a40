# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: me, usage, prices, reference images (sections 3.3 and 7)."""

from __future__ import annotations

import base64
import hashlib
import re

from .. import credit_account, pictures, prompt_words
from ..backend import OWNER
from ..clock import iso
from ..problems import Problem, invalid
from ..records import StoredFile, new_id
from . import Answer, Call
from .views import address

PICTURE_LIMIT = 5 * 1024 * 1024
MONTH = 30 * 24 * 3600


def health(call: Call) -> Answer:
    """Respond to GET /v1/health."""
    return Answer(200, {"status": "ok"})


def me(call: Call) -> Answer:
    """Respond to GET /v1/me."""
    return Answer(
        200,
        {
            "authentication": {
                "type": "api_key",
                "scopes": ["mint:assets:read", "mint:assets:generate"],
            },
            "owner": {"userId": OWNER, "email": "someone@example.com"},
        },
    )


def usage(call: Call) -> Answer:
    """Respond to GET /v1/usage."""
    book, made = call.mint.credit_account, call.mint.store.operations.values()
    return Answer(
        200,
        {
            "object": "usage",
            "credits": {
                "totalAvailable": book.available,
                "included": 0,
                "topUp": book.top_up,
                "bonus": call.mint.options.credits,
            },
            "subscription": {
                "plan": "stand-in",
                "status": "active",
                "currentPeriodEnd": iso(call.mint.clock.now() + MONTH),
            },
            "apiUsage": {
                "creditsUsed": book.spent,
                "operations": len(made),
                "worlds": sum(o.type == "world_generation" for o in made),
                "models": sum(o.type == "model_generation" for o in made),
            },
        },
    )


def estimate(call: Call) -> Answer:
    """Respond to POST /v1/pricing:estimate.

    The whole price is reserved at the start, so both figures are the same.
    """
    operation = call.body["operation"]
    if operation == "model_optimization":
        model = call.mint.store.resources.get(call.body.get("modelId", ""))
        if "modelId" not in call.body:
            raise invalid("/modelId", "is required", "required")
        if model is None or model.kind != "model":
            raise invalid("/modelId", "is no model of this API project", "not_found")
    cost = credit_account.price(operation, call.body.get("generationPreset"))
    credits = {"requiredToStart": cost, "estimatedTotal": cost}
    return Answer(200, {"object": "pricing_estimate", "operation": operation, "credits": credits})


def reference_image(call: Call) -> Answer:
    """Respond to POST /v1/reference-images.

    Nothing is downloaded: for a picture at another address, a small gray one is stored.
    """
    if "sourceUrl" in call.body:
        if not call.body["sourceUrl"].startswith("https://"):
            raise invalid("/sourceUrl", "must be a public https address", "invalid_url")
        content, kind = pictures.webp(prompt_words.COLORS["gray"]), "image/webp"
    else:
        content, kind = _uploaded(call.body["base64Data"]), call.body["contentType"]
        if not re.fullmatch(r"image/[a-zA-Z0-9.+-]+", kind):
            raise invalid("/contentType", "must be a picture", "invalid_type")
    store = call.mint.store
    digest = store.keep_bytes(content)
    words = prompt_words.slug(
        call.body.get("name") or call.body.get("fileName", "reference").rsplit(".", 1)[0]
    )
    ending = {"image/jpeg": "jpg"}.get(kind, prompt_words.slug(kind.removeprefix("image/")))
    name = hashlib.sha256(f"{call.key} {digest}".encode()).hexdigest()[:16]
    path = f"images/references/{words}-{name}.{ending}"
    store.save(StoredFile(path, digest, len(content), kind, "reference"))
    return Answer(201, {"id": new_id(), "type": "reference_image", "url": address(call.mint, path)})


def _uploaded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise invalid("/base64Data", "is not base64", "invalid_base64") from error
    if not content:
        raise invalid("/base64Data", "is empty", "too_small")
    if len(content) > PICTURE_LIMIT:
        raise Problem("payload-too-large")
    return content

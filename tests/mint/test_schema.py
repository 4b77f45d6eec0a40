# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of reading Mint's responses: complete and incomplete ones."""

from __future__ import annotations

import json
import operator
from datetime import UTC, datetime

import pytest

from mint_blender.mint.schema import (
    Asset,
    Estimate,
    Kind,
    Me,
    Mode,
    Operation,
    OperationError,
    Page,
    ReferenceImage,
    ResourceRef,
    Status,
    Usage,
)

from .sample_answers import MODEL, OPERATION

OPERATION_MEMBERS = {
    "id": OPERATION["id"],
    "type": "model_generation",
    "mode": Mode.REVIEW,
    "status": Status.PREVIEW_READY,
    "prompt": "a lamp",
    "preset": "fast",
    "resource": ResourceRef("model", "m1"),
    "assets.preview_image_url": "https://cdn.example/p.webp",
    "billing.missing_credits": 500,
    "credits.estimated": 798,
    "credits.finalized": 0,
    "error.code": "moderation_blocked",
    "created_at": datetime(2026, 8, 3, 22, 46, tzinfo=UTC),
    "completed_at": None,
    "raw": OPERATION,
}
MODEL_MEMBERS = {
    "kind": Kind.MODEL,
    "id": "m1",
    "name": "Lamp",
    "status": "succeeded",
    "is_usable": True,
    "assets.glb_url": "https://cdn.example/m.glb",
    "assets.glb_size_bytes": 1024,
    "assets.optimized_glb_url": None,
    "assets.picture_url": "https://cdn.example/t.webp",
}
USAGE = {
    "credits": {"totalAvailable": 5000, "bonus": 12.5},
    "subscription": None,
    "apiUsage": {"creditsUsed": 3},
}
USAGE_MEMBERS = {
    "credits.total_available": 5000,
    "credits.bonus": 12.5,
    "credits.top_up": None,
    "subscription": None,
    "api_usage": {"creditsUsed": 3},
}
ME = {
    "authentication": {"type": "api_key", "scopes": ["a", 1]},
    "owner": {"userId": "0x" + "1" * 30 + "abcd", "email": None},
}
ME_MEMBERS = {"authentication": "api_key", "scopes": ("a",), "display_name": "0x111111…abcd"}
PRICE = {
    "operation": "model_generation",
    "credits": {"requiredToStart": 100, "estimatedTotal": 248},
}
PRICE_MEMBERS = {"operation": "model_generation", "required_to_start": 100, "estimated_total": 248}


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (Operation.from_json(OPERATION), OPERATION_MEMBERS),
        (Asset.from_json(Kind.MODEL, MODEL), MODEL_MEMBERS),
        (Usage.from_json(USAGE), USAGE_MEMBERS),
        (Me.from_json(ME), ME_MEMBERS),
        (Estimate.from_json(PRICE), PRICE_MEMBERS),
    ],
    ids=["operation", "model", "usage", "me", "price"],
)
def test_a_complete_response_is_read(value, members):
    """The contract's members are read under their own names in snake_case."""
    assert {name: operator.attrgetter(name)(value) for name in members} == members


def test_the_details_of_a_failure_are_read():
    """Reason, guidance and moderation categories are read, internal details are not."""
    said = {
        "code": "moderation_blocked",
        "message": "Blocked.",
        "failureReason": "A real person.",
        "retryGuidance": "Leave the name out.",
    }
    odd = {
        "moderationCategories": ["real_person", None, "", 7],
        "workflowStageLastError": "Traceback: worker 7",
        "retryable": False,
    }
    error = Operation.from_json(OPERATION | {"error": said | odd}).error
    assert error == OperationError(
        "moderation_blocked", "Blocked.", "A real person.", "Leave the name out.", ("real person",)
    )
    assert Operation.from_json(
        {"error": {"moderationCategories": "weapons", "failureReason": 5}}
    ).error == OperationError("generation_failed", "")


def test_a_null_status_with_files_means_finished():
    """Without files, or with only a picture, the asset is still in progress."""
    done = Operation.from_json(
        {"id": "o", "status": None, "assets": {"glbUrl": "https://cdn.example/a.glb"}}
    )
    assert (done.status, done.succeeded, done.status_word) == (Status.SUCCEEDED, True, "succeeded")
    for assets in (None, {}, {"glbUrl": None, "previewImageUrl": "https://cdn.example/p.webp"}):
        assert Operation.from_json({"id": "o", "status": None, "assets": assets}).is_busy


@pytest.mark.parametrize(
    ("status", "mode", "busy", "review", "payment", "succeeded"),
    [
        ("queued", "auto", True, False, False, False),
        ("running", "review", True, False, False, False),
        ("preview_ready", "auto", True, False, False, False),
        ("preview_ready", "review", False, True, False, False),
        ("billing_required", "auto", False, False, True, False),
        ("succeeded", "auto", False, False, False, True),
        ("partially_succeeded", "auto", False, False, False, True),
        ("failed", "review", False, False, False, False),
        ("canceled", "review", False, False, False, False),
        ("enchanting", "auto", True, False, False, False),
    ],
)
def test_when_polling_continues(status, mode, busy, review, payment, succeeded):
    """Polling stops at the six final statuses, and at a Preview in review mode."""
    operation = Operation.from_json(OPERATION | {"status": status, "generationMode": mode})
    assert (
        operation.is_busy,
        operation.awaits_review,
        operation.awaits_payment,
        operation.succeeded,
    ) == (busy, review, payment, succeeded)
    assert operation.status_word == status, "what Mint sent can be shown"


@pytest.mark.parametrize(
    ("required", "available", "missing"),
    [(800, 300, 500), (800, 900, 0), (800, None, 800), (None, 300, None), (-5, None, 0)],
)
def test_missing_credits_are_calculated(required, available, missing):
    """The number is known only as far as Mint reports it, and is never negative."""
    billing = Operation.from_json(
        {"billing": {"requiredCredits": required, "availableCredits": available}}
    ).billing
    assert billing.missing_credits == missing


@pytest.mark.parametrize(
    ("estimated", "reserved", "finalized", "spent", "final"),
    [
        (1650, 1650, 0, 1650, False),  # started
        (1650, 1500, 150, 1650, False),  # at its Preview, which is paid; the rest is reserved
        (1650, 0, 1650, 1650, True),
        (1650, 1650, 1650, 1650, True),  # just ended, not settled yet
        (None, 248, 248, 248, True),
        (200, 300, 0, 300, False),
        (1650, 0, 150, 150, True),  # failed after its Preview
    ],
)
def test_spent_and_reserved_credits_are_not_counted_twice(
    estimated, reserved, finalized, spent, final
):
    """`spent` adds what was paid and what is reserved."""
    credits = Operation.from_json(
        {"credits": {"estimated": estimated, "reserved": reserved, "finalized": finalized}}
    ).credits
    assert (credits.spent, credits.is_final) == (spent, final)


ODD = {
    "a lone surrogate": ('{"prompt": "a \\ud83d lamp"}', "prompt", "a ? lamp"),
    "no zone": (
        '{"createdAt": "2026-08-03T22:46:00"}',
        "created_at",
        datetime(2026, 8, 3, 22, 46, tzinfo=UTC),
    ),
    "no splats": ('{"assets": {"spzUrls": null}}', "assets.spz_urls", {}),
    "a tier without an address": (
        '{"assets": {"spzUrls": {"500k": "https://a/s.spz", "full_res": null}}}',
        "assets.spz_urls",
        {"500k": "https://a/s.spz"},
    ),
} | {
    number: (f'{{"credits": {{"estimated": {number}}}}}', "credits.estimated", None)
    for number in ("1e999", "-1e999", "NaN", "9" * 400, "true", '"5"')
}


@pytest.mark.parametrize(("text", "member", "value"), ODD.values(), ids=ODD)
def test_odd_values_are_read_as_usable_ones(text, member, value):
    """They can be printed, stored and compared; numbers that are no amounts are ignored."""
    assert operator.attrgetter(member)(Operation.from_json(json.loads(text))) == value


@pytest.mark.parametrize("tier", ["", "x" * 41, "\ud800", "\x1b[2J", "a\nb", "größte"])
def test_a_tier_of_splats_needs_a_plain_name(tier):
    """Its name becomes that of a custom property, which Blender limits to 63 bytes."""
    url = "https://cdn.example/s.spz"
    files = {"spzUrls": {tier: url, "full res, 1.5m": url}}
    world = Asset.from_json(Kind.WORLD, {"assets": files})
    assert world.assets.spz_urls == {"full res, 1.5m": url}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changed", "usable"),
    [
        ({}, True),
        ({"status": "failed"}, False),
        ({"status": None}, True),
        ({"assets": None}, False),
        ({"assets": {"thumbnailUrl": "https://cdn.example/t.webp"}}, False),
        ({"assets": {"optimizedGlbUrl": "https://cdn.example/o.glb"}}, True),
    ],
)
def test_which_assets_can_be_imported(changed, usable):
    """A finished asset with a file can be imported."""
    assert Asset.from_json(Kind.MODEL, MODEL | changed).is_usable is usable


@pytest.mark.parametrize(
    ("pagination", "cursor"),
    [
        ({"nextCursor": "c1", "hasMore": True}, "c1"),
        ({"nextCursor": "c1"}, "c1"),
        ({"nextCursor": "c1", "hasMore": False}, None),
        ({"nextCursor": None, "hasMore": True}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_end_of_a_list_is_recognized(pagination, cursor):
    """A null cursor or hasMore false ends a list."""
    page = Page.from_json(Kind.MODEL, {"data": [MODEL, None, "junk"], "pagination": pagination})
    assert page.next_cursor == cursor
    assert [model.id for model in page.data] == ["m1"]


@pytest.mark.parametrize(
    ("data", "url"),
    [
        ({"url": "u", "sourceUrl": "s"}, "u"),
        ({"url": None, "sourceUrl": "s", "imageUrl": "i"}, "s"),
        ({"url": "", "imageUrl": "i", "assets": {"imageUrl": "a"}}, "i"),
        ({"assets": {"imageUrl": "a", "sourceUrl": "b"}}, "a"),
        ({"assets": {"sourceUrl": "b"}}, "b"),
        ({}, None),
    ],
)
def test_the_address_of_a_reference_picture_is_found(data, url):
    """The first of url, sourceUrl, imageUrl and the same inside assets is used."""
    assert ReferenceImage.from_json(data).url == url

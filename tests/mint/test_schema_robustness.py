# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that no reader raises on arbitrary JSON objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.mint.schema import (
    Asset,
    Estimate,
    Kind,
    Me,
    Operation,
    Page,
    ReferenceImage,
    Usage,
)

# Every name that the readers look for, so that hypothesis gives them values of every wrong type.
# fmt: off
NAMES = [
    "id",
    "type",
    "status",
    "prompt",
    "generationMode",
    "generationPreset",
    "generationModel",
    "resource",
    "mintUrl",
    "assets",
    "billing",
    "credits",
    "error",
    "createdAt",
    "updatedAt",
    "completedAt",
    "canceledAt",
    "name",
    "assetStage",
    "glbUrl",
    "glbSizeBytes",
    "optimizedGlbSizeBytes",
    "spzUrls",
    "data",
    "pagination",
    "nextCursor",
    "hasMore",
    "url",
    "imageUrl",
    "operation",
    "requiredToStart",
    "totalAvailable",
    "included",
    "subscription",
    "apiUsage",
    "authentication",
    "owner",
    "scopes",
    "userId",
    "email",
    "requiredCredits",
    "availableCredits",
    "estimated",
    "reserved",
    "code",
    "message",
]


# fmt: on
numbers = st.integers() | st.floats() | st.just(10**400) | st.just(-(10**400))
values = st.recursive(
    st.none()
    | st.booleans()
    | numbers
    | st.text()
    | st.sampled_from(["\ud800", "2026-08-03T22:46:00.000Z", "review", "succeeded"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)
objects = st.dictionaries(st.sampled_from(NAMES) | st.text(), values, max_size=12)
READERS = [
    Operation.from_json,
    lambda data: Asset.from_json(Kind.MODEL, data),
    lambda data: Page.from_json(Kind.WORLD, data),
    ReferenceImage.from_json,
    Estimate.from_json,
    Usage.from_json,
    Me.from_json,
]


@pytest.mark.covers("C8-members")
@pytest.mark.parametrize(
    "read",
    READERS,
    ids=["operation", "asset", "page", "reference image", "estimate", "usage", "me"],
)
@given(data=objects)
def test_no_json_object_raises(read, data):
    """Missing, null, unknown and invalid members are ignored."""
    read(data)


@given(data=objects)
def test_derived_properties_never_raise(data):
    """The properties that the add-on reads have a value, whatever the response was."""
    operation = Operation.from_json(data)
    assert isinstance(operation.is_busy, bool)
    assert isinstance(operation.awaits_payment, bool)
    assert (
        operation.billing is None
        or operation.billing.missing_credits is None
        or operation.billing.missing_credits >= 0
    )
    assert isinstance(Asset.from_json(Kind.MODEL, data).is_usable, bool)
    assert Me.from_json(data).display_name

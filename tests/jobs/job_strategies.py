# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for jobs in any state."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import (
    Candidate,
    Delivery,
    LocalFile,
    Placement,
    Problem,
)
from mint_blender.jobs.paid_requests.record import PaidRequest, State
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Asset, Kind, Operation

texts = st.text(max_size=20)
maybe = st.none() | texts
numbers = st.floats(0, 1e12, allow_nan=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
documents = st.fixed_dictionaries(
    {"id": texts},
    optional={
        "status": st.sampled_from(
            ["queued", "running", "preview_ready", "succeeded", "failed", "enchanting"]
        )
        | texts,
        "generationMode": st.sampled_from(["auto", "review"]) | texts,
        "resource": st.fixed_dictionaries({"type": texts, "id": texts}) | json_values,
        "assets": st.dictionaries(
            st.sampled_from(["glbUrl", "panoUrl", "previewImageUrl", "spzUrls", "bounds"]),
            json_values,
        ),
        "error": st.fixed_dictionaries({"code": texts, "message": texts}) | json_values,
        "createdAt": st.just("2026-08-03T22:46:00.000Z") | json_values,
    },
)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "str | None": maybe,
    "int": st.integers(0, 9),
    "float": numbers,
    "float | None": st.none() | numbers,
    "tuple[float, float, float] | None": st.none() | st.tuples(numbers, numbers, numbers),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
}
"""Values of the types that a journal can store as they are."""


def every_field(cls: type[Any], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass; a field that is not named here varies too, by its type."""
    others: dict[str, Any] = {
        field.name: BY_TYPE.get(str(field.type), ...)
        for field in fields(cls)
        if field.name not in members
    }
    return st.builds(cls, **members, **others)


operations = documents.map(Operation.from_json)
requests = every_field(GenerationRequest)
kept_files = every_field(LocalFile)
records = every_field(
    PaidRequest,
    subject=texts.filter(bool),
    number=st.integers(1, 9),
    attempts=st.just(3),
    refusals=st.integers(0, 3),
    attempted=st.just(0.0),
    journal=st.sampled_from(["", "another"]),
    closed=st.none() | st.sampled_from([State.DROPPED, State.OVER]),
    answer=st.none() | operations,
    body=st.none() | st.dictionaries(texts, json_values, max_size=3).map(json.dumps),
    is_copied=st.just(False),
    looked_by=st.just(""),
    is_looked_for=st.just(False),
)
jobs = every_field(
    Job,
    request=requests,
    delivery=every_field(Delivery),
    owner=st.none() | st.builds(Owner, texts.filter(bool), texts),
    asset=st.none() | st.builds(Asset.from_json, st.sampled_from(Kind), documents),
    files=st.lists(kept_files, max_size=3).map(tuple),
    refused=st.lists(kept_files, max_size=3).map(tuple),
    candidates=st.lists(every_field(Candidate), max_size=2).map(tuple),
    motion=st.none() | every_field(MotionRequest),
    requests=st.just(()),  # rows of their own
    decision=st.none(),
    problem=st.none() | every_field(Problem),
    notes=BY_TYPE["tuple[str, ...]"],
    placement=st.none() | every_field(Placement),
    hold=st.none(),
)

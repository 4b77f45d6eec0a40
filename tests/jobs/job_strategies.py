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
    Cause,
    Delivery,
    LocalFile,
    Placement,
    Problem,
    Role,
)
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State
from mint_blender.jobs.phases import Phase
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, OptimizationLevel, Pose, Preset

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
requests = st.builds(
    GenerationRequest,
    kind=st.sampled_from(Kind),
    prompt=texts,
    preset=st.sampled_from(Preset),
    mode=st.sampled_from(Mode),
    name=maybe,
    images=st.lists(texts, max_size=3).map(tuple),
    pose=st.none() | st.sampled_from(Pose),
)
guesses = st.none() | numbers
kept_files = st.builds(
    LocalFile,
    role=st.sampled_from(Role),
    path=texts,
    url=texts,
    note=maybe,
    needs=st.lists(texts, max_size=2).map(tuple),
)


def every_field(cls: type[Any], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass; a field that is not named here varies too, by its type."""
    others: dict[str, Any] = {field.name: ... for field in fields(cls) if field.name not in members}
    return st.builds(cls, **members, **others)


operations = documents.map(Operation.from_json)
targets = every_field(
    Delivery,
    output=maybe,
    render=maybe,
    at=st.none() | st.tuples(numbers, numbers, numbers),
    rotation=st.none() | st.tuples(numbers, numbers, numbers),
    size=st.none() | st.tuples(numbers, numbers, numbers),
    height=st.none() | numbers,
    document=maybe,
    scene=maybe,
    replaces=st.booleans(),
    splats=maybe,
    line=maybe,
)
records = every_field(
    PaidRequest,
    verb=st.sampled_from(PaidVerb),
    journal=st.sampled_from(["", "another"]),
    closed=st.none() | st.sampled_from([State.REFUSED, State.CANCELED, State.DROPPED, State.OVER]),
    body=st.none() | st.dictionaries(texts, json_values, max_size=3).map(json.dumps),
    credits=guesses,
    extra_credits=guesses,
    cost=guesses,
    born=numbers,
    attempted=numbers,
    attempts=st.integers(0, 9),
    refusals=st.integers(0, 9),
    is_copied=st.just(False),
)
corners = st.none() | st.tuples(numbers, numbers, numbers)
placements = every_field(
    Placement,
    scene=texts,
    objects=st.lists(texts, max_size=3).map(tuple),
    file=maybe,
    low=corners,
    high=corners,
)
jobs = every_field(
    Job,
    id=texts,
    request=requests,
    created_at=numbers,
    delivery=targets,
    owner=st.none() | st.builds(Owner, texts.filter(bool), texts),
    estimate=st.none() | numbers,
    optimize_estimate=st.none() | numbers,
    max_credits=st.none() | numbers,
    phase=st.sampled_from(Phase),
    image_urls=st.lists(texts, max_size=3).map(tuple),
    operation=st.none() | operations,
    source_asset_id=maybe,
    optimize=st.none() | st.sampled_from(OptimizationLevel),
    optimization=st.none() | operations,
    asset=st.none() | st.builds(Asset.from_json, st.sampled_from(Kind), documents),
    revision=st.integers(0, 9),
    files=st.lists(kept_files, max_size=3).map(tuple),
    refused=st.lists(kept_files, max_size=3).map(tuple),
    candidates=st.lists(every_field(Candidate, created_at=numbers), max_size=2).map(tuple),
    motion=st.none() | st.builds(MotionRequest, texts, guesses, st.booleans()),
    requests=st.just(()),  # rows of their own
    decision=st.none(),
    problem=st.none()
    | every_field(
        Problem, cause=st.sampled_from(Cause), message=texts, code=maybe, request_id=maybe
    ),
    notes=st.lists(texts, max_size=3).map(tuple),
    placement=st.none() | placements,
    hold=st.none(),
)

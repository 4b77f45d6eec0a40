# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert a job to JSON and back, for the journal.

Members that a later version added are ignored; missing ones have defaults.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ...message import Message, message_of
from ...mint.account import Owner
from ...mint.generation_request import GenerationRequest
from ...mint.motion_request import MotionRequest
from ...mint.schema import Asset, Format, Kind, Mode, Operation, OptimizationLevel, Pose, Preset
from ..job import Job
from ..job_values import (
    PAID_VERBS,
    Candidate,
    Cause,
    ClientRequest,
    DecidedPreview,
    Decision,
    Delivery,
    DeliveryResult,
    Hold,
    LocalFile,
    Placement,
    Problem,
    Role,
)
from ..notes import stored_note
from ..paid_requests.record import PaidRequest
from ..phases import Phase, Verb

DataclassT = TypeVar("DataclassT")

ROW = ", ".join(("id", "created_at", "record", "phase", "cancel", "origin", "account"))
"""The columns that `load_row` expects."""
_DECISIONS = {paid: verb for verb, paid in PAID_VERBS.items()}


@dataclass(frozen=True)
class Unreadable:
    """A job whose record is damaged or was written by a newer version.

    Its row stays as it is, and nothing drives it.
    """

    id: str
    created_at: float


def dump(job: Job) -> str:
    """Return the job as JSON, without its decision and its paid requests, which have rows."""
    record = {
        "id": job.id,
        "request": vars(job.request),
        "created_at": job.created_at,
        "delivery": vars(job.delivery),
        "owner": vars(job.owner) if job.owner else None,
        "estimate": job.estimate,
        "optimize_estimate": job.optimize_estimate,
        "max_credits": job.max_credits,
        "image_urls": job.image_urls,
        "operation": job.operation.raw if job.operation else None,
        "source_asset_id": job.source_asset_id,
        "convert": job.convert,
        "motion": vars(job.motion) if job.motion else None,
        "after": job.after,
        "optimize": job.optimize,
        "optimization": job.optimization.raw if job.optimization else None,
        "decided_preview": vars(job.decided_preview) if job.decided_preview else None,
        "asset": {"kind": job.asset.kind, "json": job.asset.raw} if job.asset else None,
        "revision": job.revision,
        "files": [dump_file(file) for file in job.files],
        "refused": [dump_file(file) for file in job.refused],
        "candidates": [vars(each) for each in job.candidates],
        "client_request": vars(job.client_request) if job.client_request else None,
        "problem": _dump_problem(job.problem) if job.problem else None,
        "notes": [message_of(note).to_json() for note in job.notes],
        "placement": dump_placement(job.placement),
    }
    return json.dumps(record)


def load(text: str, phase: Phase) -> Job:
    """Return the job that `dump` wrote; `phase` comes from its own column.

    Raises:
        Exception: Of any type, for a word of a later version or a value of the wrong type.
    """
    job = _job(json.loads(text), phase)
    if not matches_type(job, Job):
        raise TypeError("a member is not what it should be")
    return job


def load_row(
    row: Sequence[Any], requests: tuple[PaidRequest, ...] | None, hold: Hold | None = None
) -> Job:
    """Return the job of a row of the table with `ROW`, which another account may own.

    Raises:
        Exception: Of any type, as `load`; also if a paid request is damaged.
    """
    job_id, _, record, phase, is_canceled, origin, account = row
    if requests is None:
        raise ValueError("a paid request is damaged")
    owner = Owner(origin, account) if origin or account else None
    job = load(record, Phase(phase))
    if job.id != job_id:
        raise KeyError(job_id)  # the record of another job
    if (job.owner, job.hold) != (owner, hold):
        job = replace(job, owner=owner, hold=hold)
    return with_requests(job, requests, is_canceled=bool(is_canceled))


def with_requests(job: Job, requests: tuple[PaidRequest, ...], *, is_canceled: bool) -> Job:
    """Return a job with its paid requests, and with the decision that was not confirmed yet."""
    open_ones = [each for each in requests if each.is_open and each.verb in _DECISIONS]
    decision = Decision(Verb.CANCEL) if is_canceled else None
    if decision is None and open_ones:
        last = open_ones[-1]
        feedback = json.loads(last.body or "{}").get("feedback")
        prices = last.credits, last.extra_credits
        decision = Decision(_DECISIONS[last.verb], last.key, feedback, *prices)
    if (job.requests, job.decision) == (requests, decision):
        return job
    return replace(job, requests=requests, decision=decision)


def _job(record: Mapping[str, Any], phase: Phase) -> Job:
    return Job(
        id=record["id"],
        request=_request(record["request"]),
        created_at=record["created_at"],
        delivery=load_delivery(record.get("delivery") or {}),
        owner=_from_record(Owner, record["owner"]) if record.get("owner") else None,
        estimate=record.get("estimate"),
        optimize_estimate=record.get("optimize_estimate"),
        max_credits=record.get("max_credits"),
        phase=phase,
        image_urls=_list(record.get("image_urls", ())),
        operation=_operation(record.get("operation")),
        source_asset_id=record.get("source_asset_id"),
        convert=tuple(Format(format) for format in _list(record.get("convert", ()))),
        motion=_from_record(MotionRequest, record["motion"]) if record.get("motion") else None,
        after=record.get("after"),
        optimize=OptimizationLevel(record["optimize"]) if record.get("optimize") else None,
        optimization=_operation(record.get("optimization")),
        decided_preview=_decided_preview(record.get("decided_preview")),
        asset=_asset(record.get("asset")),
        revision=record.get("revision", 0),
        files=load_files(record.get("files", ())),
        refused=load_files(record.get("refused", ())),
        candidates=tuple(
            _from_record(Candidate, each) for each in _list(record.get("candidates", ()))
        ),
        client_request=(
            _from_record(ClientRequest, record["client_request"])
            if record.get("client_request")
            else None
        ),
        problem=_problem(record.get("problem")),
        notes=tuple(stored_note(note) for note in _list(record.get("notes", ()))),
        placement=load_placement(record.get("placement")),
    )


def load_delivery(record: Mapping[str, Any]) -> Delivery:
    """Return a delivery from its members as JSON. Raises an error of any type."""
    vectors = dict.fromkeys(("at", "rotation", "size", "render_size"), _vector)
    return _from_record(Delivery, record, meta=_pairs, motions=_list, **vectors)


def dump_placement(placement: Placement | None) -> dict[str, Any] | None:
    """Return a placement as JSON values."""
    return dict(vars(placement)) if placement else None


def load_placement(record: Mapping[str, Any] | None) -> Placement | None:
    """Return the placement that `dump_placement` wrote."""
    if not record:
        return None
    return _from_record(Placement, record, objects=_list, low=_vector, high=_vector)


def dump_result(result: DeliveryResult) -> dict[str, Any]:
    """Return the result of a delivery as JSON values."""
    return {
        "notes": [note.to_json() for note in result.notes],
        "problem": result.problem.to_json() if result.problem is not None else None,
        "placement": dump_placement(result.placement),
    }


def load_result(record: Mapping[str, Any]) -> DeliveryResult:
    """Return the result that `dump_result` wrote."""
    return DeliveryResult(
        tuple(Message.from_json(note) for note in record["notes"]),
        Message.from_json(record["problem"]) if record["problem"] else None,
        load_placement(record["placement"]),
    )


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Return pairs of texts. Raises an error of any type."""
    return tuple((str(name), str(text)) for name, text in value)


def _vector(values: Any) -> Any:
    return tuple(values) if values else None


def _operation(raw: Mapping[str, Any] | None) -> Operation | None:
    return Operation.from_json(raw) if raw is not None else None


def _decided_preview(record: Mapping[str, Any] | None) -> DecidedPreview | None:
    return _from_record(DecidedPreview, record, verb=Verb, pictures=tuple) if record else None


def _asset(record: Mapping[str, Any] | None) -> Asset | None:
    return Asset.from_json(Kind(record["kind"]), record["json"]) if record else None


def _problem(record: Mapping[str, Any] | None) -> Problem | None:
    if not record:
        return None
    return _from_record(Problem, record, cause=Cause, message=Message.from_json)


def load_files(records: Iterable[Mapping[str, Any]]) -> tuple[LocalFile, ...]:
    """Return the files that `dump_file` wrote. Raises an error of any type."""
    return tuple(
        _from_record(LocalFile, file, role=Role, needs=tuple, note=_load_message)
        for file in _list(records)
    )


def _load_message(record: Mapping[str, Any] | None) -> Message | None:
    return Message.from_json(record) if record is not None else None


def dump_file(file: LocalFile) -> dict[str, Any]:
    """Return a file as JSON values."""
    note = message_of(file.note).to_json() if file.note is not None else None
    return {**vars(file), "note": note}


def _dump_problem(problem: Problem) -> dict[str, Any]:
    return {**vars(problem), "message": message_of(problem.message).to_json()}


def _list(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(type(value).__name__)
    return tuple(value)


def _request(record: Mapping[str, Any]) -> GenerationRequest:
    pose = record.get("pose")
    return _from_record(
        GenerationRequest,
        {**record, "pose": Pose(pose) if pose else None},
        kind=Kind,
        preset=Preset,
        mode=Mode,
        images=tuple,
        image_names=tuple,
    )


def _from_record(cls: type[DataclassT], record: Mapping[str, Any], **readers: Any) -> DataclassT:
    """Return a dataclass from its members; `readers` convert JSON's words and lists."""
    known = _members(cls)  # type: ignore[arg-type]  # a type can be hashed, which TypeVar cannot say
    members = {
        name: readers[name](value) if name in readers else value
        for name, value in record.items()
        if name in known
    }
    return cls(**members)


@cache
def _members(cls: Any) -> frozenset[str]:
    """Return the names of the members of a dataclass."""
    return frozenset(member.name for member in fields(cls))


Check = Callable[[object], bool]

# Mint's answers have parsers of their own, which accept any value.
_READ_TOLERANTLY = frozenset({Operation, Asset})


def matches_type(value: object, hint: Any) -> bool:
    """Return whether a value, and everything in it, is of this type."""
    return _check_of(hint)(value)


@cache
def _check_of(hint: Any) -> Check:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if origin in {Union, types.UnionType}:
        return _union_check(arguments)
    if origin is tuple:
        return _tuple_check(arguments)
    if origin is dict:
        return lambda value: isinstance(value, dict) and all(isinstance(key, str) for key in value)
    if hint is float:
        return lambda value: (
            isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)
        )
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type) and is_dataclass(hint) and hint not in _READ_TOLERANTLY:
        return _dataclass_check(hint)
    return lambda value: isinstance(value, hint)


def _union_check(arguments: tuple[Any, ...]) -> Check:
    checks = [_check_of(each) for each in arguments if each is not type(None)]
    if len(checks) == 1 and len(arguments) == 2:  # most are optional values
        (check,) = checks
        return lambda value: value is None or check(value)
    checks = [_check_of(each) for each in arguments]
    return lambda value: any(check(value) for check in checks)


def _tuple_check(arguments: tuple[Any, ...]) -> Check:
    checks = tuple(_check_of(each) for each in arguments if each is not Ellipsis)
    if Ellipsis in arguments:
        (check,) = checks
        return lambda value: isinstance(value, tuple) and all(check(each) for each in value)
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(checks)
        and all(check(each) for check, each in zip(checks, value, strict=True))
    )


def _dataclass_check(cls: Any) -> Check:
    hints = get_type_hints(cls)
    checks = tuple((member.name, _check_of(hints[member.name])) for member in fields(cls))

    def check(value: object) -> bool:
        if not isinstance(value, cls):
            return False
        for name, check in checks:  # noqa: SIM110 - `all` takes twice the time, at each read of a job
            if not check(getattr(value, name)):
                return False
        return True

    return check

# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert a job to JSON and back, for the journal.

What is read has to be of the type that its dataclass says. Members that a later version added are
ignored; missing ones have defaults.
"""

from __future__ import annotations

import itertools
import json
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from ...message import Message, message_of
from ...mint.account import Owner
from ...mint.schema import Asset, Kind, Operation
from ..job import Job
from ..job_values import (
    PAID_VERBS,
    Decision,
    DeliveryResult,
    Hold,
    LocalFile,
    Problem,
)
from ..notes import stored_note
from ..paid_requests.record import PaidRequest
from ..phases import Phase, Verb

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


_ELSEWHERE = frozenset({"phase", "requests", "decision", "hold"})
"""The members of a job that are no part of its record: other columns and tables have them."""
_TEXTS = {Problem: "message", LocalFile: "note"}
"""The members that are texts for the user: they are stored as a message."""


def dump(job: Job) -> str:
    """Return the job as JSON, without its decision and its paid requests, which have rows."""
    return json.dumps(_record(job), default=members)


def dump_with_requests(job: Job) -> str:
    """Return the job as JSON, with its paid requests, for programs without our journal."""
    return json.dumps({**_record(job), "requests": job.requests}, default=members)


def _record(job: Job) -> dict[str, Any]:
    record = {name: value for name, value in vars(job).items() if name not in _ELSEWHERE}
    return {**record, "notes": _messages(job.notes)}


def load(text: str, phase: Phase) -> Job:
    """Return the job that `dump` or `dump_with_requests` wrote; `phase` is stored apart.

    Raises:
        Exception: Of any type, for a word of a later version or a value of the wrong type.
    """
    record = json.loads(text)
    stored = {name: value for name, value in record.items() if name not in _ELSEWHERE}
    return read(Job, stored | {"requests": record.get("requests", ()), "phase": phase})


T = TypeVar("T")


def read(cls: type[T], value: Any) -> T:
    """Return a value of this type that was stored as JSON. Raises an error of any type."""
    return cast(T, _read(cls, value))


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
    open_ones = [request for request in requests if request.is_open and request.verb in _DECISIONS]
    decision = Decision(Verb.CANCEL) if is_canceled else None
    if decision is None and open_ones:
        last = open_ones[-1]
        feedback = json.loads(last.body or "{}").get("feedback")
        decision = Decision(_DECISIONS[last.verb], last.key, feedback)
    if (job.requests, job.decision) == (requests, decision):
        return job
    return replace(job, requests=requests, decision=decision)


def dump_result(result: DeliveryResult) -> dict[str, Any]:
    """Return the result of a delivery as JSON values."""
    return {
        "notes": _messages(result.notes),
        "problem": result.problem.to_json() if result.problem is not None else None,
        "placement": dict(vars(result.placement)) if result.placement else None,
    }


def _messages(texts: Iterable[str]) -> list[dict[str, Any]]:
    return [message_of(text).to_json() for text in texts]


def members(value: Any) -> Mapping[str, Any]:
    """Return what is stored of a value that JSON has no word for."""
    if isinstance(value, Operation):
        return value.raw
    if isinstance(value, Asset):
        return {"kind": value.kind, "json": value.raw}
    name = _TEXTS.get(type(value))
    if name is None or getattr(value, name) is None:
        return dict(vars(value))
    return {**vars(value), name: message_of(getattr(value, name)).to_json()}


def _read(hint: Any, value: Any) -> Any:
    """Return a value of a type: what is stored in another way than it is wanted is refused."""
    if isinstance(hint, types.UnionType):  # an optional value
        return None if value is None else _read(hint.__args__[0], value)
    if isinstance(hint, types.GenericAlias):  # a tuple
        if not isinstance(value, list | tuple):
            raise TypeError(type(value).__name__)
        first, *others = hint.__args__
        hints = itertools.repeat(first, len(value)) if others == [...] else hint.__args__
        return tuple(_read(*each) for each in zip(hints, value, strict=True))
    if (own := _READERS.get(hint)) is not None:
        return own(value)
    if is_dataclass(hint):
        cls: Any = hint
        known = _members_of(cls)
        return cls(**{name: _read(known[name], value[name]) for name in value if name in known})
    if issubclass(hint, Enum):
        return hint(value)
    if type(value) is not hint:
        raise TypeError(type(value).__name__)
    return value


@cache
def _members_of(cls: Any) -> Mapping[str, Any]:
    """Return the types of the members of a dataclass, by name."""
    hints = get_type_hints(cls)
    if (text := _TEXTS.get(cls)) is not None:
        hints[text] = Message if hints[text] is str else Message | None
    return {member.name: hints[member.name] for member in fields(cls)}


def _asset(record: Mapping[str, Any]) -> Asset:
    return Asset.from_json(Kind(record["kind"]), record["json"])


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise TypeError(type(value).__name__)
    return cast(float, value)


# Mint's answers have parsers of their own, which accept any value.
_READERS: Mapping[Any, Callable[[Any], Any]] = {
    float: _number,
    Message: stored_note,
    Operation: Operation.from_json,
    Asset: _asset,
}

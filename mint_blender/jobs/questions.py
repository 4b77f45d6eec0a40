# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to Mint that are no jobs: asked once, answered once, nothing is started or paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..mint.accounting import Estimate, Me, Usage
from ..mint.errors import NotFound
from ..mint.schema import Kind, Mode, Preset

if TYPE_CHECKING:
    from ..mint.client import Client


@dataclass(frozen=True)
class WhoseKey:
    """Is the key accepted, and whose is it?"""


@dataclass(frozen=True)
class Balance:
    """Credits, subscription, totals."""


@dataclass(frozen=True)
class Price:
    """What a generation would cost; answered with an empty estimate by a Mint that does not tell prices."""

    kind: Kind
    preset: Preset
    mode: Mode


Question = WhoseKey | Balance | Price
Answer = Me | Usage | Estimate


def answer(client: Client, question: Question) -> Answer:
    """Ask Mint. Raises MintError."""
    if isinstance(question, WhoseKey):
        return client.me()
    if isinstance(question, Balance):
        return client.usage()
    try:
        return client.estimate(question.kind, question.preset, question.mode)
    except NotFound:
        return Estimate(None, None, None)

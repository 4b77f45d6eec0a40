# SPDX-License-Identifier: GPL-3.0-or-later
"""What a retry will cost: it is priced as what it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.board import Board, TooExpensive
from mint_blender.jobs.job import Job, Phase, Target, new_conversion, new_fetch
from mint_blender.jobs.questions import OptimizationPrice, Price, prices_of_retry
from mint_blender.jobs.spending import Limits
from mint_blender.mint.account import Account
from mint_blender.mint.accounting import Estimate
from mint_blender.mint.schema import Asset, Format, Kind, OptimizationLevel

from .quick import quick
from .telling import a_job, asset, operation

LIGHT = OptimizationLevel.LIGHT
BROKEN = Asset.read(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})
NEVER = Target()
DAY = 24 * 3600.0


def failed(**more: object) -> Job:
    """A generation of yesterday that failed at Mint, at no cost."""
    told = operation("failed", credits={"reserved": 0, "finalized": 0})
    return replace(a_job(), phase=Phase.FAILED, operation=told, created_at=time.time() - DAY, **more)  # type: ignore[arg-type]


def imported(model: Asset, optimize: OptimizationLevel | None = None) -> Job:
    """Something of the library that could not be brought."""
    return replace(new_fetch(model, NEVER, now=1.0, optimize=optimize), phase=Phase.FAILED)


@pytest.mark.parametrize(
    ("job", "prices"),
    [
        (failed(), (Price.of(failed().request),)),
        (failed(optimize=LIGHT), (Price.of(failed().request), OptimizationPrice())),
        (imported(asset(), LIGHT), (OptimizationPrice("res_1"),)),
        (imported(asset()), ()),
        (imported(BROKEN), (Price.of(imported(BROKEN).request),)),
        (imported(BROKEN, LIGHT), (Price.of(imported(BROKEN).request), OptimizationPrice())),
        (new_conversion(asset(), (Format.FBX,), NEVER, now=1.0), (None,)),
    ],
)
def test_what_it_is_priced_as(job: Job, prices: tuple[object, ...]) -> None:
    """A model that Mint could not make is made anew, whatever was wanted of it; one that is there is only optimised."""
    assert prices_of_retry(job) == prices


# -- on the board ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def board(home: Path) -> Iterator[Board]:
    """A board whose Mint is nowhere, which knows what a lamp costs and what optimising does."""
    board = Board(quick(home), Account("key", "http://127.0.0.1:9/v1"))
    board.allow_online(False)
    board.learn(Price.of(failed().request), Estimate(None, 248.0, 248.0))
    board.learn(OptimizationPrice(), Estimate(None, 20.0, 20.0))
    board.learn(OptimizationPrice(BROKEN.id), Estimate(None, 20.0, 20.0))
    yield board
    assert board.close(20)


def test_a_model_that_failed_at_mint_is_a_whole_generation(board: Board) -> None:
    """It was to be fetched and optimised: the retry makes it anew, which is more than the optimisation."""
    job = imported(BROKEN, LIGHT)
    board._known.add(job)
    board.purse.limits = Limits(each=267)
    with pytest.raises(TooExpensive, match="about 268 Credits, more than your limit of 267"):
        board.retry(job.id)
    board.purse.limits = Limits(each=268)
    board.retry(job.id)

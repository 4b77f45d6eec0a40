# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command and every batch script needs: the account, the board, the price, and a job followed to its next stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..jobs import calls
from ..jobs.board import Board, NotPossible
from ..jobs.desk import Setup
from ..jobs.home import home_folder
from ..jobs.job import Job, Phase
from ..jobs.messages import News
from ..jobs.story import Terms
from ..mint.account import Account
from ..mint.client import PAGE_SIZE, Client
from ..mint.errors import NotFound
from ..mint.generation import GenerationRequest
from ..mint.pacing import Pace
from ..mint.patient import patiently
from ..mint.schema import Asset, Estimate, Kind
from . import surroundings

Tell = Callable[[News], None]


@dataclass(frozen=True)
class Preview:
    """A Preview that waits for a decision: its picture (None when Mint sent none), and which one it is, from 1."""

    path: Path | None
    number: int
    job_id: str


Review = Callable[[Preview], str]


class TooExpensive(Exception):
    """The generation would cost more than the limit that was given; nothing was started."""


class NotAllowedOnline(Exception):
    """Blender's "Allow Online Access" is off, so nothing was sent."""

    def __init__(self) -> None:
        super().__init__("Blender may not go online: start it with --online-mode, or switch on Preferences > System > Allow Online Access.")


def account() -> Account:
    """The key and base URL: from the environment, else from the add-on's preferences where there are any."""
    key, base_url = surroundings.stored_account()
    return Account.of(os.environ, key=key, base_url=base_url)


@contextmanager
def open_client() -> Iterator[Client]:
    """A client for single calls. Raises MintError when there is no usable key."""
    check_online()
    client = calls.connect(account())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_board(pace: Pace = Pace()) -> Iterator[Board]:
    """The jobs of this user; whatever is in flight is left to the journal at the end."""
    check_online()
    setup = Setup(home_folder(preferred=surroundings.extension_folder()), Terms(pace, surroundings.readable_extensions()))
    board = Board(setup, account())
    try:
        yield board
    finally:
        board.close()


def check_online() -> None:
    """Inside a Blender, its user's word on going online holds."""
    if not surroundings.may_go_online():
        raise NotAllowedOnline


def estimate(client: Client, request: GenerationRequest) -> Estimate | None:
    """The price of a planned generation; None when this Mint does not tell prices."""
    try:
        return patiently(lambda: client.estimate(request.kind, request.preset, request.mode))
    except NotFound:
        return None


def check_request(request: GenerationRequest) -> None:
    """Refuse what Mint would refuse, and pictures that are not there, before anything is sent."""
    complaint = request.complaint()
    missing = [image for image in request.images if "://" not in image and not Path(image).is_file()]
    if complaint is None and missing:
        complaint = f"The reference picture {missing[0]} is not there."
    if complaint is not None:
        raise NotPossible(complaint)


def assets(client: Client, kind: Kind) -> Iterator[Asset]:
    """Everything of this kind, page by page as it is asked for; a page that fails is asked for again."""
    cursor: str | None = None
    seen: set[str | None] = set()
    while cursor not in seen:
        seen.add(cursor)
        page = patiently(partial(client.page, kind, cursor=cursor, limit=PAGE_SIZE))
        yield from page.data
        cursor = page.next_cursor
        if cursor is None:
            return


def check_price(request: GenerationRequest, max_credits: float | None) -> None:
    """Refuse, before anything is started, what would cost more than the limit. An unknown price is not within a limit."""
    if max_credits is None:
        return
    with open_client() as client:
        price = estimate(client, request)
    total = price.estimated_total if price else None
    if total is None:
        raise TooExpensive(
            "Mint does not tell the price, so the limit cannot be kept; nothing was started. Leave --max-credits out to go on."
        )
    if total > max_credits:
        raise TooExpensive(f"This would cost about {total:,.0f} Credits, more than the limit of {max_credits:,.0f}; nothing was started.")


def follow(board: Board, job_id: str, tell: Tell, review: Review | None = None) -> Job:
    """Watch a job until it rests; with `review`, each Preview is decided and the job followed further."""
    while True:
        board.watch([job_id], tell)
        job = board.job(job_id)
        if review is None or job.phase is not Phase.REVIEW:
            return job
        decide(board, job, review)


def preview_of(job: Job) -> Preview:
    """The Preview that a job waits with."""
    newest = job.previews[-1] if job.previews else None
    return Preview(Path(newest.path) if newest else None, job.revision + 1, job.id)


def decide(board: Board, job: Job, review: Review) -> None:
    """Put a Preview to `review` and do what it says."""
    answer = review(preview_of(job))
    if answer == "approve":
        board.approve(job.id)
    elif answer == "cancel":
        board.cancel(job.id)
    else:
        board.revise(job.id, answer)

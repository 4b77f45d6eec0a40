# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the engine.

The network is imported by the worker itself, so that enabling the add-on does not slow down
Blender's start.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...mint.account import Account
from ...mint.retry import RetryPolicy
from ...mint.schema import Kind
from ..workflow.context import WorkflowConfig
from .thread_pool import Executor, Pool

if TYPE_CHECKING:
    from ...files.download import Downloader
    from ...mint.client import Client


def _connect(account: Account) -> Client:
    from ...mint.client import connect

    return connect(account)


def _downloader(local_files: bool) -> Downloader:
    from ...files.download import Downloader

    return Downloader(local_files=local_files)


@dataclass(frozen=True)
class EngineConfig:
    """Settings of the engine, and the functions that it depends on.

    `slots` is how many generations of a kind may be active at Mint. `executor` makes a thread pool
    from its name, its number of threads, and the seconds that an idle thread waits for more work.
    """

    home: Path
    workflow_config: WorkflowConfig = WorkflowConfig()
    retries: RetryPolicy = RetryPolicy()
    slots: dict[Kind, int] = field(default_factory=lambda: {Kind.MODEL: 10, Kind.WORLD: 10})
    downloads: int = 3
    connect: Callable[[Account], Client] = _connect
    downloader: Callable[[bool], Downloader] = _downloader
    """Makes a downloader; called with whether the API, and so its files, are on this computer."""
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    executor: Callable[[str, int, float], Executor] = Pool

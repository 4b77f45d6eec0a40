# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal knows about the assets of other jobs, when a lost result is searched."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Kind

from .workflow_harness import operation, working


def test_the_journal_knows_which_operations_have_no_asset_yet(home: Path) -> None:
    """Only other jobs of the same kind whose operation is in progress."""
    operations = {
        "in progress": operation("running", resource=None),
        "with its asset": operation("running"),
        "done": operation("succeeded", resource=None),
        "failed": operation("failed", resource=None),
    }
    searching = working(prompt="in progress")
    with closing(Journal(home)) as journal:
        journal.add(searching)
        for prompt, each in operations.items():
            journal.add(replace(working(prompt=prompt), operation=each))
        world = working(prompt="a World", kind=Kind.WORLD)
        journal.add(replace(world, operation=operations["in progress"]))
        (body,) = journal.unnamed_bodies(searching)
        assert json.loads(body)["prompt"] == "in progress"

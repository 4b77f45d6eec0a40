# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets, one module for each subject."""

from __future__ import annotations

from . import (
    addresses,
    agent_tools,
    api_answers,
    asset_library,
    batches,
    downloads,
    glb,
    journal,
    library_pages,
    local_state,
    pictures,
    splats,
    texts,
)

TARGETS = (
    *api_answers.TARGETS,
    *library_pages.TARGETS,
    *addresses.TARGETS,
    *downloads.TARGETS,
    *glb.TARGETS,
    *splats.TARGETS,
    *pictures.TARGETS,
    *texts.TARGETS,
    *journal.TARGETS,
    *local_state.TARGETS,
    *batches.TARGETS,
    *asset_library.TARGETS,
    *agent_tools.TARGETS,
)
BY_NAME = {target.name: target for target in TARGETS}

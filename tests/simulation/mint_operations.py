# SPDX-License-Identifier: GPL-3.0-or-later
"""How operations go on at the simulated Mint: chance decides how long they take, and how they end."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

from ..mint_model.operations import Operations
from ..mint_model.records import Operation, Project, Resource

TIERS = ("100k", "500k", "full_res")
CONVERTED = ("fbx", "obj", "stl", "usdz")
SECONDS = {
    "queued": (1.0, 10.0),
    "revised": (1.0, 10.0),
    "preview": (5.0, 40.0),
    "optimize": (5.0, 40.0),
    "convert": (5.0, 40.0),
    "animate": (5.0, 40.0),
    "shown": (2.0, 30.0),
    "final": (10.0, 80.0),
}


class SimulatedOperations(Operations):
    """The operations of all projects. Each stage is paid for when it begins."""

    counts_waiting = False
    reserves_everything = False
    passes_unread = True

    def __init__(self, rng: random.Random) -> None:
        super().__init__(self._new_id)
        self._rng = rng
        self.enforces_limit = True
        self.price_factor: Callable[[str, float], float] = lambda type, at: 1.0
        self._ends: dict[str, str] = {}
        self.settled: dict[str, float] = {}
        """When the files of a resource are there, by its id."""

    def _new_id(self) -> str:
        return "".join(self._rng.choices(string.ascii_lowercase + string.digits, k=32))

    def check_limit(self, project: Project, kind: str, but: Operation | None = None) -> None:
        if self.enforces_limit:
            super().check_limit(project, kind, but)

    def plan(self, operation: Operation, before: Operation | None) -> None:
        operation.price_factor = self.price_factor(operation.type, operation.created)
        outcome = self._outcome(operation)
        if outcome == "failed" and self._rng.random() < 0.5:
            outcome = "failed early"
        self._ends[operation.id] = outcome

    def _outcome(self, operation: Operation) -> str:
        chance = self._rng.random()
        if chance < 0.1:
            return "failed"
        is_partial = chance < 0.15 and operation.type == "world_generation"
        return "partially_succeeded" if is_partial else "succeeded"

    def outcome(self, operation: Operation) -> str:
        return self._ends[operation.id]

    def failure(self, operation: Operation) -> tuple[str, str] | None:
        stage = {"failed": "final", "failed early": "preview"}.get(self._ends[operation.id])
        if not operation.is_generation and stage is not None:
            stage = "final"
        if operation.status == "queued" or operation.stage != stage:
            return None
        return "generation_failed", "The model did not converge."

    def running(self, operation: Operation) -> str:
        return "enchanting" if self._rng.random() < 0.05 else "running"

    def animation_type(self, operation: Operation) -> str:
        return f"model_animation_{'clip' if operation.id[0] < 'n' else 'batch'}"

    def lasts(self, operation: Operation, stage: str) -> float:
        is_short = stage == "shown" or (stage == "queued" and not operation.is_generation)
        last = self._rng.uniform if is_short else self._duration
        return last(*SECONDS[stage])

    def _duration(self, least: float, most: float) -> float:
        """Return seconds: mostly these, at times those of an hour or of more than half a day."""
        chance = self._rng.random()
        if chance < 0.0003:
            return self._rng.uniform(13.0, 30.0) * 3600.0
        if chance < 0.006:
            return self._rng.uniform(31.0, 60.0) * 60.0
        return self._rng.uniform(least, most)

    def fill(self, operation: Operation, stage: str, now: float) -> dict[str, Any]:
        resource = operation.resource
        assert resource is not None
        name = resource.id[:8]
        if stage == "preview":
            hash = f"{self._rng.getrandbits(64):016x}"
            return {"previewImageUrl": f"assets/{name}-preview-webp-{hash}.webp"}
        if stage == "final":
            self.settled[resource.id] = now + self._rng.choice([0.0, 0.0, 5.0])
            hash = f"{self._rng.getrandbits(64):016x}"
            is_partial = self.outcome(operation) == "partially_succeeded"
            return files(
                resource, hash, 0 if is_partial else self._rng.choice([0, 2, 3]), is_partial
            )
        if stage == "animate":
            rig, clip = operation.id[:12], operation.id[12:18]
            return {
                "rigged_character_glb": f"animations/{rig}-rig.glb",
                f"clip:{clip}:animation_glb": f"animations/{rig}-{clip}.glb",
            }
        hash = (resource.assets or {})["glbUrl"].removesuffix(".glb").rpartition("-")[2]
        if stage == "optimize":
            return {"optimizedGlbUrl": f"glb/{name}-optimized-{hash}.glb"}
        return {f"{each}Url": f"conversions/{name}-{hash}.{each}" for each in operation.formats}


def files(
    resource: Resource, hash: str, tiers: int = 0, is_partial: bool = False
) -> dict[str, Any]:
    """Return the files of a finished resource, whose names hold a hash of their content."""
    name = resource.id[:8]
    body: dict[str, Any] = {
        "previewImageUrl": resource.previews[-1],
        "thumbnailUrl": f"images/{name}-{hash}.webp",
    }
    if resource.kind == "world":
        spz = {tier: f"worlds/{name}-{tier}-spz-{hash}.spz" for tier in TIERS[:tiers]}
        return body | {
            "caption": "A place.",
            "colliderMeshUrl": f"worlds/{name}-collider-{hash}.glb",
            "panoUrl": None if is_partial else f"worlds/{name}-pano-{hash}.webp",
            "radUrl": None,
            "spzUrls": spz or None,
        }
    missing = ("glbSizeBytes", "optimizedGlbUrl", "bounds", *(f"{each}Url" for each in CONVERTED))
    return body | dict.fromkeys(missing) | {"glbUrl": f"glb/{name}-{hash}.glb"}

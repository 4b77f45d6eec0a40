# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of Mint's API: what can be generated, how, and the states of an operation."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What can be generated."""

    MODEL = "model"
    WORLD = "world"


class Preset(StrEnum):
    """Trade-off between cost, speed and quality."""

    FAST = "fast"
    STANDARD = "standard"
    PRODUCTION = "production"


class Mode(StrEnum):
    """AUTO runs to the end; REVIEW stops at the Preview until the user approves or revises it."""

    AUTO = "auto"
    REVIEW = "review"


class Pose(StrEnum):
    """A neutral pose for a humanoid; it is not rigged."""

    T_POSE = "t_pose"
    A_POSE = "a_pose"


class OptimizationLevel(StrEnum):
    """LIGHT keeps the most detail, AGGRESSIVE gives the smallest file."""

    LIGHT = "light"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


class Format(StrEnum):
    """File formats that Mint converts a model to."""

    FBX = "fbx"
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"


class Status(StrEnum):
    """State of an operation; an unknown word is UNKNOWN, which counts as busy."""

    QUEUED = "queued"
    RUNNING = "running"
    PREVIEW_READY = "preview_ready"
    BILLING_REQUIRED = "billing_required"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Status:
        return cls.UNKNOWN


ENDED = frozenset({Status.SUCCEEDED, Status.PARTIALLY_SUCCEEDED, Status.FAILED, Status.CANCELED})

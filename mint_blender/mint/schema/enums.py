# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of Mint's API: what can be generated, how, and the states of an operation."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What can be generated."""

    MODEL = "model"
    WORLD = "world"


class Preset(StrEnum):
    """Cost and speed against quality."""

    FAST = "fast"
    STANDARD = "standard"
    PRODUCTION = "production"


class Mode(StrEnum):
    """AUTO runs through to the end; REVIEW stops at the preview until a person approves or revises."""  # noqa: E501

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
    """What Mint can convert a model to."""

    FBX = "fbx"
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"


class Status(StrEnum):
    """Where an operation is.

    A word that we do not know becomes UNKNOWN: still busy, never an error.
    """

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

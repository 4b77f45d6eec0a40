# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's responses as frozen values, with the API's own names in snake_case.

Parsing never raises: null and absent members become None, unknown members are ignored (and kept in
`raw`), an unknown status counts as busy, and a null status with files as succeeded. An id that is
not valid counts as absent, so that no path can be made of it. Knows no HTTP; whether a response is
usable at all (does it have an id?) is for the client to decide.
"""

from .account import Credits, Estimate, Me, Usage
from .assets import Asset, Assets, Bounds, Page, ReferenceImage
from .enums import ENDED, Format, Kind, Mode, OptimizationLevel, Pose, Preset, Status
from .operation import (
    Billing,
    Operation,
    OperationCredits,
    OperationError,
    PollResult,
    ResourceRef,
)
from .parsing import Json, is_valid_id

__all__ = [
    "ENDED",
    "Asset",
    "Assets",
    "Billing",
    "Bounds",
    "Credits",
    "Estimate",
    "Format",
    "Json",
    "Kind",
    "Me",
    "Mode",
    "Operation",
    "OperationCredits",
    "OperationError",
    "OptimizationLevel",
    "Page",
    "PollResult",
    "Pose",
    "Preset",
    "ReferenceImage",
    "ResourceRef",
    "Status",
    "Usage",
    "is_valid_id",
]

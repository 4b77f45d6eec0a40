# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all faults of the network."""

from __future__ import annotations

from .answer_faults import ANSWER_FAULTS
from .connection_faults import CONNECTION_FAULTS
from .download_faults import DOWNLOAD_FAULTS

FAULTS = (*CONNECTION_FAULTS, *ANSWER_FAULTS, *DOWNLOAD_FAULTS)
"""Each fault, the call that it hits, and what comes of it."""

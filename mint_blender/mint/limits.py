# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of Mint's API for texts and pictures. Imports nothing, as forms are declared with it."""

from __future__ import annotations

MAX_NAME_LENGTH = 120
MAX_FEEDBACK_LENGTH = 2000
MAX_IMAGES = 8
MAX_IMAGE_BYTES = 5 * 1024 * 1024

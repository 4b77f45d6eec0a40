# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when something cannot be brought into the scene."""

from __future__ import annotations


class SceneImportError(Exception):
    """Nothing was imported; the text is a sentence for a person."""

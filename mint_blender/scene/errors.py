# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of everything that imports into the scene."""

from __future__ import annotations


class SceneImportError(Exception):
    """Nothing was imported; the text is a sentence for the user."""

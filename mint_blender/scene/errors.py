# SPDX-License-Identifier: GPL-3.0-or-later
"""The error raised by all functions that import into the scene."""

from __future__ import annotations


class SceneImportError(Exception):
    """An import failed and changed nothing; the text is a sentence for the user."""

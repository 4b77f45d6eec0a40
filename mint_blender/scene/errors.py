# SPDX-License-Identifier: GPL-3.0-or-later
"""The error raised by all functions that import into the scene."""

from __future__ import annotations

from ..message import MessageError


class SceneImportError(MessageError):
    """An import failed and changed nothing; the text is a sentence for the user."""

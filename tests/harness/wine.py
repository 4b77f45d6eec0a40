# SPDX-License-Identifier: GPL-3.0-or-later
"""What Wine does otherwise than Windows; a test that needs it is skipped there.

Each fault has a small proof in `tests/windows/test_wine_faults.py`. When Wine mends one, its proof
fails: take it off this list then.
"""

from __future__ import annotations

import ctypes
import sys

import pytest

FAULTS = {
    "file number": "Wine gives the number of a removed file to the next one",
    "symbolic link": "Wine says that it has made a symbolic link, and has made none",
    "graphics": "Wine has no OpenGL without a screen, and Blender crashes when it draws an asset",
}


def is_wine() -> bool:
    """Return whether this Python runs in Wine: its library tells its version."""
    return sys.platform == "win32" and hasattr(ctypes.CDLL("ntdll"), "wine_get_version")


def needs_windows_itself(fault: str) -> pytest.MarkDecorator:
    """Skip a test in Wine, for a fault of it that is listed here."""
    return pytest.mark.skipif(is_wine(), reason=f"does not apply: {FAULTS[fault]}")

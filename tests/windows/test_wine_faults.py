# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest proof of each fault of Wine; see `tests/harness/wine.py`."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ..harness.wine import FAULTS, is_wine

pytestmark = [
    pytest.mark.windows,
    pytest.mark.skipif(not is_wine(), reason="does not apply: this is not Wine"),
]

Proof = Callable[[Path], None]


def file_number(folder: Path) -> None:
    """A file that is made after another one was removed has its number."""
    path = folder / "file"
    numbers = set()
    for _ in range(20):
        path.write_bytes(b"")
        numbers.add(path.stat().st_ino)
        path.unlink()
    assert len(numbers) < 20


def symbolic_link(folder: Path) -> None:
    """There is no error, and no link."""
    link = folder / "link"
    link.symlink_to(folder)
    assert not os.path.lexists(link)


def graphics(folder: Path) -> None:
    """Nothing can be drawn onto its screen: there is no pixel format."""
    user = ctypes.CDLL("user32")
    user.GetDC.restype = ctypes.c_void_p
    wanted = struct.pack("<HHIBB30x", 40, 1, 0x20, 0, 32)  # OpenGL, RGBA with 32 bits
    screen = ctypes.c_void_p(user.GetDC(None))
    assert ctypes.CDLL("gdi32").ChoosePixelFormat(screen, wanted) == 0


PROOFS: dict[str, Proof] = {
    "file number": file_number,
    "symbolic link": symbolic_link,
    "graphics": graphics,
}


def test_each_fault_has_a_proof() -> None:
    """None is on the list by hearsay, and the list is short."""
    assert PROOFS.keys() == FAULTS.keys()
    assert len(FAULTS) <= 10


@pytest.mark.parametrize("fault", PROOFS)
def test_the_fault_is_there(fault: str, tmp_path: Path) -> None:
    """One that Wine has mended goes off the list."""
    PROOFS[fault](tmp_path)

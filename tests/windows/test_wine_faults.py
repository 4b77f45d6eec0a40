# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest proof of each fault of Wine; see `tests/harness/wine.py`."""

from __future__ import annotations

import os
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


PROOFS: dict[str, Proof] = {
    "file number": file_number,
    "symbolic link": symbolic_link,
}


def test_each_fault_has_a_proof() -> None:
    """None is on the list by hearsay, and the list is short."""
    assert PROOFS.keys() == FAULTS.keys()
    assert len(FAULTS) <= 10


@pytest.mark.parametrize("fault", PROOFS)
def test_the_fault_is_there(fault: str, tmp_path: Path) -> None:
    """One that Wine has mended goes off the list."""
    PROOFS[fault](tmp_path)

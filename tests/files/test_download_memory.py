# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory during a download: it does not depend on the size of the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .file_host import FileHost

ROOT = Path(__file__).resolve().parents[2]
LARGE = 256 * 2**20
ALLOWED = 16 * 2**20

DOWNLOADING = """
import re, sys
from pathlib import Path
from mint_blender.files.download import Downloader

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])

small, large, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
with Downloader(local_files=True) as loader:
    loader.fetch(small, folder / "small.spz")
    before = peak()
    loader.fetch(large, folder / "large.spz")
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="does not apply: no /proc")
def test_a_large_file_needs_little_memory(host: FileHost, tmp_path: Path) -> None:
    """After a small file, a process grows by less than 16 MB for one of 256 MB."""
    small = host.put("/small.spz", bytes(2**20))
    large = host.put("/large.spz", bytes(LARGE))
    done = subprocess.run(
        [sys.executable, "-c", DOWNLOADING, small, large, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert (tmp_path / "large.spz").stat().st_size == LARGE
    assert int(done.stdout) < ALLOWED

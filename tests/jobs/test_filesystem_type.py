# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folders are on this machine, by the mounts that Linux and macOS list."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.jobs.storage.database import is_local, is_local_by_mount, is_local_by_mountinfo

LINUX = r"""22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
23 22 0:5 / /dev rw,nosuid - devtmpfs udev rw
40 22 0:40 / /home rw,relatime shared:20 - nfs4 server:/export/home rw,vers=4.2
41 40 259:3 / /home/me/My\040Disk rw - xfs /dev/sdb1 rw
42 22 0:41 / /mnt/share rw - cifs //nas/share rw
43 22 0:42 / /mnt/ssh rw - fuse.sshfs me@host: rw
44 22 0:43 / /mnt/odd rw - neverheardof thing rw
45 22 259:4 / /mnt/twice rw - ext4 /dev/sdc1 rw
46 45 0:44 / /mnt/twice rw - nfs server:/x rw
nonsense
"""
MAC = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@nas._smb._tcp.local/share on /Volumes/share (1) (smbfs, nodev, nosuid, mounted by me)
server:/export on /Users (nfs, nodev)
"""


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/var/lib/mint", True),
        ("/home/me/.local/share/mint-blender", False),
        ("/homework", True),
        ("/home/me/My Disk/mint", True),
        ("/mnt/share/mint", False),
        ("/mnt/ssh", False),
        ("/mnt/odd/mint", False),
        ("/mnt/twice/mint", False),
    ],
)
def test_mountinfo_of_linux(path: str, local: bool) -> None:
    """The deepest and latest mount decides; an unknown file system counts as shared."""
    assert is_local_by_mountinfo(LINUX, path) is local


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/System/Volumes/Data/me", True),
        ("/Volumes/share (1)/mint", False),
        ("/Users/me/Library", False),
        ("/opt", True),
    ],
)
def test_mount_of_macos(path: str, local: bool) -> None:
    """On macOS, local mounts are marked as "local"."""
    assert is_local_by_mount(MAC, path) is local


def test_without_known_mounts_a_folder_is_not_local() -> None:
    """Without a list of mounts, a folder is not taken for local."""
    assert not is_local_by_mountinfo("", "/home/me")
    assert not is_local_by_mount("", "/Users/me")


def test_the_test_folder_is_local(tmp_path: Path) -> None:
    """The folder of the tests is on a disk of this machine."""
    assert is_local(tmp_path)

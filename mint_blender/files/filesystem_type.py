# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a folder lies on this machine or is shared over a network: what SQLite may do there
depends on it.

A file system that nobody has named here counts as shared: that costs some speed and loses nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

_DISKS = (
    "apfs|bcachefs|btrfs|exfat|ext2|ext3|ext4|f2fs|fuseblk|hfs|hfsplus|jfs"
    "|msdos|ntfs|ntfs3|reiserfs|udf|ufs|vfat|xfs|zfs"
)
_OTHERS = "ecryptfs|overlay|ramfs|tmpfs"
LOCAL_TYPES = frozenset(f"{_DISKS}|{_OTHERS}".split("|"))
"""Names of file systems on disks of this machine, as Linux calls them.

`fuseblk` is what ntfs-3g mounts.
"""

_LOCAL_DRIVES = frozenset({2, 3, 6})  # GetDriveTypeW: removable, fixed, RAM disk


def is_local(folder: Path) -> bool:
    """Does the folder lie on a disk of this machine?

    False where that cannot be told. The folder must exist.
    """
    try:
        path = folder.resolve()
        if sys.platform == "win32":
            return _is_local_drive(path.drive)
        if sys.platform == "darwin":
            listed = subprocess.run(
                ["/sbin/mount"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=5,
                check=True,
            ).stdout
            return is_local_by_mount(listed, str(path))
        return is_local_by_mountinfo(
            Path("/proc/self/mountinfo").read_text(errors="surrogateescape"), str(path)
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


def is_local_by_mountinfo(text: str, path: str) -> bool:
    """As Linux tells it in /proc/self/mountinfo: "36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root
    rw".
    """
    mounts = []
    for line in text.splitlines():
        mount, separator, kind = line.partition(" - ")
        fields = mount.split(" ")
        if separator and len(fields) > 4:
            mounts.append((_unescaped(fields[4]), kind.split(" ")[0]))
    return _holder(mounts, path) in LOCAL_TYPES


def is_local_by_mount(text: str, path: str) -> bool:
    """As macOS tells it by `mount`: "/dev/disk3s5 on /System/Volumes/Data (apfs, local,
    journaled)".
    """
    found = (re.fullmatch(r".* on (/.*) \((.*)\)", line) for line in text.splitlines())
    options = _holder([(match[1], match[2]) for match in found if match], path)
    return options is not None and "local" in options.split(", ")


def _holder(mounts: Iterable[tuple[str, str]], path: str) -> str | None:
    """What is said of the mount that holds this path: the deepest one, and of several on the same
    place the last.
    """
    holding = [(point, said) for point, said in mounts if PurePosixPath(path).is_relative_to(point)]
    deepest = max((len(point) for point, _ in holding), default=0)
    return next((said for point, said in reversed(holding) if len(point) == deepest), None)


def _unescaped(text: str) -> str:
    """A mount point as the kernel writes it: a space is \\040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


if sys.platform == "win32":

    def _is_local_drive(drive: str) -> bool:
        """A drive letter of Windows; a share (//server/share) is none."""
        import ctypes

        return (
            bool(re.fullmatch(r"[A-Za-z]:", drive))
            and ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") in _LOCAL_DRIVES
        )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect whether a folder is on a local disk or a network share, which SQLite has to know.

An unknown file system counts as shared, which is slower but safe.
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
    """Return whether an existing folder is on a local disk; False if unknown."""
    try:
        path = folder.resolve()
        if sys.platform == "win32":
            return _is_local_drive(path.drive)
        if sys.platform == "darwin":
            mounts = subprocess.run(
                ["/sbin/mount"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=5,
                check=True,
            ).stdout
            return is_local_by_mount(mounts, str(path))
        return is_local_by_mountinfo(
            Path("/proc/self/mountinfo").read_text(errors="surrogateescape"), str(path)
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


def is_local_by_mountinfo(text: str, path: str) -> bool:
    """Return whether a path is on a local disk, from the text of Linux's /proc/self/mountinfo.

    A line is "36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw".
    """
    mounts = []
    for line in text.splitlines():
        mount, separator, source = line.partition(" - ")
        fields = mount.split(" ")
        if separator and len(fields) > 4:
            mounts.append((_unescaped(fields[4]), source.split(" ")[0]))
    return _mount_of(mounts, path) in LOCAL_TYPES


def is_local_by_mount(text: str, path: str) -> bool:
    """Return whether a path is on a local disk, from the output of `mount` on macOS.

    A line is "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)".
    """
    found = (re.fullmatch(r".* on (/.*) \((.*)\)", line) for line in text.splitlines())
    options = _mount_of([(match[1], match[2]) for match in found if match], path)
    return options is not None and "local" in options.split(", ")


def _mount_of(mounts: Iterable[tuple[str, str]], path: str) -> str | None:
    """Return the details of the mount that contains a path.

    That is the deepest mount point; of several mounts on the same point, the last.
    """
    above = [(point, text) for point, text in mounts if PurePosixPath(path).is_relative_to(point)]
    deepest = max((len(point) for point, _ in above), default=0)
    return next((text for point, text in reversed(above) if len(point) == deepest), None)


def _unescaped(text: str) -> str:
    """Decode the octal escapes of a mount point, such as 040 for a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


if sys.platform == "win32":

    def _is_local_drive(drive: str) -> bool:
        """Return whether a drive letter is a local drive; a share (//server/share) has none."""
        import ctypes

        return (
            bool(re.fullmatch(r"[A-Za-z]:", drive))
            and ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") in _LOCAL_DRIVES
        )

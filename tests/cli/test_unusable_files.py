# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that cannot be written: its name, and what to do."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from mint_blender.cli import exits
from mint_blender.delivery import write_files
from mint_blender.files import disk
from mint_blender.files.disk import naming
from mint_blender.jobs.storage import batch_lease

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import RunMint

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(
    not FULL.exists(), reason="does not apply: this system has no device that is always full"
)


def test_a_batch_on_a_full_disk_names_the_file(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the file and the advice, nothing is sent, and the next run continues."""
    file = lines_of(tmp_path / "props.jsonl", {"prompt": "a lamp"})
    words = ("batch", str(file), "-o", str(tmp_path / "out"))

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(batch_lease, "os", SimpleNamespace(getpid=os.getpid, fsync=full))
        ran = mint(*words)
    assert ran.status == 1
    lease = tmp_path / "out" / ".mint-batch" / "lease"
    assert f"Cannot use {lease}: No space left on device. Free some space" in ran.error_text
    assert service.operations() == []
    assert mint(*words).status == 0
    assert len(service.operations()) == 1


@needs_full
@pytest.mark.parametrize("how", ["text", "copy", "private"])
def test_an_error_while_writing_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Python names a file only if it cannot be opened."""
    target = tmp_path / "lamp.glb"
    written = target if how == "private" else target.with_name(f".part{disk.PART}")
    monkeypatch.setattr(uuid, "uuid4", lambda: SimpleNamespace(hex="part"))
    written.symlink_to(FULL)
    (tmp_path / "source").write_bytes(b"glTF" * 10_000)
    with pytest.raises(OSError, match="No space") as caught:
        if how == "text":
            write_files.write_text(target, "text")
        elif how == "copy":
            write_files.copy_file(tmp_path / "source", target)
        else:
            disk.copy_private(tmp_path / "source", target)
    assert caught.value.filename == str(target)


def test_a_name_that_is_known_is_kept() -> None:
    """What the system names is more exact than what we know."""
    with pytest.raises(OSError) as caught, naming(Path("ours")):
        raise OSError(errno.ENOENT, "No such file", "theirs")
    assert caught.value.filename == "theirs"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space on its disk, then try again."),
        (errno.EROFS, "Choose another place, or allow your user to write there, then try again."),
        (errno.EIO, ""),
    ],
)
def test_the_sentence_says_what_to_do(number: int, advice: str) -> None:
    """What is known to help is said, and always that jobs are kept."""
    error = OSError(number, "It went wrong", "lamp.glb")
    said = exits.unusable_file(error)
    assert said == " ".join(
        f"Cannot use lamp.glb: It went wrong. {advice} Jobs that were started are kept.".split()
    )
    assert os.strerror(number) in exits.unusable_file(OSError(number, os.strerror(number)))

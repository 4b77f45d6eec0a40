# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images are copied when a job is created, and their uploads are remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download_folder import DownloadFolder
from mint_blender.jobs import new_jobs
from mint_blender.jobs.database import opened
from mint_blender.jobs.new_jobs import template_of_job
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal, JournalError, journal_file
from mint_blender.jobs.storage.tables import UploadCache
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint_service import pictures

RED, BLUE = pictures.webp((0.8, 0.1, 0.1)), pictures.webp((0.1, 0.1, 0.8))
ADDRESS = "https://example.com/b.png"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture of the user's."""
    path = tmp_path / "my lamp.webp"
    path.write_bytes(RED)
    return path


def request(*images: object, **more: Any) -> GenerationRequest:
    """Return a request with pictures."""
    return GenerationRequest(Kind.MODEL, "a lamp", images=tuple(map(str, images)), **more)


def copies(job_service: JobService) -> list[Path]:
    """Return all files that jobs were started with."""
    return sorted(path for path in (job_service.home / "jobs").rglob("*") if path.is_file())


def test_the_copy_is_made_when_the_job_is_created(offline: JobService, picture: Path) -> None:
    """Changed and deleted originals do not matter.

    Names and order are kept, and addresses are not files.
    """
    job = offline.start(request(picture, ADDRESS, picture))
    picture.write_bytes(BLUE)
    first, address, last = offline.job(job.id).request.images
    assert address == ADDRESS
    for copy in (first, last):
        assert Path(copy).name == "my lamp.webp" and Path(copy).read_bytes() == RED
        assert not Path(copy).samefile(picture), "another program may change it in place"
        assert offline.home / "jobs" / job.id / "references" in Path(copy).parents
    picture.unlink()
    assert template_of_job(offline.job(job.id)).gone == ()


def test_a_start_that_is_not_committed_leaves_no_copy(
    offline: JobService, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the journal cannot be written there is no job and no copy."""

    def locked(*_: object) -> None:
        raise JournalError("The job journal is locked.")

    monkeypatch.setattr(offline.cache, "add", locked)
    with pytest.raises(JournalError):
        offline.start(request(picture))
    assert copies(offline) == [] and offline.jobs() == []


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda picture: picture.unlink(), "cannot be copied"),
    (lambda picture: picture.write_bytes(b"no picture"), "cannot be used"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES)
def test_a_picture_that_is_changed_before_the_copy_is_reported(
    offline: JobService,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], object],
    sentence: str,
) -> None:
    """The check reads the copy. No job is created, and no other picture is left behind."""
    monkeypatch.setattr(new_jobs, "complaint", lambda asked: change(picture) and None)
    with pytest.raises(NotPossible, match=sentence):
        offline.start(request(picture))
    assert copies(offline) == [] and offline.jobs() == []


def test_a_variation_links_the_copies(offline: JobService, picture: Path) -> None:
    """Copies never change, so they are hard links where the file system has them."""
    first = offline.start(request(picture))
    picture.unlink()
    again = offline.start(
        template_of_job(offline.job(first.id)).with_prompt("another lamp").request
    )
    one, other = (Path(offline.job(job.id).request.images[0]) for job in (first, again))
    assert one != other and one.name == other.name == "my lamp.webp"
    assert one.samefile(other)
    assert one.stat().st_size == len(RED)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Render", "Render.webp"),
        ("front.webp", "front.webp"),
        ("a/../b", "a .. b.webp"),
        ("", "my lamp.webp"),
    ],
)
def test_names_are_kept(offline: JobService, picture: Path, name: str, kept: str) -> None:
    """The panel's names differ from the names of the files."""
    job = offline.start(request(picture, image_names=(name,)))
    assert Path(offline.job(job.id).request.images[0]).name == kept
    assert offline.job(job.id).request.image_names == (name,)


def test_clearing_keeps_the_pictures_of_listed_jobs(offline: JobService, picture: Path) -> None:
    """Pictures of no job are deleted."""
    job, gone = offline.start(request(picture)), offline.start(request(picture))
    assert len(copies(offline)) == 2
    DownloadFolder(offline.home).clear({job.id})
    assert copies(offline) == [Path(offline.job(job.id).request.images[0])]
    assert not Path(gone.request.images[0]).exists()


def test_the_journal_remembers_uploads(home: Path) -> None:
    """Uploads are stored by picture and owner, and the newest address counts."""
    owners = (("a", "user:1"), ("a", "user:2"), ("b", "user:1"))
    one, *others = (Owner(f"https://{host}.example", account) for host, account in owners)
    Journal(home).close()
    for name in ("old", "new"):
        with opened(journal_file(home)) as file:
            UploadCache(file).add("abc", one, f"https://a.example/{name}.png")
    with opened(journal_file(home)) as file:
        uploads = UploadCache(file)
        assert uploads.url("abc", one) == "https://a.example/new.png"
        assert [uploads.url("abc", other) for other in others] == [None, None]
        assert uploads.url("abd", one) is None

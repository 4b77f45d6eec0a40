# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images are copied when a job is created, and uploaded once per server."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.files.download_folder import DownloadFolder
from mint_blender.jobs import new_jobs
from mint_blender.jobs.engine import scheduler as uploads_module
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import template_of_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.schema import Kind

from ..mint_service import pictures
from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .service_helpers import ended

RED, BLUE = pictures.webp((0.8, 0.1, 0.1)), pictures.webp((0.1, 0.1, 0.8))
ADDRESS = "https://example.com/b.png"


@pytest.fixture
def job_service(offline: JobService) -> JobService:
    """Return a job service that sends nothing."""
    return offline


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture of the user's."""
    path = tmp_path / "my lamp.webp"
    path.write_bytes(RED)
    return path


def request(*images: object, **more: object) -> GenerationRequest:
    """Return a request with pictures."""
    return GenerationRequest(Kind.MODEL, "a lamp", images=tuple(map(str, images)), **more)  # type: ignore[arg-type]


def copies(job_service: JobService) -> list[Path]:
    """Return all files that jobs were started with."""
    return sorted(path for path in (job_service.home / "jobs").rglob("*") if path.is_file())


def test_the_copy_is_made_when_the_job_is_created(job_service: JobService, picture: Path) -> None:
    """Changed and deleted originals do not matter.

    Names and order are kept, and addresses are not files.
    """
    job = job_service.start(request(picture, ADDRESS, picture))
    picture.write_bytes(BLUE)
    first, address, last = job_service.job(job.id).request.images
    assert address == ADDRESS
    for copy in (first, last):
        assert Path(copy).name == "my lamp.webp" and Path(copy).read_bytes() == RED
        assert job_service.home / "jobs" / job.id / "references" in Path(copy).parents
    picture.unlink()
    assert template_of_job(job_service.job(job.id)).gone == ()


def test_the_copy_is_sent(home: Path, service: ThreadService, picture: Path) -> None:
    """The original is replaced between the click and the upload."""
    with closing(JobService(fast_config(home), account(service))) as waiting:
        waiting.allow_online(False)
        job = waiting.start(request(picture))
        picture.write_bytes(BLUE)
        waiting.allow_online(True)
        waiting.watch([job.id])
    (upload,) = service.requests("POST", "/v1/reference-images")
    assert base64.b64decode(upload.body["base64Data"]) == RED


@pytest.mark.parametrize("start", ["one", "many"])
def test_a_start_that_is_not_committed_leaves_no_copy(
    job_service: JobService, picture: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    """When the journal cannot be written there is no job and no copy."""

    def locked(*_: object) -> None:
        raise JournalError("The job journal is locked.")

    monkeypatch.setattr(job_service.cache, "add", locked)
    with pytest.raises(JournalError):
        job_service.start(request(picture)) if start == "one" else job_service.start_all(
            [(request(picture), Delivery())] * 2
        )
    assert copies(job_service) == [] and job_service.jobs() == []


def test_a_picture_deleted_before_the_copy_is_reported(
    job_service: JobService, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No job is created, and no other picture is left behind."""
    real = new_jobs.complaint

    def checked(asked: GenerationRequest) -> str | None:
        found = real(asked)
        picture.unlink()
        return found

    monkeypatch.setattr(new_jobs, "complaint", checked)
    with pytest.raises(NotPossible, match="cannot be copied"):
        job_service.start(request(picture))
    assert copies(job_service) == [] and job_service.jobs() == []


def test_a_picture_damaged_before_the_copy_is_not_sent(
    job_service: JobService, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check reads the copy."""
    monkeypatch.setattr(
        new_jobs, "complaint", lambda asked: picture.write_bytes(b"no picture") and None
    )
    with pytest.raises(NotPossible, match="cannot be used"):
        job_service.start(request(picture))
    assert copies(job_service) == []


def test_a_variation_links_the_copies(job_service: JobService, picture: Path) -> None:
    """Copies never change, so they are hard links where the file system has them."""
    first = job_service.start(request(picture))
    picture.unlink()
    again = job_service.start(
        template_of_job(job_service.job(first.id)).with_prompt("another lamp").request
    )
    one, other = (Path(job_service.job(job.id).request.images[0]) for job in (first, again))
    assert one != other and one.name == other.name == "my lamp.webp"
    assert one.samefile(other)
    assert one.stat().st_size == len(RED)


def test_the_users_own_file_is_copied_and_not_linked(
    job_service: JobService, picture: Path
) -> None:
    """Another program may change the user's file in place."""
    job = job_service.start(request(picture))
    assert not Path(job.request.images[0]).samefile(picture)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Render", "Render.webp"),
        ("front.webp", "front.webp"),
        ("a/../b", "a .. b.webp"),
        ("", "my lamp.webp"),
    ],
)
def test_the_shown_name_of_a_picture_is_kept(
    job_service: JobService, picture: Path, name: str, kept: str
) -> None:
    """The panel's names differ from the names of the files."""
    job = job_service.start(request(picture, image_names=(name,)))
    assert Path(job_service.job(job.id).request.images[0]).name == kept
    assert job_service.job(job.id).request.image_names == (name,)


def test_clearing_keeps_the_pictures_of_listed_jobs(job_service: JobService, picture: Path) -> None:
    """Pictures of no job are deleted."""
    job, gone = job_service.start(request(picture)), job_service.start(request(picture))
    assert len(copies(job_service)) == 2
    DownloadFolder(job_service.home).clear({job.id})
    assert copies(job_service) == [Path(job_service.job(job.id).request.images[0])]
    assert not Path(gone.request.images[0]).exists()


# -- reference images are uploaded once per server, and invalid ones create no job


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """Write a picture of one color and return its path."""

    def write(name: str, content: bytes = RED) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def generate(home: Path, service: ThreadService, *images: str) -> None:
    """Run a generation with these pictures in a new job service."""
    with closing(JobService(fast_config(home), account(service))) as job_service:
        job = job_service.start(GenerationRequest(Kind.MODEL, "", images=images))
        assert ended(job_service, job).phase is Phase.READY


def uploads(service: ThreadService) -> int:
    """Return the number of uploaded pictures."""
    return len(service.requests("POST", "/v1/reference-images"))


def test_the_same_bytes_are_sent_once(
    home: Path, service: ThreadService, save: Callable[..., str]
) -> None:
    """A known picture is not sent again under another name, in another job or session."""
    generate(home, service, save("red.webp"))
    generate(home, service, save("red-too.webp"))
    assert uploads(service) == 1
    generate(home, service, save("blue.webp", BLUE), save("red.webp"))
    assert uploads(service) == 2


def test_another_server_gets_its_own_upload(
    home: Path, service: ThreadService, save: Callable[..., str]
) -> None:
    """An upload belongs to one base URL."""
    generate(home, service, save("red.webp"))
    with running_service(speed=1000, credits=1e9) as other:
        generate(home, other, save("red.webp"))
        assert uploads(other) == 1


def test_an_old_upload_is_repeated(
    home: Path, service: ThreadService, save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture is sent again after a month, since Mint does not say how long it keeps it."""
    generate(home, service, save("red.webp"))
    monkeypatch.setattr(uploads_module, "MAX_UPLOAD_AGE", 0.0)
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2


def test_a_missing_upload_is_repeated(
    home: Path, service: ThreadService, save: Callable[..., str]
) -> None:
    """When Mint does not know the address any more, the picture is sent once more."""
    generate(home, service, save("red.webp"))
    error = {"path": "/imageUrl", "message": "is gone"}
    problem = {"type": "https://mint.gg/problems/invalid-request", "errors": [error]}
    gone = {"status": 400, "problem": "invalid-request", "json": {"status": 400, **problem}}
    service.scenario(answers=[{"method": "POST", "path": "/v1/models:generate", "answer": gone}])
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2
    first, refused, last = service.requests("POST", "/v1/models:generate")
    assert first.body["imageUrl"] == refused.body["imageUrl"] != last.body["imageUrl"]
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2, "the new address is remembered"


def test_the_journal_remembers_uploads(home: Path) -> None:
    """Uploads are stored by picture and owner, and the newest address counts."""
    owners = (("a", "user:1"), ("a", "user:2"), ("b", "user:1"))
    one, *others = (Owner(f"https://{host}.example", account) for host, account in owners)
    for name in ("old", "new"):
        with closing(Journal(home)) as journal:
            journal.uploads.add("abc", one, f"https://a.example/{name}.png")
    with closing(Journal(home)) as journal:
        assert journal.uploads.url("abc", one) == "https://a.example/new.png"
        assert [journal.uploads.url("abc", other) for other in others] == [None, None]
        assert journal.uploads.url("abd", one) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"GIF89a" + bytes(60), "is GIF; Mint accepts PNG, JPEG and WebP"),
        (b"once upon a time", "is not a picture"),
        (RED + bytes(MAX_IMAGE_BYTES), "Mint accepts at most 5 MB"),
    ],
)
def test_an_invalid_picture_creates_no_job(
    job_service: JobService, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """The message is shown, and nothing is sent."""
    path = tmp_path / "picture.webp"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotPossible, match=sentence):
        job_service.start(GenerationRequest(Kind.MODEL, "a lamp", images=(str(path),)))
    assert job_service.jobs() == [] and copies(job_service) == []

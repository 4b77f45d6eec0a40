# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images are uploaded once per server, and invalid ones create no job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.engine import scheduler as uploads_module
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.schema import Kind

from ..mint_service import pictures
from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service."""
    with running_service(speed=1000, credits=1e9) as running:
        yield running


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """Write a picture of one color and return its path."""

    def write(name: str, color: tuple[float, float, float] = RED) -> str:
        path = tmp_path / name
        path.write_bytes(pictures.webp(color))
        return str(path)

    return write


def generate(home: Path, service: ThreadService, *images: str) -> None:
    """Run a generation with these pictures in a new job service."""
    job_service = JobService(fast_config(home), account(service))
    try:
        job = job_service.start(GenerationRequest(Kind.MODEL, "", images=images))
        job_service.watch([job.id])
        assert job_service.job(job.id).phase is Phase.READY
    finally:
        job_service.close()


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
    monkeypatch.setattr(uploads_module, "MAX_AGE", 0.0)
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2


def test_a_missing_upload_is_repeated(
    home: Path, service: ThreadService, save: Callable[..., str]
) -> None:
    """When Mint does not know the address any more, the picture is sent once more."""
    generate(home, service, save("red.webp"))
    gone = {
        "status": 400,
        "problem": "invalid-request",
        "json": {
            "type": "https://mint.gg/problems/invalid-request",
            "status": 400,
            "errors": [{"path": "/imageUrl", "message": "is gone"}],
        },
    }
    service.scenario(answers=[{"method": "POST", "path": "/v1/models:generate", "answer": gone}])
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2
    first, refused, last = service.requests("POST", "/v1/models:generate")
    assert first.body["imageUrl"] == refused.body["imageUrl"] != last.body["imageUrl"]
    generate(home, service, save("red.webp"))
    assert uploads(service) == 2, "the new address is remembered"


def test_the_journal_remembers_uploads(home: Path) -> None:
    """Uploads are stored by picture and owner, and the newest address counts."""
    one, two, three = (
        Owner(f"https://{host}.example", account)
        for host, account in (("a", "user:1"), ("a", "user:2"), ("b", "user:1"))
    )
    journal = Journal(home)
    journal.uploads.add("abc", one, "https://a.example/old.png")
    journal.uploads.add("abc", one, "https://a.example/new.png")
    journal.close()
    journal = Journal(home)
    assert journal.uploads.url("abc", one) == "https://a.example/new.png"
    assert journal.uploads.url("abc", two) is journal.uploads.url("abc", three) is None
    assert journal.uploads.url("abd", one) is None
    journal.close()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"GIF89a" + bytes(60), "is GIF; Mint accepts PNG, JPEG and WebP"),
        (b"once upon a time", "is not a picture"),
        (pictures.webp(RED) + bytes(MAX_IMAGE_BYTES), "Mint accepts at most 5 MB"),
    ],
)
def test_an_invalid_picture_creates_no_job(
    home: Path, service: ThreadService, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """The message is shown, and nothing is sent."""
    path = tmp_path / "picture.webp"
    if content is not None:
        path.write_bytes(content)
    job_service = JobService(fast_config(home), account(service))
    try:
        with pytest.raises(NotPossible, match=sentence):
            job_service.start(GenerationRequest(Kind.MODEL, "a lamp", images=(str(path),)))
        assert job_service.jobs() == []
        assert service.requests("POST") == []
    finally:
        job_service.close()

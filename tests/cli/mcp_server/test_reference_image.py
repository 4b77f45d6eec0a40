# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `reference_image`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ...mint_service.pictures import webp
from ...mint_service.runner import ThreadService
from .agent import Agent, pictures_of
from .results import finished
from .test_generate import LAMP, arguments


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture that Mint accepts."""
    path = tmp_path / "lamp.webp"
    path.write_bytes(webp((1.0, 0.5, 0.0), 320, 200))
    return path


def test_a_picture_is_shown_and_can_be_passed(
    agent: Agent, picture: Path, service: ThreadService
) -> None:
    """What is returned goes into an estimate as it is; nothing was uploaded before that."""
    result = agent.call("reference_image", image=str(picture))
    found = result.structured_content
    assert found is not None
    assert (found["format"], found["width"], found["height"]) == ("webp", 320, 200)
    assert pictures_of(result) == [picture.read_bytes()]
    assert service.requests("POST") == []
    quote = agent.ask("estimate", **{**LAMP, "images": [found["image"]]})
    job = agent.ask("generate", **arguments(quote))
    agent.ask("wait", jobs=[job["job"]], seconds=20)
    assert len(service.requests("POST", "/v1/reference-images")) == 1


def test_what_is_no_picture_for_mint(agent: Agent, tmp_path: Path) -> None:
    """Each refusal says why, and nothing of another file is shown."""
    (tmp_path / "secret.txt").write_text("password")
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    large = tmp_path / "large.webp"
    large.write_bytes(webp((0.0, 0.0, 1.0)) + os.urandom(6 * 2**20))
    for image, sentence in {
        str(tmp_path / "secret.txt"): "cannot be used",
        str(tmp_path / "cut.png"): "cannot be used",
        str(tmp_path / "gone.png"): "cannot be read",
        str(tmp_path): "cannot be",
        "lamp.png": "absolute path",
        "ftp://example.org/lamp.png": "must be a file or an https:// address",
        "file:///etc/passwd": "must be a file or an https:// address",
    }.items():
        refusal = agent.refusal("reference_image", image=image)
        assert sentence in refusal and "password" not in refusal
    assert "cannot be used" in agent.refusal("reference_image", image=str(large)) or (
        "5 MB" in agent.refusal("reference_image", image=str(large))
    )


def test_an_address_is_looked_at(agent: Agent, service: ThreadService) -> None:
    """It is downloaded for the check, and passed on as it is."""
    from mint_blender.cli import session

    finished(agent)
    with session.open_client() as client:
        (model,) = client.page("model").data  # type: ignore[arg-type]
    assert model.assets is not None and model.assets.picture_url
    result = agent.call("reference_image", image=model.assets.picture_url)
    assert result.structured_content is not None
    assert result.structured_content["image"] == model.assets.picture_url
    assert len(pictures_of(result)) == 1


def test_an_address_in_the_local_network_is_refused(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service at Mint's own address must not make this computer look around its network."""
    from mint_blender.cli.mcp_server import generate

    monkeypatch.setattr(generate, "_is_local_service", lambda: False)
    for address in ("https://127.0.0.1/a.png", "https://192.168.0.1/a.png"):
        assert "cannot be used" in agent.refusal("reference_image", image=address)

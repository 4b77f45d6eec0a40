# SPDX-License-Identifier: GPL-3.0-or-later
"""`check`, `usage`, `models` and `worlds`: what Mint knows about this account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import mint_blender

from ..mint_service.runner import ThreadService, running_service
from .command_runner import RunMint


def test_check_names_account_and_source_of_the_key(mint: RunMint, service: ThreadService) -> None:
    """The account, the key's source and the address are printed, but not the key."""
    ran = mint("check")
    assert ran.status == 0
    assert "the environment variable MINT_API_KEY" in ran.out
    assert service.api in ran.out
    record = mint("check", "--json").records[0]
    assert record["email"] and record["email"] in ran.out
    assert record["key_source"] == "the environment variable MINT_API_KEY"


def test_usage_formats_numbers(mint: RunMint) -> None:
    """Credits are written as 5,000, and no line shows a Python value; --json is Mint's answer."""
    ran = mint("usage")
    assert ran.status == 0
    assert ran.out.splitlines()[0] == "Credits available: 5,000"
    assert not any(sign in ran.out for sign in (".0\n", "{", "[", "None", "True", "False"))
    (record,) = mint("usage", "--json").records
    assert (record["event"], record["credits"]["totalAvailable"]) == ("usage", 5000)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in service whose account has more assets than fit on a page."""
    with running_service(speed=2000, library={"models": 45, "worlds": 21}) as running:
        yield running


def test_lists_follow_the_cursor(mint: RunMint) -> None:
    """Every item is listed once, newest first, and no page is asked for twice."""
    for plural, count in (("models", 45), ("worlds", 21)):
        records = mint(plural, "--json").records
        requests = mint.service.requests("GET", f"/v1/{plural}")
        assert len({record["id"] for record in records}) == len(records) == count
        times = [record["createdAt"] for record in records]
        assert times == sorted(times, reverse=True)
        pages = -(-count // int(requests[0].query.split("limit=")[1].split("&")[0]))
        assert len(requests) == len({entry.query for entry in requests}) == pages
    lines = mint("models").out.splitlines()
    assert len(lines) == 45
    assert all(len(line.split()[0]) == 32 for line in lines)
    assert any("failed" in line for line in lines)
    empty: dict[str, Any] = {"answer": {"json": {"data": [], "nextCursor": None}}}
    mint.service.scenario(answers=[{"method": "GET", "path": "/v1/worlds", "times": 2, **empty}])
    assert "no Worlds yet" in mint("worlds").err
    assert mint("worlds", "--json").records == []


def test_a_failed_page_is_retried(mint: RunMint) -> None:
    """A temporary failure in the middle of a list is reported and loses no item."""
    second = {"method": "GET", "path": "/v1/models", "skip": 1, "times": 1}
    mint.service.scenario(answers=[{**second, "answer": {"word": "503"}}])
    ran = mint("models", "--json")
    assert ran.status == 0
    assert len(ran.records) == 45
    assert "Retrying in" in ran.err


def test_the_library_is_within_reach(mint: RunMint, tmp_path: Path) -> None:
    """A list is filtered, and an asset is accepted where a job is: itself, its id or address."""
    listed = mint("models", "--json").records
    before = len(mint.service.operations())
    chosen = next(record for record in listed if record["status"] == "succeeded")
    assert mint("models", "--limit", "2", "--json").records == listed[:2]
    assert [each.id for each in mint_blender.models(limit=2)] == [each["id"] for each in listed[:2]]
    word = chosen["name"].upper()
    found = mint("models", "--search", word, "--json").records
    assert chosen in found and all(word.casefold() in str(each).casefold() for each in found)
    made = [datetime.fromisoformat(each["createdAt"]) for each in listed]
    asset = next(each for each in mint_blender.models(since=made[9]) if each.id == chosen["id"])
    assert len(list(mint_blender.models(since=made[9]))) == 10
    assert len(mint("models", "--since", made[9].isoformat(), "--json").records) == 10
    for number, what in enumerate((asset, asset.id, f"https://mint.gg/0xabc/{asset.id}")):
        placed = mint_blender.place(what, tmp_path / f"{number}.glb")
        assert placed.files["output"].read_bytes() == (tmp_path / "0.glb").read_bytes()
        name = what if isinstance(what, str) else placed.job_id
        assert mint("place", name, "-o", str(tmp_path / f"cli-{number}.glb")).status == 0
        ran = mint("convert", name, "--format", "fbx", "-o", str(tmp_path / "other"), "--dry-run")
        assert ran.status == 0, ran.err
    assert len(mint.jobs()) == 1 and len(mint.service.operations()) == before
    missing = mint("place", "0" * 32, "-o", str(tmp_path / "none.glb"))
    assert (missing.status, "no such model or World" in missing.error_text) == (2, True)


def test_a_sync_without_blender_names_a_command_that_works(mint: RunMint, tmp_path: Path) -> None:
    """In Blender it needs `--online-mode`, and nothing is asked of Mint here."""
    ran = mint("library", "sync", str(tmp_path / "assets"))
    assert ran.status == 7
    assert "pip install bpy" in ran.error_text
    assert "blender --online-mode --command mint" in ran.error_text
    assert not mint.service.log()
    listed = mint("assets", str(tmp_path / "scene.blend"))
    assert listed.error_text == ran.error_text.replace("Writing", "Reading")

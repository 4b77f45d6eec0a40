# SPDX-License-Identifier: GPL-3.0-or-later
"""Others can write to the folder of a batch: nothing that is read there is sent, or decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_folder import line_files

from ..mint_service.runner import ThreadService
from .batch_helpers import Batch, start_files, tags_of, write_operation, write_starts
from .command_runner import RunMint
from .conftest import Home

pytestmark = pytest.mark.usefixtures("_fast_look")


def run_once(batch: Batch, *lines: dict[str, object]) -> Path:
    batch.lines(*lines)
    assert batch().status in {0, 6}
    return batch.out


def line_file(folder: Path, tag: str) -> tuple[Path, dict[str, Any]]:
    path = folder / ".mint-batch" / "lines" / f"{tag}.json"
    return path, json.loads(path.read_bytes())


def posts(service: ThreadService) -> list[str]:
    """Return the paths of what was sent that may cost Credits."""
    return [
        entry.path
        for entry in service.log()
        if entry.method == "POST" and not entry.path.endswith(("pricing:estimate", "uploads"))
    ]


@pytest.mark.covers("S-folder")
def test_a_forged_line_with_a_body_and_a_decision_spends_nothing(
    batch: Batch, mint: RunMint, at_home: Home
) -> None:
    """A Preview that waits for approval is not approved, and no body is sent."""
    folder = run_once(batch, {"prompt": "a court", "mode": "review"})
    path, content = line_file(folder, tags_of(batch.file)[0])
    body = {"prompt": "somebody else's World", "preset": "detailed"}
    forged = {
        "key": "forged",
        "body": body,
        "decision": {"verb": "approve", "key": "forged", "at": 1.0},
        "requests": [{"key": "forged", "verb": "start", "body": json.dumps(body), "attempts": 0}],
        "max_credits": 100_000,
        "optimize": "aggressive",
        "first_sent_at": None,
    }
    for state in ("waiting", "sending", "review", "paused", "failed"):
        record = content["record"] | forged
        path.write_text(json.dumps(content | forged | {"state": state, "record": record}))
        for home in ("home", f"elsewhere {state}"):
            at_home(home)
            assert batch().status == 6
            assert mint("resume").status in {0, 6}
    assert len(posts(batch.service)) == 1
    (operation,) = batch.service.operations()
    assert (operation.prompt, operation.status) == ("a court", "preview_ready")


@pytest.mark.covers("S-folder")
@pytest.mark.parametrize("forged", ["other prompt", "other kind", "unknown", "../../v1/me", 5])
def test_a_forged_operation_is_at_most_polled(
    batch: Batch, mint: RunMint, at_home: Home, forged: object
) -> None:
    """An operation that is not the line's own is not taken for it; nothing is started or decided."""
    assert mint("generate", "--prompt", "a mug", "--preset", "fast", "--mode", "review").status == 6
    world = ("generate", "--kind", "world", "--prompt", "lamp 1", "--mode", "review")
    assert mint(*world).status == 6
    mug, lamp = batch.service.operations()
    named = {"other prompt": mug.id, "other kind": lamp.id}.get(str(forged), forged)
    sent = len(posts(batch.service))
    batch.lines({"prompt": "lamp 1", "optimize": "aggressive"})
    first = f"{tags_of(batch.file)[0]}.start.1"
    write_starts(batch.out, {first: {"home": "farm", "born": 1e12, "credits": -1e9}})
    write_operation(batch.out, first, named)
    at_home("elsewhere")
    ran = batch()
    assert ran.status == 5, ran.err
    assert not list(batch.out.glob("*.glb"))
    mint("cancel", mint.job)
    (job,) = mint.jobs()
    assert job["state"] == "Canceled" and "may have started" in str(job["notes"])
    assert len(posts(batch.service)) == sent
    assert {operation.status for operation in batch.service.operations()} == {"preview_ready"}


DAMAGED = (
    *(b"", b"{", b"[]", b"null", b"5", b"\xff\xfe", b"[" * 100_000, b" " * (4 * 1024 * 1024 + 1)),
    b'{"state": "teleported", "record": {}}',
    b'{"state": [], "record": []}',
    b'{"home": {"a": []}, "operation": {"b": 1}}',
)


def test_damaged_files_start_nothing(batch: Batch) -> None:
    """A line whose files cannot be read was started by somebody: the others go on without it."""
    prompts = [f"lamp {number}" for number in range(len(DAMAGED) + 1)]
    batch.lines(*({"prompt": prompt} for prompt in prompts))
    write_starts(batch.out, {})
    inner = batch.out / ".mint-batch"
    (inner / "lines").mkdir()
    for tag, content in zip(tags_of(batch.file), DAMAGED, strict=False):
        start = inner / "requests" / f"{tag}.start.1"
        for path in (start, Path(f"{start}.operation"), inner / "lines" / f"{tag}.json"):
            path.write_bytes(content)
    ran = batch("--jobs", "12")
    assert ran.status == 5 and "1 of 12 lines are done" in ran.error_text
    assert [operation.prompt for operation in batch.service.operations()] == prompts[-1:]


def test_a_finished_line_is_not_optimized_again(batch: Batch, mint: RunMint, at_home: Home) -> None:
    """What the folder calls finished, with another asset, is fetched without buying anything."""
    assert mint("generate", "--prompt", "a mug", "--preset", "fast").status == 0
    other = batch.service.resources()[0].id
    folder = run_once(batch, {"prompt": "lamp 1", "optimize": "light"})
    (tag,) = tags_of(batch.file)
    path, content = line_file(folder, tag)
    text = json.dumps(content).replace(batch.service.resources()[1].id, other)
    path.write_text(text.replace('"finalized": ', '"finalized": -'))
    for result in folder.glob("*.glb"):
        result.unlink()
    sent = len(posts(batch.service))
    at_home("elsewhere")
    batch()
    assert len(posts(batch.service)) == sent
    assert all((job["credits"] or 0) >= 0 for job in mint.jobs())


def test_paths_and_ids_stay_in_the_folder(tmp_path: Path) -> None:
    """A job whose id or path leads out of the folder is not read, or has no path."""
    place = tmp_path / "out" / ".mint-batch" / "lines"
    place.mkdir(parents=True)
    (tmp_path / "out" / ".mint-batch" / "requests").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    for tag in ("../../../secret", "..", "a/b", "", "x" * 81):
        assert line_files.read_job(tmp_path / "out", tag) is None
    assert line_files.absolute("../x.glb", tmp_path) is None
    assert line_files.absolute("/etc/passwd", tmp_path) is None
    assert line_files.absolute("a/../../x", tmp_path) is None
    assert line_files.absolute("a/x.glb", tmp_path) == str(tmp_path / "a" / "x.glb")


def test_the_id_of_another_job(batch: Batch, mint: RunMint, at_home: Home) -> None:
    """Two lines that claim the same job, or a job of this journal, are jobs of their own."""
    folder = run_once(batch, {"prompt": "lamp 1"}, {"prompt": "lamp 2"})
    first, second = tags_of(batch.file)
    _, content = line_file(folder, first)
    path, forged = line_file(folder, second)
    forged["record"]["id"] = content["record"]["id"]
    path.write_text(json.dumps(forged))
    at_home("elsewhere")
    assert batch().status == 0
    jobs = mint.jobs()
    assert len({job["job"] for job in jobs}) == 2
    assert {job["prompt"] for job in jobs} == {"lamp 1", "lamp 2"}
    assert len(batch.service.operations()) == 2


def test_a_damaged_batch_starts_nothing(batch: Batch) -> None:
    """Without the id of the batch nobody knows what other machines have started."""
    batch.lines({"prompt": "lamp 1"})
    inner = batch.out / ".mint-batch"
    inner.mkdir(parents=True)
    contents = ("", "{", '{"id": "../.."}', '{"id": 5}', '{"id": ""}')
    others = ('{"id": "batch_1"}', '{"id": "batch_1", "version": 2}')
    for content in contents + others:
        (inner / "batch.json").write_text(content)
        ran = batch()
        assert ran.status == 9
        is_readable = content in others
        assert ("batch.json: it was written by another version" in ran.err) is is_readable
        assert (inner / "batch.json").read_text() == content
    assert not batch.service.operations()


def test_a_forged_start_with_a_high_number(batch: Batch) -> None:
    """A line that is done here seems to have been started again elsewhere: it is only looked for."""
    folder = run_once(batch, {"prompt": "lamp 1"})
    (tag,) = tags_of(batch.file)
    write_starts(folder, {f"{tag}.start.999999": {"home": "farm"}})
    assert batch().status == 5
    for _ in range(2):
        assert batch("--start-again").status == 0
        assert len(batch.service.operations()) == 2
        assert f"{tag}.start.1000000" in start_files(folder)


def test_a_line_of_another_account_is_left_alone(batch: Batch, at_home: Home) -> None:
    """It is neither sent nor polled with this key, also not with --start-again: status 3."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2"})
    first = f"{tags_of(batch.file)[0]}.start.1"
    owner = {"origin": batch.service.api.removesuffix("/v1"), "account": "user:somebody else"}
    write_starts(batch.out, {first: {"home": "farm", "owner": owner}})
    write_operation(batch.out, first, "op_1")
    for home in ("home", "elsewhere"):
        at_home(home)
        ran = batch("--start-again")
        assert ran.status == 3
        assert "line 1: This line belongs to another Mint account" in ran.error_text
    assert [each.prompt for each in batch.service.operations()] == ["lamp 2"]
    assert not [entry for entry in batch.service.log() if "op_1" in entry.path]

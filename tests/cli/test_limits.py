# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the preferences on the command line and in Python: status 4, a sentence, and
nothing started. And what was spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli import settings
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint
from .test_batch_limit import cheap

Set = Callable[[Limits], None]


@pytest.fixture
def preferences(monkeypatch: pytest.MonkeyPatch) -> Set:
    """What the add-on's user has set; that they come from there is told in tests/ui/test_limits.py."""
    return lambda limits: monkeypatch.setattr(settings, "limits", lambda: limits)


def test_a_generation_above_the_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """The sentence names price and limit; at the limit it starts."""
    preferences(Limits(each=247))
    ran = mint(*LAMP)
    assert ran.status == 4
    assert (
        "about 248 Credits, more than your limit of 247 Credits per generation. Nothing was started."
        in ran.error_text
    )
    assert not service.operations()
    preferences(Limits(each=248))
    assert mint(*LAMP).status == 0


def test_a_day_above_the_limit(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """What earlier commands have spent today counts, dismissed jobs too; another --max-credits does
    not lift the limit.
    """
    preferences(Limits(day=500))
    assert mint(*LAMP).status == 0
    assert mint(*LAMP).status == 0
    for record in mint("jobs", "--json").records:
        assert mint("dismiss", str(record["job"])).status == 0
    ran = mint(*LAMP, "--max-credits", "100000")
    assert ran.status == 4
    assert "With the 496 Credits spent today" in ran.error_text
    assert len(service.operations()) == 2


def test_an_unknown_price(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """With a limit and no price it is refused; without a limit an unknown price stops nothing."""
    service.scenario(
        answers=[
            {
                "method": "POST",
                "path": "/v1/pricing:estimate",
                "times": 100,
                "answer": {"status": 404},
            }
        ]
    )
    preferences(Limits(each=10_000))
    ran = mint(*LAMP)
    assert ran.status == 4
    assert (
        "Mint did not return a price, so your limit of 10,000 Credits per generation cannot be checked."
        in ran.error_text
    )
    preferences(Limits())
    assert mint(*LAMP).status == 0
    assert len(service.operations()) == 1


def test_a_retry_above_the_limit(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """A retry costs again, so it is refused as a start is; without the limit it goes on."""
    assert mint("generate", "--prompt", "a lamp [transient]", "--preset", "fast").status == 1
    (record,) = mint("jobs", "--json").records
    preferences(Limits(each=100))
    assert mint("retry", str(record["job"])).status == 4
    assert not service.requests("POST", "*:retry")
    preferences(Limits())
    assert mint("retry", str(record["job"])).status == 0


def test_a_batch_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set, tmp_path: Path
) -> None:
    """All lines together are held against the day before the first is started, each of them against
    the limit for one.
    """
    file = tmp_path / "lamps.jsonl"
    file.write_text(
        "".join(
            f'{{"prompt": "lamp {number}", "preset": "fast", "format": "glb"}}\n'
            for number in range(3)
        ),
        encoding="utf-8",
    )
    words = ("batch", str(file), "-o", str(tmp_path / "out"))
    for limits, sentence in (
        (Limits(day=743), "daily limit of 743 Credits"),
        (Limits(each=200), "limit of 200 Credits per"),
    ):
        preferences(limits)
        ran = mint(*words)
        assert ran.status == 4
        assert sentence in ran.error_text
    assert not service.operations()
    preferences(Limits(each=248, day=744))
    assert mint(*words).status == 0
    assert len(service.operations()) == 3


def test_in_python(signed_in: ThreadService, preferences: Set) -> None:
    """TooExpensive, as for max_credits."""
    preferences(Limits(each=1))
    with pytest.raises(mint_blender.TooExpensive, match="your limit of 1 Credits per generation"):
        mint_blender.generate("a lamp", max_credits=100_000)
    assert not signed_in.operations()


def test_an_optimization_that_is_to_follow(
    signed_in: ThreadService, mint: RunMint, preferences: Set, tmp_path: Path
) -> None:
    """It counts in all three ways in: refused for a price that nobody knows, then for one that is
    too high.
    """
    file = tmp_path / "lamps.jsonl"
    file.write_text(
        '{"prompt": "a lamp", "preset": "fast", "format": "glb", "optimize": "light"}\n',
        encoding="utf-8",
    )
    batch = ("batch", str(file), "-o", str(tmp_path / "out"))
    single = (*LAMP, "--optimize", "light")
    for limits, sentence in (
        (Limits(each=10_000), "price of an optimization once there is a model"),
        (Limits(each=267), "about 268 Credits"),
    ):
        preferences(limits)
        for words in (single, batch):
            ran = mint(*words)
            assert ran.status == 4 and sentence in ran.error_text
        with pytest.raises(mint_blender.TooExpensive, match=sentence):
            mint_blender.generate("a lamp", preset="fast", optimize="light")
        assert not signed_in.operations() or limits.each == 267
        preferences(Limits())
        assert mint(*LAMP).status == 0  # from now on there is a model
    preferences(Limits(each=268))
    assert mint(*single).status == 0
    assert mint(*batch).status == 0


def test_a_list_of_models_that_mint_refuses(
    service: ThreadService, mint: RunMint, preferences: Set
) -> None:
    """What optimizing costs is then not known, which a limit refuses; or it is what the last one
    cost, also when that was dismissed.
    """
    service.scenario(
        answers=[{"method": "GET", "path": "/v1/models", "times": 100, "answer": {"status": 403}}]
    )
    single = (*LAMP, "--optimize", "light")
    for limits, words in ((Limits(), ("--max-credits", "10000")), (Limits(each=10_000), ())):
        preferences(limits)
        ran = mint(*single, *words)
        assert ran.status == 4 and "cannot be checked" in ran.error_text
        assert not service.operations()
    preferences(Limits())
    assert mint(*single).status == 0
    assert mint("dismiss", str(mint("jobs", "--json").records[0]["job"])).status == 0
    ran = mint(*single, "--max-credits", "267")
    assert ran.status == 4 and "about 268 Credits" in ran.error_text
    assert mint(*single, "--max-credits", "268").status == 0


def test_usage_includes_the_last_month(mint: RunMint) -> None:
    """`usage` counts this computer's generations: how many, for how many Credits, how many failed;
    with --json the same in numbers.
    """
    assert "Last 30 days on this computer: 0 generations, 0 Credits\n" in mint("usage").out
    mint(*LAMP)
    mint("generate", "--prompt", "a lamp [moderation]", "--preset", "fast")
    mint("dismiss", str(mint("jobs", "--json").records[0]["job"]))
    lines = mint("usage").out.splitlines()
    assert "Last 30 days on this computer: 2 generations, 248 Credits, 50% failed" in lines
    assert lines[-1].endswith("########################  2 generations, 1 failed")
    (record,) = mint("usage", "--json").records
    told = record["journal"]
    (day,) = told.pop("by_day")
    assert told == {"days": 30, "generations": 2, "credits": 248, "failed": 1, "failed_share": 0.5}
    assert (day["generations"], day["credits"], day["failed"]) == (2, 248, 1)


def test_jobs_show_their_cost(mint: RunMint) -> None:
    """A finished one its price, one that failed that it cost nothing, one that waits what is held
    back for it.
    """
    mint(*LAMP)
    mint("generate", "--prompt", "a vase [moderation]", "--preset", "fast")
    mint("generate", "--prompt", "a mug", "--preset", "fast", "--mode", "review")
    told = mint("jobs").out
    assert "a lamp: Ready to place (248 Credits)" in told
    assert "a mug: Look at the Preview (248 Credits reserved)" in told
    assert any("a vase" in line and line.endswith("(Cost nothing)") for line in told.splitlines())


def in_review(mint: RunMint, *more: str) -> str:
    """A lamp whose Preview waits; its job."""
    assert mint(*LAMP, "--mode", "review", *more).status == 6
    return str(mint("jobs", "--json").records[0]["job"])


def test_approving_and_revising_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """They cost too: status 4 and nothing sent. What the Preview has cost already counts once."""
    job = in_review(mint)
    preferences(Limits(each=247))
    for words in (("approve", job), ("revise", job, "in green")):
        ran = mint(*words)
        assert (
            ran.status == 4
            and "more than your limit of 247 Credits per generation" in ran.error_text
        )
    assert not service.requests("POST", "*:approve") and not service.requests("POST", "*:revise")
    preferences(Limits(each=248, day=248))
    assert mint("approve", job).status == 0


def test_approving_in_python_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """TooExpensive at the Preview as well, where another command has spent the rest of the day
    meanwhile.
    """

    def review(preview: object) -> str:
        preferences(Limits())
        assert mint(*LAMP).status == 0
        return "approve"

    preferences(Limits(day=495))
    with pytest.raises(
        mint_blender.TooExpensive, match=r"about 98 Credits\. With the 398 Credits spent today"
    ):
        mint_blender.generate("a mug", preset="fast", mode="review", review=review)
    assert not service.requests("POST", "*:approve")


def test_max_credits_belongs_to_the_job(mint: RunMint, service: ThreadService) -> None:
    """Another command, another day: the limit of the click holds, until a command says another one."""
    job = in_review(mint, "--max-credits", "300")
    service.scenario(answers=[cheap(700, times=3)])
    ran = mint("approve", job)
    assert (
        ran.status == 4
        and "about 700 Credits in total, more than its limit of 300 Credits" in ran.error_text
    )
    assert mint("revise", job, "in green").status == 4
    assert not service.requests("POST", "*:approve") and not service.requests("POST", "*:revise")
    assert mint("approve", job, "--max-credits", "700").status == 0


def test_a_resumed_job_keeps_its_limit(mint: RunMint, service: ThreadService, home: Path) -> None:
    """Clicked long ago and never sent: the price is asked anew, and above the limit it rests, with
    status 4 and nothing started.
    """
    job = new_job(
        GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST), Delivery(), now=1.0, estimate=100.0
    )
    journal = Journal(home)
    journal.add(replace(job, max_credits=247.0))
    journal.close()
    for _ in range(2):
        ran = mint("resume", job.id)
        assert (
            ran.status == 4
            and "about 248 Credits in total, more than its limit of 247 Credits. Nothing was sent."
            in ran.error_text
        )
        (told,) = mint("jobs", "--json").records
        assert (told["phase"], told["trouble"]["code"]) == ("paused", "max_credits")
    assert not service.operations()
    assert mint("resume", job.id, "--max-credits", "248").status == 0
    assert len(service.operations()) == 1

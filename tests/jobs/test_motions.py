# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions of a model: what is sent and paid, what is not, and what is kept of what comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Role
from mint_blender.jobs.library.view_model import AssetState, Library, state_of
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import AnimationPrice, ListPage, OptimizationPrice, Price, answer
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage import job_cache
from mint_blender.mint.client import connect
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest, motions_in
from mint_blender.mint.schema import Asset, Kind, Page, Pose, Preset

from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .service_helpers import ended, refused

KNIGHT = GenerationRequest(Kind.MODEL, "a knight", Preset.FAST, pose=Pose.T_POSE)
WALK, RUN = MotionRequest("Walk in Place", 1.8), MotionRequest("Run in Place", 1.8)
PRICE = 250
SERVICE = {"library": {"models": 1}}


@pytest.fixture
def knight(service: ThreadService) -> Asset:
    """Return a finished model of the library."""
    (made,) = service.resources()
    files = {"glbUrl": "https://files.example/a.glb"}
    said = {"id": made.id, "prompt": made.prompt, "status": made.status, "assets": files}
    return Asset.from_json(Kind.MODEL, said)


def all_ended(job_service: JobService, jobs: Sequence[Job]) -> list[Job]:
    """Wait until jobs stop, and return them."""
    job_service.watch([job.id for job in jobs])
    return [job_service.job(job.id) for job in jobs]


Animate = Callable[..., list[Job]]


@pytest.fixture
def animate(job_service: JobService, knight: Asset) -> Animate:
    """Return a function that orders motions of the model, and waits until they stop."""

    def order(*motions: MotionRequest | str, again: bool = False) -> list[Job]:
        wanted = [MotionRequest(each) if isinstance(each, str) else each for each in motions]
        return all_ended(job_service, job_service.animate(knight, wanted, pay_again=again))

    return order


def starts(service: ThreadService) -> list[str]:
    """Return the words of the motions that Mint was sent."""
    return [each.body["motionPrompt"] for each in service.requests("POST", "*:animate")]


# -- the straight way


def test_a_motion_is_paid_once(animate: Animate, knight: Asset, service: ThreadService) -> None:
    """The rigged character and the clip are downloaded; the words and the height were sent."""
    before = service.credits()
    (job,) = animate(WALK)
    assert (job.phase, job.source_asset_id, job.notes) == (Phase.READY, knight.id, ())
    assert {each.role for each in job.files} == {Role.CHARACTER, Role.CLIP}
    assert all(Path(each.path).read_bytes().startswith(b"glTF") for each in job.files)
    (sent,) = service.requests("POST", "*:animate")
    assert sent.body == {"motionPrompt": "Walk in Place", "heightMeters": 1.8}
    assert sent.idempotency_key == job.requests[0].key
    assert (before - service.credits(), job.cost) == (PRICE, PRICE)
    assert JobView(job).title == f"{knight.prompt} (Walk in Place)"
    assert JobView(job).to_json()["motion"] == "Walk in Place"
    paths = [each.path for each in service.requests("GET", "*/artifacts/*")]
    assert any("clip%3Ac" in path and "%3Aanimation_glb" in path for path in paths)


# -- the first one goes alone


def test_the_others_follow(job_service: JobService, service: ThreadService, knight: Asset) -> None:
    """Nothing else is sent before the first motion is here, and equal lines are one motion."""
    jobs = job_service.animate(knight, [WALK, RUN, MotionRequest("Jump"), RUN])
    assert jobs.pop().id == jobs[1].id
    first, *others = jobs
    assert [job.after for job in jobs] == [None, first.id, first.id]
    assert len({job.delivery.group for job in jobs}) == 1
    assert JobView(others[0]).state == "Waiting for the first motion"
    assert [job.id for job in job_service.followers(first)] == [
        job.id for job in sorted(others, key=lambda each: -each.created_at)
    ]
    assert {job.phase for job in all_ended(job_service, jobs)} == {Phase.READY}
    requests = [each for each in service.log() if each.path.endswith((":animate", "/artifacts"))]
    assert requests[0].path.endswith(":animate")
    assert not requests[1].path.endswith(":animate")
    assert sorted(starts(service)) == ["Jump", "Run in Place", "Walk in Place"]


@pytest.mark.parametrize("word", ["motion-fails", "not-humanoid", "forbidden"])
def test_a_first_motion_that_fails_is_the_only_one(
    job_service: JobService, service: ThreadService, animate: Animate, word: str
) -> None:
    """Whether it was refused, or has failed after it was paid: the rest is never sent."""
    before = service.credits()
    first, second = animate(f"walk [{word}]", "run")
    assert (first.phase, second.phase) == (Phase.FAILED, Phase.CANCELED)
    assert "Not sent, and nothing was charged" in second.notes[0]
    assert starts(service) == [f"walk [{word}]"]
    assert before - service.credits() == (PRICE if word == "motion-fails" else 0)
    job_service.unfinished.resume_all()
    assert len(starts(service)) == 1


@pytest.mark.slow
def test_a_model_that_is_made_first(job_service: JobService, service: ThreadService) -> None:
    """From one prompt to clips: the motions wait for the model, then for the first motion."""
    first = job_service.start(KNIGHT, motions=[WALK, RUN])
    walk, run = sorted(job_service.followers(first), key=lambda job: job.created_at)
    assert (walk.after, run.after) == (first.id, walk.id)
    assert JobView(walk).state == "Waiting for the model"
    first, walk, run = all_ended(job_service, [first, walk, run])
    assert {first.phase, walk.phase, run.phase} == {Phase.READY}
    assert first.asset is not None
    assert {walk.source_asset_id, run.source_asset_id} == {first.asset.id}
    failed = job_service.start(replace(KNIGHT, prompt="a knight [fails]"), motions=[WALK, RUN])
    jobs = all_ended(job_service, [failed, *job_service.followers(failed)])
    assert [job.phase for job in jobs] == [Phase.FAILED, Phase.CANCELED, Phase.CANCELED]
    assert starts(service) == ["Walk in Place", "Run in Place"]


def test_cancel_in_line(job_service: JobService, service: ThreadService, knight: Asset) -> None:
    """Nothing is sent for it."""
    first, second = job_service.animate(knight, [WALK, RUN])
    job_service.cancel(second.id)
    first, second = all_ended(job_service, [first, second])
    assert (first.phase, second.phase) == (Phase.READY, Phase.CANCELED)
    assert starts(service) == ["Walk in Place"]


# -- money


def test_the_same_words_are_not_paid_again(
    job_service: JobService, service: ThreadService, animate: Animate, knight: Asset
) -> None:
    """The journal knows the clip, also when its job was dismissed; paying again is explicit."""
    (job,) = animate(WALK)
    job_service.save(job.moved(Phase.PLACED))
    job_service.dismiss(job.id)
    assert job_service.journal.jobs_of_asset(knight.id) == []
    other = replace(WALK, prompt=" walk  in place", height=2.0)
    again, run = job_service.animate(knight, [other, RUN])
    assert (again.id, again.phase) == (job.id, Phase.PLACED)
    assert [each.id for each in job_service.paid_motions(knight.id)] == [run.id, job.id]
    all_ended(job_service, [run])
    assert animate(WALK)[0].id == job.id
    assert starts(service) == ["Walk in Place", "Run in Place"]
    (new,) = animate(WALK, again=True)
    assert new.id != job.id
    assert starts(service)[-1] == "Walk in Place"


def test_a_failed_motion_is_only_paid_again_on_purpose(
    job_service: JobService, service: ThreadService, animate: Animate, knight: Asset
) -> None:
    """Retry is another request with a key of its own. In the library, the model stays finished."""
    (job,) = animate("walk [motion-fails]")
    assert (job.phase, job.cost) == (Phase.FAILED, PRICE)
    assert "animation_failed" in (job.problem.message if job.problem else "")
    library = Library()
    library.add_page(ListPage(Kind.MODEL), Page((knight,), None))
    library.apply_updates([job])
    assert library.get(knight.id) == knight and state_of(knight) is AssetState.DONE
    job_service.retry(job.id)
    ended(job_service, job)
    keys = {each.idempotency_key for each in service.requests("POST", "*:animate")}
    assert len(keys) == 2


def ask_prices(job_service: JobService, *queries: Price | AnimationPrice) -> list[float | None]:
    """Ask Mint for prices, as a window does before a click."""
    with closing(connect(job_service.account)) as client:
        for query in queries:
            job_service.queries.cache_answer(query, answer(client, query))
    return [job_service.budget.price(query) for query in queries]


def test_prices_of_lines(job_service: JobService, service: ThreadService, knight: Asset) -> None:
    """Each line within the limit per generation, all together within the day's and their own."""
    order = partial(job_service.animate, knight)
    assert ask_prices(job_service, AnimationPrice(knight.id)) == [PRICE]
    assert "limit of 400" in refused(lambda: order([WALK, RUN], max_credits=400.0))
    job_service.budget.limits = Limits(each=200.0)
    assert "200 Credits per generation" in refused(lambda: order([WALK]))
    job_service.budget.limits = Limits(each=300.0, day=499.0)
    assert "daily limit" in refused(lambda: order([WALK, RUN]))
    job_service.budget.limits = Limits(each=300.0, day=500.0)
    jobs = order([WALK, RUN], max_credits=500.0)
    assert [job.max_credits for job in jobs] == [250.0, 250.0]
    assert {job.phase for job in all_ended(job_service, jobs)} == {Phase.READY}
    assert len(starts(service)) == 2


def test_one_price_for_model_and_motions(job_service: JobService) -> None:
    """A limit holds for the generation and what follows it."""
    ask_prices(job_service, Price.of(KNIGHT), AnimationPrice())
    assert "700" in refused(lambda: job_service.start(KNIGHT, motions=[WALK, RUN], max_credits=700))
    first = job_service.start(KNIGHT, motions=[WALK, RUN], max_credits=748.0)
    assert first.max_credits == 248.0
    assert {job.max_credits for job in job_service.followers(first)} == {PRICE}


def test_without_a_price_a_limit_refuses(job_service: JobService) -> None:
    """Mint may have no price for motions; without a limit, a person decides."""
    unpriced = replace(KNIGHT, prompt="a knight [no-motion-price]")
    asset = ended(job_service, job_service.start(unpriced)).asset
    assert asset is not None
    assert ask_prices(job_service, AnimationPrice(asset.id)) == [None]
    job_service.budget.limits = Limits(each=10_000.0)
    with pytest.raises(TooExpensive, match="did not return a price"):
        job_service.animate(asset, [WALK])
    job_service.budget.limits = Limits()
    assert all_ended(job_service, job_service.animate(asset, [WALK]))[0].phase is Phase.READY


@pytest.mark.parametrize("status", [400, 404, 405, 422])
def test_what_an_older_mint_does_not_know_has_no_price(service: ThreadService, status: int) -> None:
    """A refusal of the question is no price, and no error."""
    problem = {"status": status, "problem": "invalid-request"}
    service.scenario(answers=[{"path": "/v1/pricing:estimate", "answer": problem, "times": 9}])
    with closing(connect(account(service))) as client:
        assert answer(client, AnimationPrice("m")).estimated_total is None
        if status in {404, 405}:
            assert answer(client, OptimizationPrice("m")).estimated_total is None
        else:
            with pytest.raises(Exception, match="does not accept"):
                answer(client, OptimizationPrice("m"))


@pytest.mark.parametrize(
    ("motion", "sentence"),
    [
        (MotionRequest("  "), "is empty"),
        (MotionRequest("x" * 501), "501 characters"),
        (MotionRequest("walk", 0.1), "0.10 m high"),
        (MotionRequest("walk", 30.0), "30.00 m high"),
        (MotionRequest("\ud800"), "invalid characters"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    job_service: JobService, knight: Asset, motion: MotionRequest, sentence: str
) -> None:
    """Before anything is paid, as a sentence."""
    assert sentence in refused(lambda: job_service.animate(knight, [WALK, motion]))
    assert job_service.jobs() == []


def test_only_models_move(job_service: JobService, knight: Asset) -> None:
    """A World is not animated, and nothing is not either."""
    assert "at least one" in refused(lambda: job_service.animate(knight, []))
    hall = GenerationRequest(Kind.WORLD, "a hall")
    assert "Only models" in refused(lambda: job_service.start(hall, motions=[WALK]))


def test_motions_in_one_text() -> None:
    """A column of a batch separates motions with a bar."""
    assert motions_in(" walk |  run fast||") == ("walk", "run fast")
    assert motions_in(" ") == ()


# -- what came is kept


@pytest.mark.parametrize(
    ("word", "clips"),
    [
        ("motion-settling", 1),
        *[
            pytest.param(word, clips, marks=pytest.mark.slow)
            for word, clips in (("one-clip", 1), ("one-clip-404", 1), ("several-clips", 3))
        ],
    ],
)
def test_the_files_are_found(animate: Animate, word: str, clips: int) -> None:
    """Both types of an animation are tried, a list that settles is read again, all are kept."""
    (job,) = animate(f"walk [{word}]")
    assert (job.phase, job.notes) == (Phase.READY, ())
    assert Counter(each.role for each in job.files) == {Role.CHARACTER: 1, Role.CLIP: clips}
    assert len({each.path for each in job.files}) == clips + 1


def test_a_part_that_is_missing_is_named(animate: Animate) -> None:
    """One clip cannot be had: the others are there, and a note says so."""
    (job,) = animate("walk [partial]")
    assert (job.phase, JobView(job).state) == (Phase.READY, "Partly done")
    assert [each.role for each in job.files].count(Role.CLIP) == 1
    assert "could not be downloaded" in job.notes[0]


@pytest.mark.slow
def test_a_file_that_is_damaged_is_kept_aside(animate: Animate) -> None:
    """It is paid for: the job pauses, and says where it lies."""
    (job,) = animate("walk [bad-length]")
    assert (job.phase, job.problem.cause if job.problem else None) == (Phase.PAUSED, Cause.IMPORT)
    assert {each.role for each in job.refused} == {Role.CHARACTER, Role.CLIP}
    assert all(Path(each.path).is_file() for each in job.refused)


GONE = {"path": "*/artifacts/clip*", "answer": {"status": 404, "problem": "not-found"}}
NOTHING = {"path": "*/artifacts", "answer": {"json": {"object": "list", "data": []}}, "times": 6}


@pytest.mark.parametrize(
    ("rule", "code", "roles"),
    [(GONE, None, [Role.CHARACTER]), (NOTHING, "no_file", [])],
    ids=["no clip", "no file"],
)
def test_what_is_not_there_is_looked_for_again(
    job_service: JobService,
    service: ThreadService,
    animate: Animate,
    rule: dict[str, object],
    code: str | None,
    roles: list[Role],
) -> None:
    """It is paid for: what came is kept, and a resume collects the rest. So do deleted files."""
    service.scenario(answers=[rule])
    (job,) = animate("walk")
    assert (job.phase, [each.role for each in job.files]) == (Phase.PAUSED, roles)
    assert job.problem is not None and code in (None, job.problem.code)
    for click in (job_service.resume, job_service.fetch_again):
        click(job.id)
        job = ended(job_service, job)
        assert (job.phase, job.notes, len(job.files)) == (Phase.READY, (), 2)
    assert len(starts(service)) == 1


@pytest.mark.slow
def test_a_new_session_asks_before_it_sends_the_rest(
    home: Path, service: ThreadService, knight: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never sent waits for a person, as any job of an earlier session.

    The first motion is paid, and downloads were off: a resume collects it.
    """
    with closing(JobService(fast_config(home), account(service))) as job_service:
        wanted = [MotionRequest("walk [downloads-off]"), RUN]
        first, second = job_service.animate(knight, wanted)
        first = ended(job_service, first)
    assert (first.phase, first.cost) == (Phase.PAUSED, PRICE)
    assert "Downloads are turned off" in (first.problem.message if first.problem else "")
    assert starts(service) == ["walk [downloads-off]"]
    monkeypatch.setattr(job_cache, "_requested", set())
    monkeypatch.setattr(job_cache, "JUST_NOW", -1.0)
    with closing(JobService(fast_config(home), account(service))) as job_service:
        job_service.unfinished.resume_all()
        job_service.resume(first.id)
        assert ended(job_service, first).phase is Phase.READY
        assert [job.id for job in job_service.unfinished.queue] == [second.id]
        assert len(starts(service)) == 1
        job_service.unfinished.continue_queue()
        assert ended(job_service, second).phase is Phase.READY
    assert starts(service) == ["walk [downloads-off]", "Run in Place"]

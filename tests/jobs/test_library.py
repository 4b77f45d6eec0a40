# SPDX-License-Identifier: GPL-3.0-or-later
"""The library: its pages, what is shown of them, and what jobs report about it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.library import view_model as library_words
from mint_blender.jobs.library.pages import PagedList
from mint_blender.jobs.library.view_model import (
    AssetState,
    Filter,
    Library,
    state_label,
    state_of,
    title,
)
from mint_blender.jobs.new_jobs import new_conversion, new_fetch
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import ListPage
from mint_blender.jobs.workflow.effects import ReadAsset
from mint_blender.message import Message
from mint_blender.mint.schema import Asset, Format, Kind, Page

from .job_strategies import jobs
from .library_helpers import (
    MODELS,
    NOWHERE,
    AssetList,
    a_shown,
    an_asset,
    attempt,
    load,
    making,
    numbers,
    states,
)
from .workflow_harness import Convert, WorkflowHarness, a_job, operation, problem, with_operation

# -- pages


def test_a_first_page_of_new_assets_begins_the_list_anew() -> None:
    """When the new first page does not reach known assets, all others are read again.

    So they are after an error for a further page. A cursor that was used before ends the list.
    """
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    paged_list.page_failed("4", "is not a cursor of this list")
    assert paged_list.error
    paged_list.add_page(None, mint.page(None))
    assert (numbers(paged_list), paged_list.error) == ([9, 8, 7], None)
    load(paged_list, mint, 2)
    mint.numbers[:0] = range(16, 9, -1)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [16, 15, 14]
    load(paged_list, mint)
    assert numbers(paged_list) == [*range(16, -1, -1)]
    repeated = PagedList(Kind.MODEL)
    for cursor in (None, "again"):
        repeated.add_page(cursor, Page((an_asset(1),), "again"))
    assert (numbers(repeated), repeated.next_page) == ([1], None)


def test_a_refresh_removes_deleted_assets() -> None:
    """An asset missing between two known ones is removed."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    mint.numbers.remove(8)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [9, 7, 6, 5, 4]


def test_a_late_page_changes_no_order() -> None:
    """A page whose position is unknown updates its assets and moves none."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 3)
    before = numbers(paged_list)
    paged_list.add_page("7", Page((an_asset(6, name="Renamed"), an_asset(99)), "6"))
    assert numbers(paged_list) == before
    assert next(asset.name for asset in paged_list.entries() if asset.id == "id_6") == "Renamed"


# -- what is shown


def a_library() -> Library:
    """Return a library with three models and two worlds."""
    library = Library()
    models = an_asset(1, name="Zebra"), an_asset(5, status="running"), an_asset(3, status="failed")
    worlds = (
        an_asset(2, kind=Kind.WORLD, name="Hall", prompt=None),
        an_asset(4, kind=Kind.WORLD, id="id_w", prompt="a green hall"),
    )
    library.add_page(MODELS, Page(models, None))
    library.add_page(ListPage(Kind.WORLD), Page(worlds, None))
    return library


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["id_5", "id_w", "id_3", "id_2", "id_1"]),
        (Filter(kind=Kind.WORLD), ["id_w", "id_2"]),
        (Filter(state=AssetState.UNFINISHED), ["id_5"]),
        (Filter(state=AssetState.FAILED), ["id_3"]),
        (Filter(words="HALL"), ["id_w", "id_2"]),
        (Filter(words="hall green"), ["id_w"]),
        (Filter(words="hall blue"), []),
    ],
)
def test_assets_are_filtered_and_sorted(wanted: Filter, expected: list[str]) -> None:
    """The filter has kind, state and text; the order is by date or name."""
    assert [asset.id for asset in a_library().entries(wanted)] == expected


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("succeeded", AssetState.DONE, "Done"),
        ("running", AssetState.UNFINISHED, "In progress"),
        ("enchanting", AssetState.UNFINISHED, 'In progress ("enchanting")'),
        ("failed", AssetState.FAILED, "Failed"),
        ("canceled", AssetState.FAILED, "Canceled"),
    ],
)
def test_the_state_of_an_asset_is_shown(status: str, state: AssetState, words: str) -> None:
    """What is unfinished, has failed, or has no file cannot be imported, and its state says so."""
    asset = an_asset(1, status=status)
    assert (state_of(asset), state_label(asset)) == (state, words)
    assert state_label(an_asset(1, assets=None)) == "Done, but no file"


def test_an_asset_without_name_and_prompt_is_called_by_its_kind_and_id() -> None:
    """The title is a message, so that it is shown in the user's language."""
    shown = [title(an_asset(1, kind=kind, prompt=None, assets=None)) for kind in Kind]
    assert shown == ["Model id_1", "World id_1"]
    assert all(isinstance(each, Message) for each in shown)


def test_both_kinds_reach_equally_far_back() -> None:
    """With both kinds shown, the one with the shorter history is loaded further."""
    library = Library()
    library.add_page(MODELS, Page((an_asset(9), an_asset(8)), "m"))
    library.add_page(ListPage(Kind.WORLD), Page((an_asset(5, kind=Kind.WORLD, id="w"),), "w"))
    assert library.next_page() == ListPage(Kind.MODEL, "m")
    library.add_page(ListPage(Kind.MODEL, "m"), Page((an_asset(1),), "m2"))
    assert library.next_page() == ListPage(Kind.WORLD, "w")
    assert library.next_page(Kind.MODEL) == ListPage(Kind.MODEL, "m2")


def test_the_number_of_assets_in_certain_order() -> None:
    """The order is certain as far back as both lists reach."""
    library = Library()
    library.add_page(MODELS, Page((an_asset(9), an_asset(8), an_asset(7)), "m"))
    assert library.settled_count(Filter()) == 0, "of the worlds nothing is known"
    library.add_page(
        ListPage(Kind.WORLD),
        Page((an_asset(8, kind=Kind.WORLD, id="w"), an_asset(1, kind=Kind.WORLD, id="w2")), None),
    )
    settled = library.entries(Filter())[: library.settled_count(Filter())]
    assert [each.id for each in settled] == ["id_9", "id_8", "w", "id_7"]
    assert library.settled_count(Filter(kind=Kind.WORLD)) == 2


# -- the library follows the jobs without extra requests


EARLIER, THEN, LATER = (f"2026-08-03T10:00:{seconds:02}.000Z" for seconds in (0, 10, 20))
WORLDS = ListPage(Kind.WORLD)
OUT_OF_CLAY = {"code": "generation_failed", "message": "Out of clay."}

# -- something new


def test_a_new_asset_takes_one_request() -> None:
    """The first page is requested once for a new model; its end is known from the job."""
    library, mint = a_shown(1, 2, 3)
    job = a_job()
    library.apply_updates([job])
    assert library.outdated_pages() == []
    job = making(job, "running", 4)
    library.apply_updates([job])
    assert library.outdated_pages() == [MODELS]
    assert library.outdated_pages(Kind.WORLD) == []
    library.page_requested(MODELS)
    assert library.outdated_pages() == []
    mint.numbers.insert(0, 4)
    page = mint.page(None)
    library.add_page(MODELS, replace(page, data=(an_asset(4, status="running"), *page.data[1:])))
    assert next(iter(states(library).items())) == ("id_4", AssetState.UNFINISHED)
    for status in ("preview_ready", "running", "succeeded"):
        job = making(job, status, 4)
        library.apply_updates([job])
    library.apply_updates([replace(job, asset=an_asset(4))])
    assert states(library)["id_4"] is AssetState.DONE
    assert library.outdated_pages() == []


def test_a_first_page_without_the_new_asset_is_repeated_once() -> None:
    """The page is requested once when the model is created and once when it is done.

    A job whose model is on a page not yet loaded causes no request.
    """
    library, _ = a_shown(*range(10))
    old = replace(making(a_job(), "succeeded", 2), asset=an_asset(2))
    library.apply_updates([old, making(attempt(1), "running", 1)])
    assert library.outdated_pages() == []
    library, mint = a_shown(1, 2)
    job = a_job()
    queries = 0
    for status in ("running", "preview_ready", "running", "succeeded", "succeeded"):
        job = making(job, status, 3, updatedAt=f"2026-08-03T22:46:0{queries}.000Z")
        for _ in range(3):
            library.apply_updates([job])
            for query in library.outdated_pages():
                library.page_requested(query)
                queries += 1
                library.add_page(query, mint.page(None))
    assert queries == 2


def test_an_update_while_a_page_is_loading_is_not_lost() -> None:
    """The page is requested again only if the answer lacks the new asset."""
    for is_in_answer in (True, False):
        library, mint = a_shown(1, 2)
        library.page_requested(MODELS)
        library.apply_updates([making(a_job(), "running", 3)])
        if is_in_answer:
            mint.numbers.insert(0, 3)
        library.add_page(MODELS, mint.page(None))
        assert library.outdated_pages() == ([] if is_in_answer else [MODELS])


def test_an_unopened_library_sends_no_request() -> None:
    """Jobs cause no request; the first opening reads the first page, each kind its own."""
    library, mint = Library(), AssetList(1, 2, 3, 4, 5)
    job = making(a_job(), "running", 5)
    library.apply_updates([job])
    assert library.outdated_pages() == []
    (query,) = library.unloaded_pages(Kind.MODEL)
    library.page_requested(query)
    library.add_page(query, mint.page(None))
    library.apply_updates([making(job, "failed", 5)])
    assert library.outdated_pages() == []
    library.add_page(WORLDS, Page((), None))
    made = operation("running", resource="w", kind=Kind.WORLD)
    world = with_operation(a_job(kind=Kind.WORLD), made)
    new = [making(a_job(), "running", number, createdAt=THEN) for number in (6, 7)]
    library.apply_updates([*new, world])
    assert library.outdated_pages() == [MODELS, WORLDS]
    assert library.outdated_pages(Kind.MODEL) == [MODELS]


def test_a_failed_first_page_is_requested_when_there_is_a_reason() -> None:
    """Not repeatedly: with the next new model, or when Mint answers again."""
    library, mint = a_shown(1, 2, 3, 4, 5)
    for number in (6, 7):
        library.apply_updates([making(a_job(), "running", number, createdAt=THEN)])
        library.add_page(ListPage(Kind.MODEL, "3"), None, "Mint did not answer.")
        assert library.outdated_pages() == [MODELS], "not stopped by a failed further page"
        library.page_requested(MODELS)
        library.add_page(MODELS, None, "Mint did not answer.")
        assert library.outdated_pages() == []
    mint.numbers[:0] = [7, 6]
    further = ListPage(Kind.MODEL, "3")
    library.add_page(further, mint.page("3"))
    assert library.outdated_pages() == [MODELS]
    library.page_requested(MODELS)
    library.add_page(MODELS, mint.page(None))
    assert library.outdated_pages() == []


# -- something that is known


def test_a_retry_is_shown_and_its_failure_has_its_own_reason() -> None:
    """The job knows which model it retries before its operation names one."""
    library, _ = a_shown(1, failed=(1,))
    library.apply_updates([with_operation(attempt(1), operation("queued", resource=None))])
    assert states(library) == {"id_1": AssetState.UNFINISHED}
    library.apply_updates([making(attempt(1), "canceled", 1, id="op_8")])
    assert state_label(library.entries(Filter())[0]) == "Canceled"
    library.apply_updates([making(attempt(1), "failed", 1, id="op_9", error=OUT_OF_CLAY)])
    entry = library.get("id_1")
    assert (state_of(entry), library_words.reason(entry)) == (AssetState.FAILED, "Out of clay.")


def test_a_conversion_does_not_change_its_model() -> None:
    """The model's state stays while the conversion runs and when it fails.

    A server that does not know the format returns "not found" to a conversion, too.
    """
    library, _ = a_shown(1)
    for asset in (an_asset(1), Asset.from_json(Kind.MODEL, {"id": "id_1"})):
        job = new_conversion(asset, (Format.FBX,), NOWHERE, now=1.0)
        for status in ("running", "failed"):
            library.apply_updates([making(job, status, 1)])
            assert states(library) == {"id_1": AssetState.DONE}
    run = WorkflowHarness(new_conversion(an_asset(1), (Format.FBX,), NOWHERE, now=time.time()))
    run.answer(an_asset(1)).answer(None).expect(Convert)
    run.fail(problem(404, "not-found")).expect(ReadAsset)
    assert run.answer(an_asset(1)).rests
    library.apply_updates([run.job])
    assert states(library) == {"id_1": AssetState.DONE}


def refused(number: int, code: str | None) -> Job:
    """Return a job that could not read a model."""
    job = new_fetch(an_asset(number), NOWHERE, now=1.0)
    trouble = Problem(Cause.REFUSED, "There is no such model.", code=code)
    return replace(job, phase=Phase.PAUSED, problem=trouble)


@pytest.mark.parametrize("code", ["not-found", "service-unavailable", None])
def test_an_asset_that_mint_does_not_know_is_removed(code: str | None) -> None:
    """Any other error removes nothing."""
    library, _ = a_shown(1, 2)
    library.apply_updates([refused(1, code)])
    left = ["id_2"] if code == "not-found" else ["id_2", "id_1"]
    assert [asset.id for asset in library.entries(Filter())] == left


def test_a_stale_list_does_not_undo_a_finished_asset() -> None:
    """Mint's list may still say running for some seconds.

    The entry stays done and takes the other members from the list.
    """
    for is_known in (True, False):
        library, _ = a_shown(*((1, 2) if is_known else (1,)))
        library.apply_updates([replace(making(a_job(), "succeeded", 2), asset=an_asset(2))])
        page = Page((an_asset(2, status="running"), an_asset(1)), None)
        library.add_page(MODELS, page)
        assert states(library) == {"id_2": AssetState.DONE, "id_1": AssetState.DONE}


def test_an_old_job_does_not_change_a_newer_entry() -> None:
    """A job of yesterday knows less than the entry read today, unless it reads its model again.

    Some seconds are no order: an operation and its model are dated apart.
    """
    library, yesterday = Library(), "2026-08-02T10:00:00.000Z"
    library.add_page(MODELS, Page((an_asset(1, updatedAt=EARLIER),), None))
    job = making(a_job(), "succeeded", 1, updatedAt=yesterday)
    files = {"optimizedGlbUrl": "https://files.example/1o.glb"}
    read = an_asset(1, name="Lamp", assets=files, updatedAt=EARLIER)
    for updated, state in (
        (making(a_job(), "failed", 1, updatedAt=yesterday), AssetState.DONE),
        (replace(job, asset=an_asset(1)), AssetState.DONE),
        (replace(job, asset=read), AssetState.DONE),
        (making(a_job(), "failed", 1, updatedAt="2026-08-03T09:59:50.000Z"), AssetState.FAILED),
    ):
        library.apply_updates([updated])
        assert states(library) == {"id_1": state}
    entry = library.get("id_1")
    assert (entry.name, entry.assets.optimized_glb_url) == ("Lamp", files["optimizedGlbUrl"])


@settings(max_examples=25)
@given(jobs)
def test_any_job_can_update_the_library(job: Job) -> None:
    """No response of Mint makes the update fail."""
    library, _ = a_shown(1, 2)
    library.apply_updates([job])
    assert library.outdated_pages() in ([], [MODELS])


WANTED = st.builds(
    Filter,
    st.sampled_from([None, Kind.MODEL]),
    st.sampled_from([None, *AssetState]),
    st.sampled_from(["", "1"]),
)
STEPS = ("new", "fail", "finish", "gone", "delete", "change", "refresh", "more")


class _Run:
    """A list at Mint that changes, and the library that follows it by pages and by jobs."""

    def __init__(self, count: int, size: int) -> None:
        self.mint, self.library = AssetList(*range(count), size=size), Library()
        self.newest, self.reports = count, list[Job]()

    def load(self, query: ListPage | None) -> None:
        if query is not None:
            self.library.add_page(query, self.mint.page(query.cursor))

    def take(self, step: str) -> None:
        numbers = self.mint.numbers
        if step == "new":
            numbers.insert(0, self.newest)
            self.newest += 1
        elif step in {"refresh", "more"}:
            self.load(MODELS if step == "refresh" else self.library.next_page(Kind.MODEL))
        elif numbers:
            number = numbers[self.newest * 7 % len(numbers)]
            if step in {"gone", "delete"}:
                numbers.remove(number)
            (self.mint.failed.discard if step == "finish" else self.mint.failed.add)(number)
            if step in {"fail", "finish", "gone"}:
                self.reports.append(_telling(step, number))
                self.library.apply_updates(self.reports)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(STEPS), max_size=30), WANTED, st.integers(1, 4), st.integers(0, 12))
def test_what_is_shown_is_what_mint_has_after_any_update(
    steps: list[str], wanted: Filter, size: int, count: int
) -> None:
    """Updates and pages may come in any order; Mint may change assets without a job that says so."""
    run = _Run(count, size)
    library = run.library
    for step in steps:
        before = len(library.entries(wanted))
        run.take(step)
        entries = library.entries(wanted)
        assert len({each.id for each in entries}) == len(entries), (before, "an entry twice")
    run.load(MODELS)
    while query := library.next_page(Kind.MODEL):
        run.load(query)
    shown, expected = states(library), run.mint.states()
    assert expected.keys() <= shown.keys()
    if not {"delete", "change"} & set(steps):
        assert shown == expected


def _telling(step: str, number: int) -> Job:
    if step == "gone":
        return refused(number, "not-found")
    job = making(a_job(), "failed" if step == "fail" else "succeeded", number)
    return job if step == "fail" else replace(job, asset=an_asset(number))


# -- what has failed


def reported_as_failed(updated: str | None = THEN) -> Library:
    """Return a library in which a job reported model 2 as failed at that time."""
    library, _ = a_shown(1, 2)
    job = making(a_job(), "running", 2, updatedAt=EARLIER)
    library.apply_updates([job])
    more = {"updatedAt": updated} if updated else {}
    library.apply_updates([making(job, "failed", 2, error=OUT_OF_CLAY, **more)])
    assert states(library)["id_2"] is AssetState.FAILED
    return library


def listed(library: Library, updated: str | None) -> AssetState:
    """Return the state of model 2 after a page lists it as running, as of that time."""
    more: dict[str, Any] = {"updatedAt": updated} if updated else {}
    library.add_page(MODELS, Page((an_asset(2, status="running", **more), an_asset(1)), None))
    return states(library)["id_2"]


@pytest.mark.parametrize(
    ("reported", "updated", "state"),
    [
        (THEN, EARLIER, AssetState.FAILED),
        (THEN, THEN, AssetState.FAILED),
        (THEN, None, AssetState.FAILED),
        (None, None, AssetState.FAILED),
        (None, LATER, AssetState.UNFINISHED),
        (THEN, LATER, AssetState.UNFINISHED),
    ],
)
def test_only_a_newer_list_undoes_a_failure(
    reported: str | None, updated: str | None, state: AssetState
) -> None:
    """Mint's list may still say running for some seconds; later that is a retry elsewhere.

    The job of a retry here is believed, however late the list is.
    """
    library = reported_as_failed(reported)
    assert listed(library, updated) is state
    if state is AssetState.FAILED:
        assert library_words.reason(library.entries(Filter())[0]) == "Out of clay."
    library = reported_as_failed(reported)
    library.apply_updates([making(attempt(2), "queued", 2, id="op_9", updatedAt=LATER)])
    assert listed(library, EARLIER) is AssetState.UNFINISHED

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel Library looks at: the filter, the entries on screen, their pictures.

Only those are fetched, and never while drawing.

The panel says that it was `seen`; a timer then asks for what is lacking, and the heartbeat takes in
what was answered. A panel that is closed asks for nothing.

What is lacking may be entries: Mint has no search, so while a filter leaves room on the screen,
page after page is loaded, one at a time, until the screen is full, the list has ended, or the user
stops it.

What the jobs hear of their models and Worlds is shown at once, and costs nothing. Only what has
come in front is asked for: the first page.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import bpy
import bpy.utils.previews

from ...addon_settings import may_go_online
from ...files.glb.header import Glb
from ...jobs.engine.messages import Answered
from ...jobs.library.view_model import Filter, Library, Sort, State
from ...jobs.queries import LARGEST_PAGE, FileFacts, ListPage, Question, Thumbnail
from ...jobs.service import JobService
from ...jobs.storage.journal import JournalError
from ...mint.account import Account
from ...mint.schema import Asset, Kind, Page
from .. import heartbeat, session

ON_SCREEN = 12
"""Entries at a time: whole rows of two, three, four or six."""
PICTURES_AT_ONCE = 6
"""Asked for at the same time; the next ones are chosen by what is on screen then, however fast one
turns the pages.
"""
MOST_ICONS = 20 * ON_SCREEN
PAUSE = 0.05
# seconds after the last change of the filter: what is shown while one types is not what is wanted
TYPING_PAUSE = 0.5
# seconds after a job has told of something new: what begins or ends together is one question
GATHERING = 1.0
# seconds between two looks into the journal, where another process may have written: while this
# panel is looked at
LOOK_EVERY = 2.0
MOST_PAGES = 100
"""Loaded by themselves for one filter: ten thousand entries. Then the user is asked to go on."""

KINDS = [
    ("ALL", "All", "Models and Worlds"),
    ("MODEL", "Models", "3D Models"),
    ("WORLD", "Worlds", "Worlds"),
]
STATES = [
    ("ALL", "Any State", "Whatever became of it"),
    ("DONE", "Done", "What can be imported"),
    ("UNFINISHED", "Being Made", "What Mint is still working on"),
    ("FAILED", "Failed", "What Mint could not make, or what was canceled"),
]
SORTS = [
    ("NEWEST", "Newest First", "By date"),
    ("OLDEST", "Oldest First", "By date, among what is loaded"),
    ("NAME", "Name", "By name, among what is loaded"),
]


def _filter_changed(fields: MintLibrary, context: bpy.types.Context) -> None:
    global _changed_at
    fields.start, _changed_at = 0, time.monotonic()
    go_on()


class MintLibrary(bpy.types.PropertyGroup):
    """What is shown of the library, and which entry is chosen.

    In the window manager: no part of a .blend.
    """

    kind: bpy.props.EnumProperty(name="Kind", items=KINDS, update=_filter_changed)
    state: bpy.props.EnumProperty(name="State", items=STATES, update=_filter_changed)
    sort: bpy.props.EnumProperty(name="Sort", items=SORTS, update=_filter_changed)
    words: bpy.props.StringProperty(
        name="Words",
        description="Words that have to be in name or prompt",
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
        update=_filter_changed,
    )
    start: bpy.props.IntProperty(min=0, options={"SKIP_SAVE"})
    chosen: bpy.props.StringProperty(options={"SKIP_SAVE"})


_changed_at = _heard_at = _looked_at = 0.0
_pages_left = MOST_PAGES  # that may yet be loaded by themselves
_library = Library()
_account: Account | None = None
# by address, the one that came last at the end; None: there is none to be had
_pictures: dict[str, Path | None] = {}
_facts: dict[str, Answered] = {}
_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def fields_of(context: bpy.types.Context) -> MintLibrary:
    """The filter and the choice."""
    return context.window_manager.mint_library


def library() -> Library:
    """What is known, of the account in force."""
    global _library, _account
    account = session.account()
    if account != _account:
        _library, _account = Library(), account
        _facts.clear()
        go_on()
    return _library


def kind_of(fields: MintLibrary) -> Kind | None:
    """The kind that is shown; None: both."""
    return None if fields.kind == "ALL" else Kind(fields.kind.lower())


def shown(fields: MintLibrary) -> list[Asset]:
    """All entries that pass the filter."""
    return library().entries(filter_of(fields))


def filter_of(fields: MintLibrary) -> Filter:
    """What is looked for, and in which order."""
    state = None if fields.state == "ALL" else State(fields.state.lower())
    return Filter(kind_of(fields), state, fields.words, Sort(fields.sort.lower()))


def on_screen(fields: MintLibrary) -> list[Asset]:
    """The few of them that are drawn."""
    return shown(fields)[fields.start : fields.start + ON_SCREEN]


def chosen(fields: MintLibrary) -> Asset | None:
    """The entry whose details are shown."""
    return library().get(fields.chosen)


def file_url(asset: Asset) -> str | None:
    """The GLB that says how large a model is, or how large a World's collider."""
    assets = asset.assets
    return (
        (assets.glb_url or assets.optimized_glb_url or assets.collider_mesh_url) if assets else None
    )


def facts(asset: Asset) -> Answered | None:
    """What the file says about itself, or why that is not known; None while nobody has answered."""
    url = file_url(asset)
    return _facts.get(url) if url else None


def icon(asset: Asset) -> int:
    """The entry's picture; 0 where there is none (yet)."""
    url = _picture_url(asset)
    return _icons[url].icon_id if _icons is not None and url is not None and url in _icons else 0


def is_loading() -> bool:
    """Is a page on its way?"""
    board = session.existing_service()
    return board is not None and any(isinstance(each, ListPage) for each in board.asked())


def is_lacking_entries(fields: MintLibrary) -> bool:
    """Is the screen not full, or not in order, though there is more at Mint?"""
    return _page_for_screen(fields) is not None


def is_searching(fields: MintLibrary) -> bool:
    """Are pages loaded by themselves because something is looked for?"""
    return (
        filter_of(fields).leaves_out
        and library().count(kind_of(fields)) > 0
        and is_lacking_entries(fields)
    )


def stop_searching() -> None:
    """Load no more by itself."""
    global _pages_left
    _pages_left = 0


def go_on() -> None:
    """Load by itself again, for another while."""
    global _pages_left
    _pages_left = MOST_PAGES


def turn(fields: MintLibrary, *, forward: bool) -> None:
    """One screenful; behind the last entry that is loaded there is an empty screen, which fills
    once it is seen.
    """
    start = max(0, fields.start + (ON_SCREEN if forward else -ON_SCREEN))
    if start < len(shown(fields)) or library().next_page(kind_of(fields)) is not None:
        fields.start = start
    go_on()


def extent_words(fields: MintLibrary) -> str | None:
    """How much of the library has been looked through or put in order; None when that is how it
    looks anyway.
    """
    known, wanted = library(), filter_of(fields)
    count = known.count(wanted.kind)
    if known.begin(wanted.kind):
        return None
    is_all = known.next_page(wanted.kind) is None
    if wanted.leaves_out:
        if is_searching(fields):
            return f"Searching… {count:,} looked through"
        return (
            f"All {count:,} looked through"
            if is_all
            else f"{count:,} looked through, there are more"
        )
    return (
        f"In order among the {count:,} that are loaded"
        if wanted.sort is not Sort.NEWEST and not is_all
        else None
    )


# -- what is lacking
# -------------------------------------------------------------------------------------------------------  # noqa: E501


def seen(context: bpy.types.Context) -> None:
    """The panel was drawn: what it lacks is asked for as soon as drawing is over, nobody types, and
    what happens together has happened.
    """
    if not bpy.app.timers.is_registered(_supply) and (
        _is_time_to_look() or _lacking(fields_of(context))
    ):
        bpy.app.timers.register(_supply, first_interval=max(PAUSE, _pause()))


def ask(*questions: Question) -> str | None:
    """Ask, unless it is asked already; a sentence says why that cannot be."""
    try:
        board = session.service()
    except JournalError as trouble:
        return str(trouble)
    follow(board)  # what was heard before a page is asked for is in the answer
    under_way = {(each.kind, each.cursor) for each in board.asked() if isinstance(each, ListPage)}
    for question in questions:
        if not board.is_asked(question) and not (
            isinstance(question, ListPage) and (question.kind, question.cursor) in under_way
        ):
            board.ask(question)
            if isinstance(question, ListPage):
                library().asked(question)
    if questions:
        heartbeat.listen()
    return None


def follow(board: JobService) -> None:
    """Take in what the jobs have told.

    What that leaves to be asked for is asked when the panel is seen.
    """
    global _heard_at
    was_behind = library().behind()
    library().follow(board.jobs())
    if library().behind() != was_behind:
        _heard_at = time.monotonic()


def catch_up(board: JobService) -> None:
    """Take in what the jobs have told and what was answered.

    The board keeps none of it: five thousand entries are kept once.
    """
    fields = fields_of(bpy.context)
    first = next(iter(on_screen(fields)), None) if fields.start else None
    follow(board)
    for question in [
        each for each in board.answers if isinstance(each, ListPage | Thumbnail | FileFacts)
    ]:
        said = board.answers.pop(question)
        if isinstance(question, ListPage):
            library().take_in(
                question, said.answer if isinstance(said.answer, Page) else None, said.complaint
            )
        elif isinstance(question, Thumbnail):
            _take_picture(question.url, said.answer if isinstance(said.answer, Path) else None)
        elif isinstance(question, FileFacts):
            _facts[question.url] = said
    _keep_place(fields, first)


def forget() -> None:
    """Nothing of ours is left."""
    global _icons, _library, _account
    if bpy.app.timers.is_registered(_supply):
        bpy.app.timers.unregister(_supply)
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
    _icons, _library, _account = None, Library(), None
    _pictures.clear()
    _facts.clear()


def _keep_place(fields: MintLibrary, first: Asset | None) -> None:
    """Whatever has come in front, the same entries stay on screen; and there is no screen behind
    the last one.
    """
    if first is not None and (now := library().get(first.id)) is not None:
        place = library().view(filter_of(fields)).place(now)
        if place is not None and place != fields.start:
            fields.start = place
    count = len(shown(fields))
    if (
        fields.start >= count
        and fields.start
        and not is_loading()
        and _page_for_screen(fields) is None
    ):
        fields.start = max(0, count - 1) // ON_SCREEN * ON_SCREEN


def _pause() -> float:
    """Seconds until the filter counts as typed, and what the jobs tell as gathered."""
    return max(_changed_at + TYPING_PAUSE, _heard_at + GATHERING) - time.monotonic()


def _is_time_to_look() -> bool:
    return time.monotonic() - _looked_at > LOOK_EVERY


def _supply() -> float | None:
    global _looked_at, _pages_left
    if _is_time_to_look():
        _looked_at = time.monotonic()
        with suppress(JournalError):  # whoever begins something will be told
            heartbeat.look()
    if (wait := _pause()) > 0:
        return wait
    asked = _lacking(fields_of(bpy.context))
    _pages_left -= any(isinstance(each, ListPage) and each.cursor is not None for each in asked)
    ask(*asked)
    return None


def _page_for_screen(fields: MintLibrary) -> ListPage | None:
    """The page to load so that the screen gets full, or gets in order; None when it is, or when no
    more may be loaded by itself.
    """
    known, wanted = library(), filter_of(fields)
    page = known.next_page(wanted.kind)
    if page is None or _pages_left <= 0 or known.complaint(wanted.kind) is not None:
        return None
    if known.settled(wanted) >= fields.start + ON_SCREEN:
        return None
    return replace(page, size=LARGEST_PAGE) if wanted.leaves_out and page.cursor else page


def _lacking(fields: MintLibrary) -> list[Question]:
    """Pages, pictures on screen, and the size of the chosen one: as far as nobody has asked for
    them. One page after the other.
    """
    if not may_go_online() or not session.account().key:
        return []
    known, board = library(), session.existing_service()
    asked: frozenset[Question] = board.asked() if board else frozenset()
    unbegun = known.begin(kind := kind_of(fields))
    questions: list[Question] = [
        *(unbegun if known.complaint(kind) is None else ()),
        *known.behind(kind),
    ]
    is_reading = any(isinstance(each, ListPage) for each in (*questions, *asked))
    if not unbegun and not is_reading and (page := _page_for_screen(fields)) is not None:
        questions.append(page)
    pictures = [
        Thumbnail(url)
        for asset in _staying(fields)
        if (url := _picture_url(asset)) and url not in _pictures
    ]
    room = PICTURES_AT_ONCE - sum(isinstance(each, Thumbnail) for each in asked)
    questions += [each for each in dict.fromkeys(pictures) if each not in asked][: max(0, room)]
    asset = chosen(fields)
    url = file_url(asset) if asset else None
    if url is not None and url not in _facts:
        questions.append(FileFacts(url))
    return [each for each in questions if each not in asked]


def _staying(fields: MintLibrary) -> list[Asset]:
    """The entries on screen that the next page will not push off it: only their pictures are worth
    a download.
    """
    known, wanted = library(), filter_of(fields)
    assets = on_screen(fields)
    is_first_page_to_come = bool(known.begin(wanted.kind)) and known.complaint(wanted.kind) is None
    if is_first_page_to_come or _page_for_screen(fields) is not None:
        return assets[: max(0, known.settled(wanted) - fields.start)]
    return assets


def _picture_url(asset: Asset) -> str | None:
    return asset.assets.picture_url if asset.assets else None


def _take_picture(url: str, path: Path | None) -> None:
    """A picture is here.

    Of those that were shown long ago Blender's memory is freed; they are still on disk.
    """
    global _icons
    _pictures[url] = path
    if path is not None and not bpy.app.background:
        if _icons is None:
            _icons = bpy.utils.previews.new()
        if url not in _icons:
            _icons.load(url, str(path), "IMAGE")
    visible = {_picture_url(asset) for asset in on_screen(fields_of(bpy.context))}
    for old in [each for each in _pictures if each not in visible][
        : max(0, len(_pictures) - MOST_ICONS)
    ]:
        del _pictures[old]
        if _icons is not None and old in _icons:
            del _icons[old]


def no_picture(asset: Asset) -> bool:
    """Is there certainly no picture to wait for?"""
    url = _picture_url(asset)
    return url is None or (url in _pictures and _pictures[url] is None)


def facts_words(asset: Asset) -> str | None:
    """Vertices, faces and size of the file in words; None while that is not known."""
    said = facts(asset)
    found = said.answer if said else None
    if isinstance(found, Glb):
        return f"{found.vertices:,} vertices, {found.triangles:,} faces, {size_words(found.length)}"
    return said.complaint if said else None


def size_words(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1024:,.0f} KB" if count < 2**20 else f"{count / 2**20:,.1f} MB"

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel Library looks at: the filter, the entries on screen, their pictures. Only those are fetched, and never while drawing.

The panel says that it was `seen`; a timer then asks for what is lacking, and the heartbeat takes in what was answered. A panel that
is closed asks for nothing.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import bpy.utils.previews

from ..files.glb import Glb
from ..jobs.board import Board
from ..jobs.journal import JournalTrouble
from ..jobs.library import Filter, Library, Sort, State
from ..jobs.messages import Answered
from ..jobs.questions import FileFacts, ListPage, Question, Thumbnail
from ..mint.account import Account
from ..mint.schema import Asset, Kind, Page
from . import current

ON_SCREEN = 12
"""Entries at a time: whole rows of two, three, four or six."""
PICTURES_AT_ONCE = 6
"""Asked for at the same time; the next ones are chosen by what is on screen then, however fast one turns the pages."""
MOST_ICONS = 20 * ON_SCREEN
PAUSE = 0.05

KINDS = [("ALL", "All", "Models and Worlds"), ("MODEL", "Models", "3D Models"), ("WORLD", "Worlds", "Worlds")]
STATES = [
    ("ALL", "Any State", "Whatever became of it"),
    ("DONE", "Done", "What can be imported"),
    ("UNFINISHED", "Being Made", "What Mint is still working on"),
    ("FAILED", "Failed", "What Mint could not make, or what was cancelled"),
]
SORTS = [
    ("NEWEST", "Newest First", "By date"),
    ("OLDEST", "Oldest First", "By date, among what is loaded"),
    ("NAME", "Name", "By name, among what is loaded"),
]


def _filter_changed(fields: MintLibrary, context: bpy.types.Context) -> None:
    fields.start = 0


class MintLibrary(bpy.types.PropertyGroup):
    """What is shown of the library, and which entry is chosen. In the window manager: no part of a .blend."""

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


_library = Library()
_account: Account | None = None
_pictures: dict[str, Path | None] = {}  # by address, the one that came last at the end; None: there is none to be had
_facts: dict[str, Answered] = {}
_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def fields_of(context: bpy.types.Context) -> MintLibrary:
    """The filter and the choice."""
    return context.window_manager.mint_library


def library() -> Library:
    """What is known, of the account in force."""
    global _library, _account
    account = current.account()
    if account != _account:
        _library, _account = Library(), account
        _facts.clear()
    return _library


def kind_of(fields: MintLibrary) -> Kind | None:
    """The kind that is shown; None: both."""
    return None if fields.kind == "ALL" else Kind(fields.kind.lower())


def shown(fields: MintLibrary) -> list[Asset]:
    """All entries that pass the filter."""
    state = None if fields.state == "ALL" else State(fields.state.lower())
    return library().entries(Filter(kind_of(fields), state, fields.words, Sort(fields.sort.lower())))


def on_screen(fields: MintLibrary) -> list[Asset]:
    """The few of them that are drawn."""
    return shown(fields)[fields.start : fields.start + ON_SCREEN]


def chosen(fields: MintLibrary) -> Asset | None:
    """The entry whose details are shown."""
    return library().get(fields.chosen)


def file_url(asset: Asset) -> str | None:
    """The GLB that says how large a model is, or how large a World's collider."""
    assets = asset.assets
    return (assets.glb_url or assets.optimized_glb_url or assets.collider_mesh_url) if assets else None


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
    board = current.existing()
    return board is not None and any(isinstance(each, ListPage) for each in board.asked())


# -- what is lacking -------------------------------------------------------------------------------------------------------


def seen(context: bpy.types.Context) -> None:
    """The panel was drawn: what it lacks is asked for as soon as drawing is over."""
    if _lacking(fields_of(context)) and not bpy.app.timers.is_registered(_supply):
        bpy.app.timers.register(_supply, first_interval=PAUSE)


def ask(*questions: Question) -> str | None:
    """Ask, unless it is asked already; a sentence says why that cannot be."""
    try:
        board = current.board()
    except JournalTrouble as trouble:
        return str(trouble)
    for question in questions:
        if not board.is_asked(question):
            board.ask(question)
    if questions:
        from . import heartbeat  # which knows this module

        heartbeat.ensure()
    return None


def catch_up(board: Board) -> None:
    """Take in what was answered. The board keeps none of it: five thousand entries are kept once."""
    for question in [each for each in board.answers if isinstance(each, ListPage | Thumbnail | FileFacts)]:
        said = board.answers.pop(question)
        if isinstance(question, ListPage):
            library().take_in(question, said.answer if isinstance(said.answer, Page) else None, said.complaint)
        elif isinstance(question, Thumbnail):
            _take_picture(question.url, said.answer if isinstance(said.answer, Path) else None)
        elif isinstance(question, FileFacts):
            _facts[question.url] = said


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


def _supply() -> None:
    ask(*_lacking(fields_of(bpy.context)))


def _lacking(fields: MintLibrary) -> list[Question]:
    """First pages, pictures on screen, and the size of the chosen one: as far as nobody has asked for them."""
    if not current.may_go_online() or not current.account().key:
        return []
    known, board = library(), current.existing()
    asked: frozenset[Question] = board.asked() if board else frozenset()
    questions: list[Question] = []
    if known.complaint(kind_of(fields)) is None:
        questions += known.begin(kind_of(fields))
    pictures = [Thumbnail(url) for asset in on_screen(fields) if (url := _picture_url(asset)) and url not in _pictures]
    room = PICTURES_AT_ONCE - sum(isinstance(each, Thumbnail) for each in asked)
    questions += [each for each in dict.fromkeys(pictures) if each not in asked][: max(0, room)]
    asset = chosen(fields)
    url = file_url(asset) if asset else None
    if url is not None and url not in _facts:
        questions.append(FileFacts(url))
    return [each for each in questions if each not in asked]


def _picture_url(asset: Asset) -> str | None:
    return asset.assets.picture_url if asset.assets else None


def _take_picture(url: str, path: Path | None) -> None:
    """A picture is here. Of those that were shown long ago Blender's memory is freed; they are still on disk."""
    global _icons
    _pictures[url] = path
    if path is None or bpy.app.background:
        return
    if _icons is None:
        _icons = bpy.utils.previews.new()
    if url not in _icons:
        _icons.load(url, str(path), "IMAGE")
    visible = {_picture_url(asset) for asset in on_screen(fields_of(bpy.context))}
    for old in [each for each in _pictures if each not in visible][: max(0, len(_pictures) - MOST_ICONS)]:
        del _pictures[old]
        if old in _icons:
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


def preset_words(asset: Asset) -> str | None:
    """The preset, where a job of this journal made it: Mint does not tell it with the result."""
    board = current.existing()
    made = (job for job in board.jobs() if job.asset and job.asset.id == asset.id and job.existing is None) if board else iter(())
    job = next(made, None)
    return job.request.preset.value.title() if job else None


def size_words(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1024:,.0f} KB" if count < 2**20 else f"{count / 2**20:,.1f} MB"

# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter of the library, and which page is shown; and what is known of the library.

The fields are properties of the window manager, the entries are in memory while Blender runs.
"""

import time
from functools import lru_cache
from typing import TYPE_CHECKING

import bpy

from .. import session, visibility

if TYPE_CHECKING:
    from pathlib import Path

    from ...jobs.job import Job
    from ...jobs.library.view_model import Filter
    from ...mint.account import Account
    from ...mint.schema import Kind

KINDS = [
    ("ALL", "Models and Worlds", "Everything that was generated"),
    ("MODEL", "Models", "3D Models"),
    ("WORLD", "Worlds", "Worlds"),
]


class LibraryState:
    """The entries of one account, and what was fetched about them. Times are `time.monotonic`."""

    account: "Account | None" = None
    """The account that the entries belong to."""
    filter_changed_at = 0.0
    news_at = 0.0
    """When a job last reported an entry that no list has yet."""

    def __init__(self) -> None:
        from ...jobs.library.view_model import Library

        self.library = Library()
        self.pictures: dict[str, Path | None] = {}
        """Paths of thumbnails by URL, the most recent last; None if there is none."""
        self.jobs: dict[str | None, Job] = {}
        """The job that made each entry, by the entry's id, as far as they are in memory."""

    def use(self, account: "Account") -> None:
        """Forget the entries of any other account."""
        if account != self.account:
            self.library = type(self.library)()
            self.account = account


def library_state() -> LibraryState:
    """Return the state of this session."""
    return session.state(LibraryState)


def _filter_changed(fields: "MintLibrary", context: bpy.types.Context) -> None:
    state = library_state()
    fields.start = 0
    state.filter_changed_at = time.monotonic()
    state.library.entries(filter_of(fields))  # sort now, so that drawing need not
    visibility.tag_redraw()  # the bar, with each letter that is typed


class MintLibrary(bpy.types.PropertyGroup):
    """What is shown of the library.

    In the window manager, so that none of it is saved in a .blend file.
    """

    kind: bpy.props.EnumProperty(name="Kind", items=KINDS, update=_filter_changed)
    words: bpy.props.StringProperty(
        name="Filter",
        description="Show only items with these words in their name or prompt",
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
        update=_filter_changed,
    )
    start: bpy.props.IntProperty(min=0, options={"SKIP_SAVE"})


def fields_of(context: bpy.types.Context) -> MintLibrary:
    """Return the filter and the page."""
    return context.window_manager.mint_library


def kind_of(fields: MintLibrary) -> "Kind | None":
    """Return the kind that is shown; None means both."""
    return _kind(fields.kind)


def filter_of(fields: MintLibrary) -> "Filter":
    """Return what is searched for."""
    return _filter(fields.kind, fields.words)


@lru_cache
def _kind(name: str) -> "Kind | None":
    from ...mint.schema import Kind

    return None if name == "ALL" else Kind(name.lower())


@lru_cache(maxsize=16)
def _filter(kind: str, words: str) -> "Filter":
    """Return the filter of these items; several times at each drawing."""
    from ...jobs.library.view_model import Filter

    return Filter(_kind(kind), None, words)

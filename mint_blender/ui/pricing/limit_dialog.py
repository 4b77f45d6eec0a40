# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogs that spend Credits, and the questions before anything else does.

A question says what is above a limit of the preferences, or what a button without a price costs.
The action waits here until the user has clicked. Without a window nothing waits here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import bpy

from ...message import Message, sentences
from .. import session
from ..operator_bases import ButtonOperator
from ..text_wrap import lines_of, wrapped
from ..translations import translated
from ..typed_context import ui_scale
from . import paid_clicks

if TYPE_CHECKING:
    from ...jobs.queries import Query
    from ...jobs.service import JobService, TooExpensive

Act = Callable[[bpy.types.Operator | None], Any]
"""A function that does what was clicked.

It must use no operator but the one that it is given: Blender frees operators when they have run.
"""

_WIDTH = 380
_DIALOG = "dialog"
_CANCEL = 0.3
"""Share of the width of the button that spends nothing; the price needs the room."""


class SpendingDialog:
    """Base of the operators whose dialog spends Credits when its button is clicked.

    Blender would confirm a dialog with Enter, or with a letter: so it has a button of our own.
    """

    _words = Message("")
    """What its button does; empty: there is no dialog, a script runs `execute`."""
    keep_words = Message("Cancel")
    """What the other button does."""
    keeps_by_default = False
    """Whether Enter presses the other button; it never presses the one that spends."""
    is_done = False
    """Whether its button has started what the dialog is about."""

    def queries(self) -> "Sequence[Query]":
        """Return the queries for what the dialog shows now."""
        return ()

    def price(self, service: "JobService") -> float | None:
        """Return what the dialog would spend, in Credits; None: unknown."""
        queries = self.queries()
        return service.budget.total(queries) if queries else None

    def ask_before_spending(
        self: Any,
        context: bpy.types.Context,
        *,
        width: int,
        confirm_text: str | Message,
        title: str = "",
    ) -> Any:
        """Ask Mint for the prices, and open the dialog."""
        from . import price_dialog

        self._words = Message(confirm_text)
        _state().open.append(self)
        paid_clicks.opened(_DIALOG)
        price_dialog.ask_unknown(*self.queries())
        return context.window_manager.invoke_props_dialog(self, width=width, title=title)

    def check(self, context: bpy.types.Context) -> bool:
        """Ask for new prices where needed, after a change in the dialog."""
        from . import price_dialog

        price_dialog.ask_unknown(*self.queries())
        return True

    def draw(self: Any, context: bpy.types.Context) -> None:
        """Draw the dialog, and have it drawn again when Mint has answered."""
        from . import price_dialog

        price_dialog.note(context.region_popup)
        self.draw_dialog(context)
        if not self._words:
            return
        price = price_of(self)
        layout = self.layout
        paid_clicks.note(_DIALOG, price)
        layout.separator()
        row = layout.split(factor=_CANCEL)
        row.operator_context = "INVOKE_DEFAULT"
        keep = row.row()
        # before the buttons: only then Blender adds none of its own
        keep.active_default = self.keeps_by_default
        keep.operator("mint.close_dialog", text=translated(self.keep_words), translate=False)
        button = row.row()
        button.active_default = not self.keeps_by_default
        words = self.words_of_button(paid_clicks.words_on("mint.pay", self._words), price)
        button.operator("mint.pay", text=translated(words), translate=False).credits = price or 0.0

    def words_of_button(self, action: Message, price: float | None) -> Message:
        """Return what its button does, and what that costs."""
        from . import price_dialog

        return price_dialog.with_price(action, price, self.queries())

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw what is in the dialog."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> Any:
        """Spend the Credits for a script; a dialog does so only with its button."""
        return {"CANCELLED"} if self._words else self.spend(context, self)

    def spend(self, context: bpy.types.Context, operator: Any) -> Any:
        """Do what was asked for; `operator` is the one that reports what is not possible."""
        raise NotImplementedError

    def cancel(self, context: bpy.types.Context) -> None:
        """Forget the dialog: Blender frees it."""
        _state().open = [dialog for dialog in _state().open if dialog is not self]


class LossDialog(SpendingDialog):
    """Base of the operators that ask before Credits may be lost.

    Neither a key nor a double click loses them. A script is not asked.
    """

    keep_words = Message("Keep Job")
    keeps_by_default = True
    _loss = Message("")
    _icon = "QUESTION"

    def ask_before_loss(
        self: Any,
        context: bpy.types.Context,
        *,
        title: str,
        loss: Message,
        words: Message,
        is_paid: bool,
    ) -> Any:
        """Open the dialog: `loss` is what may be lost, `words` are what its button does.

        `is_paid` says whether Credits were spent or reserved.
        """
        self._loss = loss
        self._icon = "ERROR" if is_paid else "QUESTION"
        return self.ask_before_spending(context, width=_WIDTH, confirm_text=words, title=title)

    def draw_dialog(self: Any, context: bpy.types.Context) -> None:
        """Draw what may be lost."""
        width = round(_WIDTH * ui_scale())
        wrapped(self.layout, self._loss, width=width, icon=self._icon, scale=1.0)

    def words_of_button(self, action: Message, price: float | None) -> Message:
        """Return what its button does: it spends nothing."""
        return action


def price_of(dialog: SpendingDialog) -> float | None:
    """Return what a dialog would spend, in Credits; None: unknown."""
    service = session.existing_service()
    return dialog.price(service) if service is not None else None


def in_front() -> SpendingDialog | None:
    """Return the dialog that is open above all others; Blender frees it when it is closed."""
    return next(reversed(_state().open), None)


class Question(NamedTuple):
    """What the user is asked before an action spends Credits.

    Attributes:
        title: Of the dialog.
        words: What the button does, without the price.
        text: A sentence above it.
        act: The action.
        price: Returns what it costs in Credits; None: unknown.
        spent: The Credits that were spent today; None: that does not matter.
        queries: The prices to ask Mint for.
        window: The window of the click.
    """

    title: Message
    words: Message
    text: str
    act: Act
    price: "Callable[[JobService], float | None]"
    spent: float | None = None
    queries: "tuple[Query, ...]" = ()
    window: int = 0


class _State:
    """The dialogs, and what the user is asked."""

    def __init__(self) -> None:
        self.open: list[SpendingDialog] = []
        """The dialogs that are open, each above the one before."""

    unconfirmed: Question | None = None
    """What the user is asked."""


def _state() -> _State:
    return session.state(_State)


def when_confirmed(error: "TooExpensive", act: Act, shown: float = 0.0) -> None:
    """Ask the user about a limit, and run the action if they confirm.

    `shown` is the price that the clicked button showed, in Credits; 0: none.
    """
    credits = error.credits
    words = error.message
    if credits is not None and 0 < round(shown) < round(credits):
        why = Message(
            "The button showed {shown:,.0f} Credits. Your limit counts the most that Mint may take,"
            " {credits:,.0f} Credits.",
            shown=shown,
            credits=credits,
        )
        words = sentences(words, why)
    _ask(
        Question(
            Message("Above Your Limit"),
            Message("Start Anyway"),
            words,
            act,
            lambda service: credits,
            error.spent,
        )
    )


def ask_price(
    title: str,
    words: Message,
    price: "Callable[[JobService], float | None]",
    queries: "Sequence[Query | None]",
    act: Act,
) -> Any:
    """Show the user what a click costs whose button did not, and run the action if they agree."""
    asked = tuple(query for query in queries if query is not None)
    _ask(Question(words, words, title, act, price, queries=asked))
    return {"CANCELLED"}


def _ask(question: Question) -> None:
    """Ask the user in the window of the click."""
    window = key_of(bpy.context)
    _state().unconfirmed = question._replace(window=window)
    with inside(window):
        bpy.ops.mint.spend("INVOKE_DEFAULT")  # type: ignore[attr-defined]


class MINT_OT_spend(SpendingDialog, ButtonOperator):
    """Confirm what this costs."""

    bl_idname = "mint.spend"
    bl_label = "Confirm Price"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Open the dialog."""
        question = _state().unconfirmed
        if question is None:
            return {"CANCELLED"}
        self._question = question
        return self.ask_before_spending(
            context, width=_WIDTH, confirm_text=question.words, title=translated(question.title)
        )

    def queries(self) -> "Sequence[Query]":
        """Return the prices that the question is about."""
        return self._question.queries

    def price(self, service: "JobService") -> float | None:
        """Return what the question is about, in Credits."""
        return self._question.price(service)

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw the sentence, and what was spent today."""
        column = self.layout.column(align=True)
        question = self._question
        room = (_WIDTH - 50) * ui_scale()
        is_limit = question.spent is not None
        icon: Any = "ERROR" if is_limit else "QUESTION"
        for number, line in enumerate(lines_of(translated(question.text), room)):
            column.label(text=line, icon="BLANK1" if number else icon, translate=False)
        if is_limit:
            words = Message("Spent today: {credits:,.0f} Credits", credits=question.spent)
            self.layout.label(text=translated(words), icon="BLANK1", translate=False)

    def spend(self, context: bpy.types.Context, operator: Any) -> Any:
        """Run the confirmed action."""
        self._forget()
        with inside(self._question.window):
            return self._question.act(operator)

    def cancel(self, context: bpy.types.Context) -> None:
        """Drop the declined action."""
        super().cancel(context)
        self._forget()

    def _forget(self) -> None:
        """Ask no longer, unless another question has followed."""
        if _state().unconfirmed is self._question:
            _state().unconfirmed = None


def key_of(context: bpy.types.Context) -> int:
    """Return a key of the current window, its address; 0 if there is none."""
    return context.window.as_pointer() if context.window is not None else 0


@contextmanager
def inside(key: int) -> Iterator[None]:
    """Run operators in the remembered window, else in the first one."""
    windows = list(bpy.context.window_manager.windows)
    first = next(iter(windows), None)
    window = next((window for window in windows if window.as_pointer() == key), first)
    with bpy.context.temp_override(window=window):
        yield


def close_popups(key: int) -> None:
    """Close the popups of the window with this key, as a change of its screen does."""
    for window in bpy.context.window_manager.windows:
        if window.as_pointer() == key:
            window.screen = window.screen


class MINT_OT_pay(ButtonOperator):
    """Do this, for this price.

    Only a click of the mouse does it.
    """

    bl_idname = "mint.pay"
    bl_label = "Start"

    credits: bpy.props.FloatProperty(options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Run the open dialog; it stays if that is not possible, or above a limit."""
        dialog = in_front()
        if dialog is None or not paid_clicks.is_click(self, event):
            return {"CANCELLED"}
        if not paid_clicks.is_same(self.credits, price_of(dialog)):
            paid_clicks.refuse(self, paid_clicks.AGAIN)
            return {"CANCELLED"}
        done = dialog.spend(context, self)
        dialog.is_done = done == {"FINISHED"}
        if dialog.is_done:
            close_popups(key_of(context))
        return done


class MINT_OT_close_dialog(ButtonOperator):
    """Close this dialog and start nothing."""

    bl_idname = "mint.close_dialog"
    bl_label = "Cancel"

    def execute(self, context: bpy.types.Context) -> Any:
        """Close it."""
        close_popups(key_of(context))
        return {"FINISHED"}

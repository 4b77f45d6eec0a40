# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of messages: strings that keep their template and values."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from enum import StrEnum

import pytest

from mint_blender.message import Message, message_of, sentences


class Kind(StrEnum):
    """Names of kinds as an example."""

    MODEL = "model"


NESTED = Message(
    "Paused: {reason}", reason=Message("{count:,} left of {kind}", count=1500, kind=Kind.MODEL)
)


def test_a_message_is_its_english_text():
    """A message is a string with the values filled in, and keeps its template and values."""
    message = Message("{left:,.0f} Credits of {name}", left=1500.0, name="{me}")
    assert message == "1,500 Credits of {me}"
    assert f"{message}!" == "1,500 Credits of {me}!"
    assert (message.template, message.params) == (
        "{left:,.0f} Credits of {name}",
        {"left": 1500.0, "name": "{me}"},
    )


def test_a_text_without_values_may_contain_braces():
    """Only a message with values is a template."""
    assert Message('{"prompt": 1}') == '{"prompt": 1}'


def test_an_error_keeps_its_message():
    """`str(error)` is the message itself; the text of another error is not translated."""
    message = Message("No {thing}.", thing="file")
    assert str(ValueError(message)).template == "No {thing}."  # type: ignore[attr-defined]
    assert (
        Message("Failed: {error}", error=ValueError(message)).params["error"].template
        == "No {thing}."
    )  # type: ignore[union-attr]
    assert message_of(OSError("{disk}")).params == {"text": "{disk}"}


def test_enum_members_are_messages():
    """An enum member is translated where it is shown; a user's text is not."""
    message = Message("{kind} {name}", kind=Kind.MODEL, name="model")
    assert isinstance(message.params["kind"], Message)
    assert not isinstance(message.params["name"], Message)


@dataclass(frozen=True)
class _Holder:
    message: Message


@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda message: pickle.loads(pickle.dumps(message)),
        lambda message: Message.from_json(json.loads(json.dumps(message.to_json()))),
        lambda message: asdict(_Holder(message))["message"],
    ],
)
def test_a_message_can_be_copied_and_stored(copied):
    """A copy, a pickle and JSON keep the template and the values."""
    message = Message.build(NESTED.template, NESTED.params, "paused")
    again = copied(message)
    assert isinstance(again, Message) and again == message == "Paused: 1,500 left of model"
    assert again.to_json() == message.to_json()


def test_sentences_are_joined():
    """The parts stay messages, so that each is translated; empty parts are skipped."""
    joined = sentences(Message("One."), "", Message("Two."))
    assert joined == "One. Two."
    assert all(isinstance(each, Message) for each in joined.params.values())
    assert sentences() == ""

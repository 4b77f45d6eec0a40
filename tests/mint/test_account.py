# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key and which server are used."""

from __future__ import annotations

from typing import Any

import pytest

from mint_blender.mint.account import Account
from mint_blender.mint.base_url import DEFAULT_BASE_URL


def test_the_environment_wins_over_the_preferences():
    """And says so, since a person may wonder why the key in the preferences is not used."""
    environ = {"MINT_API_KEY": " sk-env\n", "MINT_API_BASE_URL": "http://127.0.0.1:1/v1"}
    account = Account.of(environ, key="sk-preferences", base_url="https://api.dev.mint.gg/v1")
    assert (account.key, account.base_url) == ("sk-env", "http://127.0.0.1:1/v1")
    assert "MINT_API_KEY" in account.key_source


def test_the_preferences_count_where_the_environment_is_silent():
    """Empty variables are silent too."""
    account = Account.of(
        {"MINT_API_KEY": "", "MINT_API_BASE_URL": " "},
        key=" sk-preferences ",
        base_url="https://api.dev.mint.gg/v1",
    )
    assert (account.key, account.base_url, account.key_source) == (
        "sk-preferences",
        "https://api.dev.mint.gg/v1",
        "the preferences",
    )


def test_without_settings_it_is_mint_without_a_key():
    """The key is then asked for by whoever wants to send something."""
    assert (Account.of({}).key, Account.of({}).base_url) == ("", DEFAULT_BASE_URL)


ELSEWHERE = {"MINT_API_BASE_URL": "https://elsewhere.example/v1"}


def test_an_address_of_the_environment_does_not_get_the_key_of_the_preferences():
    """The key is left out until the user confirmed the address.

    Otherwise whoever can set a variable would get the key.
    """
    account = Account.of(ELSEWHERE, key="sk-preferences")
    assert (account.key, account.base_url, account.withheld_from) == (
        "",
        "https://elsewhere.example/v1",
        "https://elsewhere.example",
    )


@pytest.mark.parametrize(
    ("environ", "more"),
    [
        (ELSEWHERE, {"confirmed": ["https://elsewhere.example"]}),
        (ELSEWHERE | {"MINT_API_KEY": "sk-preferences"}, {}),
        (ELSEWHERE, {"base_url": "https://elsewhere.example/v2"}),
        ({"MINT_API_BASE_URL": "https://API.mint.gg:443/v1"}, {}),
    ],
    ids=["confirmed", "both from the environment", "entered in the preferences too", "Mint itself"],
)
def test_an_address_that_the_user_has_chosen_gets_the_key(
    environ: dict[str, str], more: dict[str, Any]
):
    """A confirmed, configured or default address gets the key."""
    account = Account.of(environ, key="sk-preferences", **more)
    assert (account.key, account.withheld_from) == ("sk-preferences", "")


@pytest.mark.parametrize(
    "confirmed",
    [
        ["https://elsewhere.example:8443"],
        ["http://elsewhere.example"],
        ["https://elsewhere.example.evil"],
    ],
)
def test_another_server_is_not_confirmed_by_it(confirmed: list[str]):
    """Scheme, host and port have to be the same."""
    assert Account.of(ELSEWHERE, key="sk-preferences", confirmed=confirmed).key == ""


def test_an_account_does_not_show_its_key():
    """It is passed around, and may be printed by accident."""
    assert "sk-secret" not in f"{Account('sk-secret')} {Account('sk-secret')!r}"

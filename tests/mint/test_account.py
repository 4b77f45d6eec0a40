# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for the choice of the API key and the server."""

from __future__ import annotations

from typing import Any

import pytest

from mint_blender.mint.account import DEFAULT_BASE_URL, Account


def test_environment_overrides_preferences():
    """`key_source` names the variable, so that the user sees why the key in preferences is unused."""
    environ = {"MINT_API_KEY": " sk-env\n", "MINT_API_BASE_URL": "http://127.0.0.1:1/v1"}
    account = Account.of(environ, key="sk-preferences", base_url="https://api.dev.mint.gg/v1")
    assert (account.key, account.base_url) == ("sk-env", "http://127.0.0.1:1/v1")
    assert "MINT_API_KEY" in account.key_source


def test_preferences_apply_when_the_environment_is_empty():
    """Empty and blank variables count as unset."""
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


def test_the_default_is_mint_without_a_key():
    """Without settings the account has no key and Mint's default base URL."""
    assert (Account.of({}).key, Account.of({}).base_url) == ("", DEFAULT_BASE_URL)


ELSEWHERE = {"MINT_API_BASE_URL": "https://elsewhere.example/v1"}


def test_a_base_url_from_the_environment_does_not_get_the_key_from_preferences():
    """The key is withheld until the user has confirmed the address.

    Otherwise anyone who can set an environment variable could get the key.
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
def test_an_address_chosen_by_the_user_gets_the_key(environ: dict[str, str], more: dict[str, Any]):
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
def test_confirming_one_server_does_not_confirm_another(confirmed: list[str]):
    """The scheme, host and port must all be the same."""
    assert Account.of(ELSEWHERE, key="sk-preferences", confirmed=confirmed).key == ""


def test_repr_of_an_account_does_not_contain_the_key():
    """Accounts are passed around and could be printed by accident."""
    assert "sk-secret" not in f"{Account('sk-secret')} {Account('sk-secret')!r}"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for the choice of the API key and the server, and of addresses that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from mint_blender.mint.account import Account, Origin

HERE, DEV = "http://127.0.0.1:1/v1", "https://api.dev.mint.gg/v1"
NAMED = "the environment variable MINT_API_KEY"


@pytest.mark.parametrize(
    ("environ", "more", "expected"),
    [
        (
            {"MINT_API_KEY": " sk-env\n", "MINT_API_BASE_URL": HERE},
            {"key": "sk-own", "base_url": DEV},
            ("sk-env", HERE, NAMED),
        ),
        (
            {"MINT_API_KEY": "", "MINT_API_BASE_URL": " "},
            {"key": " sk-own ", "base_url": DEV},
            ("sk-own", DEV, "the preferences"),
        ),
        ({}, {}, ("", "https://api.mint.gg/v1", "the preferences")),
    ],
    ids=["environment", "preferences", "default"],
)
def test_the_environment_comes_first(environ, more, expected):
    """The source is named, so that the user sees why the key in the preferences is unused."""
    account = Account.of(environ, **more)
    assert (account.key, account.base_url, account.key_source) == expected


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


# -- which base addresses are accepted, and which are refused before a key is sent


@pytest.mark.covers("C19-colon")
@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.dev.mint.gg/v1/", "https://api.dev.mint.gg/v1/models:generate"),
        ("  https://API.mint.gg:8443/v1  ", "https://api.mint.gg:8443/v1/models:generate"),
        ("https://gateway.example/mint/v1", "https://gateway.example/mint/v1/models:generate"),
        ("https://api.example", "https://api.example/models:generate"),
        ("http://127.0.0.1:8123/v1", "http://127.0.0.1:8123/v1/models:generate"),
        ("http://127.8.9.10/v1", "http://127.8.9.10/v1/models:generate"),
        ("http://localhost:1/v1", "http://localhost:1/v1/models:generate"),
        ("http://[::1]:8123/v1", "http://[::1]:8123/v1/models:generate"),
    ],
)
def test_joined_paths_keep_the_colon(base_url, url):
    """A trailing slash makes no difference, and the colon of an action route is not escaped."""
    assert Origin.parse(base_url).url("models:generate") == url
    assert Origin.parse(base_url).url("/models:generate") == url


@pytest.mark.covers("C21-address")
@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://api.mint.gg/v1", "must start with https://"),
        ("http://localhost.example/v1", "must start with https://"),
        ("http://127.0.0.1.example/v1", "must start with https://"),
        ("http://10.0.0.1/v1", "must start with https://"),
        ("http://[::2]/v1", "must start with https://"),
        ("ftp://api.mint.gg/v1", "must look like"),
        ("api.mint.gg/v1", "must look like"),
        ("https:///v1", "must look like"),
        ("", "must look like"),
        ("https://api.mint.gg\\@elsewhere.example/v1", "must"),
        ("https://%61pi.mint.gg/v1", "must look like"),
        ("https://me:secret@api.mint.gg/v1", "user name or password"),
        ("https://@api.mint.gg/v1", "user name or password"),
        ("https://api.mint.gg/v1?key=1", "query or a fragment"),
        ("https://api.mint.gg/v1?", "query or a fragment"),
        ("https://api.mint.gg/v1#top", "query or a fragment"),
        ("https://api.mint.gg/v 1", "space"),
        ("https://api.mint.gg/\u200bv1", "control character"),
        ("https://api.mint.gg:99999/v1", "is not a valid address"),
        ("https://[::1/v1", "is not a valid address"),
    ],
)
def test_an_unusable_base_url_is_rejected_with_a_message(base_url, why):
    """The message names the error and the default address, and does not repeat a password."""
    with pytest.raises(ValueError, match="The Mint base URL") as refused:
        Origin.parse(base_url)
    assert why in str(refused.value)
    assert "https://api.mint.gg/v1" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://API.mint.gg:443/v1/", "https://api.mint.gg"),
        ("https://api.mint.gg/v2", "https://api.mint.gg"),
        ("https://api.mint.gg:8443/v1", "https://api.mint.gg:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:9/v1", "http://[::1]:9"),
    ],
)
def test_equivalent_addresses_have_the_same_origin(written: str, name: str) -> None:
    """Jobs are stored per server, so all spellings of an address must give the same origin."""
    assert Origin.parse(written).name == name

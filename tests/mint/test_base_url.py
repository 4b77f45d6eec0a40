# SPDX-License-Identifier: GPL-3.0-or-later
"""Which base addresses are accepted, and which are refused before a key is sent."""

from __future__ import annotations

import pytest

from mint_blender.mint.account import Origin


def test_the_default_origin_is_mint():
    """Without a setting, requests go to Mint."""
    origin = Origin.parse()
    assert (origin.base_url, origin.host, origin.port, origin.is_loopback) == (
        "https://api.mint.gg/v1",
        "api.mint.gg",
        443,
        False,
    )


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

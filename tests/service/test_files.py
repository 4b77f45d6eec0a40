# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of section 9, the file host."""

from __future__ import annotations

import pytest
import requests

from tests.mint_service import glb
from tests.mint_service.runner import ThreadService

from .contract_client import ContractClient


@pytest.fixture
def url(client: ContractClient) -> str:
    return str(client.finished("a mug")["assets"]["glbUrl"])


def test_the_file_host_is_another_origin(service: ThreadService, url: str) -> None:
    """The port differs from the API's, and the addresses have the form of Mint's."""
    assert url.startswith(service.files + "/glb/a-mug-")
    assert service.files not in service.api


@pytest.mark.shows_key("a secret is sent to the file host to see that it refuses it")
@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_a_secret_is_rejected_and_logged(service: ThreadService, url: str, name: str) -> None:
    """Any key or cookie sent to the file host returns 400, and the log marks it as a leak."""
    assert requests.get(url, headers={name: "Bearer anything"}, timeout=10).status_code == 400
    assert [entry.path for entry in service.leaks()] == [
        url.removeprefix(service.files).partition("?")[0]
    ]


def test_download_a_whole_file(url: str) -> None:
    """Length, type, ETag, CORS and ranges are sent, and the GLB contains its prompt."""
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers["Content-Type"] == "model/gltf-binary"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["ETag"].startswith('"')
    assert glb.extras(answer.content)["prompt"] == "a mug"


def test_head_has_the_same_headers_without_content(url: str) -> None:
    """A HEAD response contains the length."""
    answer = requests.head(url, timeout=10)
    assert answer.headers["Content-Length"] == str(len(requests.get(url, timeout=10).content))
    assert answer.content == b""


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999999", 5, None),
        ("bytes=0-0", 0, 1),
    ],
)
def test_a_range_returns_its_bytes(url: str, asked: str, start: int, end: int | None) -> None:
    """The response is 206 with exactly the requested bytes and their Content-Range."""
    whole = requests.get(url, timeout=10).content
    answer = requests.get(url, headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content) == (206, whole[start:end])
    first = start % len(whole)
    assert (
        answer.headers["Content-Range"]
        == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"
    )


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_416(url: str, asked: str) -> None:
    """The response contains the length of the file."""
    answer = requests.get(url, headers={"Range": asked}, timeout=10)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=b-a", "bytes=-"])
def test_unsupported_ranges_return_the_whole_file(url: str, asked: str) -> None:
    """This covers several ranges and invalid headers."""
    assert requests.get(url, headers={"Range": asked}, timeout=10).status_code == 200


def test_if_range_returns_a_range_of_the_same_version_only(url: str) -> None:
    """For another version of the file, the whole file is returned."""
    tag = requests.get(url, timeout=10).headers["ETag"]
    assert (
        requests.get(url, headers={"Range": "bytes=5-", "If-Range": tag}, timeout=10).status_code
        == 206
    )
    assert (
        requests.get(
            url, headers={"Range": "bytes=5-", "If-Range": '"other"'}, timeout=10
        ).status_code
        == 200
    )


@pytest.mark.parametrize("status", [403, 404, 410])
def test_links_expire_and_a_new_read_returns_new_links(
    service: ThreadService, client: ContractClient, status: int
) -> None:
    """After an hour a link is rejected, and a new read returns a working one."""
    service.scenario(expired_status=status)
    done = client.finished("a mug")
    old = done["assets"]["glbUrl"]
    service.advance(3590)
    assert requests.get(old, timeout=10).status_code == 200
    service.advance(20)
    assert requests.get(old, timeout=10).status_code == status
    fresh = client.get(f"/models/{done['resource']['id']}").json()["assets"]["glbUrl"]
    assert fresh != old and fresh.partition("?")[0] == old.partition("?")[0]
    assert requests.get(fresh, timeout=10).status_code == 200
    assert client.operation(done)["assets"]["glbUrl"] == fresh


def test_the_lifetime_of_links_can_be_set(service: ThreadService, client: ContractClient) -> None:
    """`links_expire` is in seconds; two reads return the same link; links cannot be forged."""
    service.scenario(links_expire=60)
    done = client.finished("a mug")
    service.advance(40)
    newer = client.operation(done)["assets"]["glbUrl"]
    assert newer != done["assets"]["glbUrl"] and newer == client.operation(done)["assets"]["glbUrl"]
    service.advance(50)
    assert requests.get(newer, timeout=10).status_code == 200
    service.advance(11)
    assert requests.get(newer, timeout=10).status_code == 403
    assert requests.get(newer.replace("expires=", "expires=9"), timeout=10).status_code == 403
    assert requests.get(newer.partition("?")[0], timeout=10).status_code == 403


def test_the_file_host_serves_only_files(service: ThreadService) -> None:
    """Unknown paths return 404, other methods 405, and a path cannot leave the folder."""
    assert requests.get(service.files + "/glb/none.glb", timeout=10).status_code == 404
    assert requests.get(service.files + "/%2e%2e/%2e%2e/etc/passwd", timeout=10).status_code == 404
    assert requests.post(service.files + "/glb/none.glb", timeout=10).status_code == 405

# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of switches that change reads, generated assets and downloads."""

from __future__ import annotations

import time

import requests

from tests.mint_service import glb

from ..contract_client import ContractClient
from ..test_errors import slug
from . import ENDS, check, download, finished


@check("settling")
def settling(client: ContractClient, name: str) -> None:
    model = finished(client, name)["resource"]["id"]
    answers = [client.get(f"/models/{model}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert slug(answers[0]) == "service-unavailable" and answers[0].headers["Retry-After"] == "1"


@check("incomplete")
def incomplete(client: ContractClient, name: str) -> None:
    model = finished(client, name)["resource"]["id"]
    document = [client.get(f"/models/{model}").json() for _ in range(3)]
    assert [one["assets"] is None for one in document] == [True, True, False]
    assert [one["status"] for one in document] == ["running", "running", "succeeded"]


@check("downloads-disabled")
def downloads_disabled(client: ContractClient, name: str) -> None:
    model = finished(client, name)
    for what in ("artifacts", "artifact-manifest"):
        answer = client.get(f"/assets/model/{model['resource']['id']}/{what}")
        assert (answer.status_code, slug(answer)) == (403, "downloads-disabled")
    assert client.get(f"/models/{model['resource']['id']}").json()["assets"]["glbUrl"]


# generated assets


@check("null-assets")
def null_assets(client: ContractClient, name: str) -> None:
    done = finished(client, name)
    assert (done["status"], done["assets"]) == ("succeeded", None)


@check("draco-original")
def draco_original(client: ContractClient, name: str) -> None:
    document, _ = glb.unpack(download(finished(client, name)["assets"]["glbUrl"]).content)
    assert document["extensionsRequired"] == ["KHR_draco_mesh_compression", "EXT_texture_webp"]


@check("already-optimized")
def already_optimized(client: ContractClient, name: str) -> None:
    assert finished(client, name)["assets"]["optimizedGlbUrl"]


@check("bounds")
def bounds(client: ContractClient, name: str) -> None:
    assert finished(client, name)["assets"]["bounds"]["size"] == [1, 1, 1]


@check("no-pictures")
def no_pictures(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]", generationMode="review")
    assert client.until(operation, "preview_ready")["assets"] is None
    client.post(f"/operations/{operation['id']}:approve")
    assets = client.until(operation, *ENDS)["assets"]
    assert (assets["previewImageUrl"], assets["thumbnailUrl"]) == (None, None) and assets["glbUrl"]


@check("collider-up")
def collider_up(client: ContractClient, name: str) -> None:
    heights = []
    for prompt in ("a hall", f"a hall [{name}]"):
        url = client.finished(prompt, "world")["assets"]["colliderMeshUrl"]
        document, _ = glb.unpack(download(url).content)
        heights.append(document["accessors"][1]["max"][1] + document["accessors"][1]["min"][1])
    assert heights[0] > 0 > heights[1], (
        "below the eye is +Y in the raw file, and -Y in the corrected one"
    )


@check("spz-null", "rad-null", "pano-null", "collider-null")
def null_members(client: ContractClient, name: str) -> None:
    member = {"spz": "spzUrls", "rad": "radUrl", "pano": "panoUrl", "collider": "colliderMeshUrl"}[
        name.removesuffix("-null")
    ]
    world = finished(client, name, "world")
    assert world["status"] == "succeeded"
    assert [key for key, value in world["assets"].items() if value is None] == [member]


@check("spz-tier-null")
def spz_tier_null(client: ContractClient, name: str) -> None:
    tiers = finished(client, name, "world")["assets"]["spzUrls"]
    assert tiers["full_res"] is None and tiers["100k"]


@check("external-buffer")
def external_buffer(client: ContractClient, name: str) -> None:
    document, _ = glb.unpack(download(finished(client, name)["assets"]["glbUrl"]).content)
    assert document["buffers"][1]["uri"] == "../../outside.bin"


@check("bad-length")
def bad_length(client: ContractClient, name: str) -> None:
    content = download(finished(client, name)["assets"]["glbUrl"]).content
    assert int.from_bytes(content[8:12], "little") == len(content) + 1000


@check("meshopt")
def meshopt(client: ContractClient, name: str) -> None:
    document, _ = glb.unpack(download(finished(client, name)["assets"]["glbUrl"]).content)
    assert document["extensionsRequired"] == ["EXT_meshopt_compression"]


# downloads


@check("api-redirect")
def api_redirect(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    assert url.startswith(client.service.api + "/downloads/glb/")
    first = requests.get(url, allow_redirects=False, timeout=10)
    assert first.status_code == 302 and first.headers["Location"].startswith(client.service.files)
    assert glb.extras(download(url).content)
    assert not client.service.leaks()


def broken(url: str, **headers: str) -> tuple[int, bytes, int, str]:
    """Return the status, the received bytes, the announced length and the ETag of a download.

    The download may break off.
    """
    got = b""
    with requests.get(url, headers=headers, stream=True, timeout=20) as answer:
        announced = int(answer.headers["Content-Length"])
        try:
            for piece in answer.iter_content(100):
                got += piece
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            pass
        return answer.status_code, got, announced, answer.headers.get("ETag", "")


@check("file-truncated")
def file_truncated(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    for _ in range(2):
        _, got, announced, _ = broken(url)
        assert 0 < len(got) < announced
    _, rest, announced, _ = broken(url, Range=f"bytes={len(got)}-")
    assert rest == b"" and announced > 0


@check("file-broken")
def file_broken(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    _, got, announced, tag = broken(url)
    assert 0 < len(got) < announced
    answer = download(url, **{"Range": f"bytes={len(got)}-", "If-Range": tag})
    assert answer.status_code == 206
    whole = got + answer.content
    assert len(whole) == announced and glb.extras(whole) and whole == download(url).content


@check("file-changed")
def file_changed(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    _, got, _, tag = broken(url)
    answer = download(url, **{"Range": f"bytes={len(got)}-", "If-Range": tag})
    assert answer.status_code == 200 and answer.headers["ETag"] != tag
    assert glb.extras(answer.content) and not answer.content.startswith(got)


@check("file-no-ranges")
def file_no_ranges(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    _, got, announced, _ = broken(url)
    answer = download(url, Range=f"bytes={len(got)}-")
    assert (answer.status_code, len(answer.content)) == (200, announced)
    assert "Accept-Ranges" not in answer.headers


@check("file-html")
def file_html(client: ContractClient, name: str) -> None:
    answer = download(finished(client, name)["assets"]["glbUrl"])
    assert answer.status_code == 200 and answer.text.startswith("<!DOCTYPE html>")


@check("file-403", "file-404", "file-410")
def file_gone(client: ContractClient, name: str) -> None:
    assets = finished(client, name)["assets"]
    assert download(assets["glbUrl"]).status_code == int(name[-3:])
    assert download(assets["previewImageUrl"]).status_code == 200


@check("file-503")
def file_503(client: ContractClient, name: str) -> None:
    url = finished(client, name)["assets"]["glbUrl"]
    first = download(url)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
    assert download(url).status_code == 200


@check("file-slow")
def file_slow(client: ContractClient, name: str) -> None:
    before = time.monotonic()
    assert glb.extras(download(finished(client, name)["assets"]["glbUrl"]).content)
    assert time.monotonic() - before >= 2

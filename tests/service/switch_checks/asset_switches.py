# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches that change what is read, what was made, and how it comes down."""

from __future__ import annotations

import time

import requests

from tests.mint_service import glb

from ..contract_client import Caller
from ..test_errors import slug
from . import ENDS, check, download, finished


@check("settling")
def settling(caller: Caller, name: str) -> None:
    model = finished(caller, name)["resource"]["id"]
    answers = [caller.get(f"/models/{model}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert slug(answers[0]) == "service-unavailable" and answers[0].headers["Retry-After"] == "1"


@check("incomplete")
def incomplete(caller: Caller, name: str) -> None:
    model = finished(caller, name)["resource"]["id"]
    said = [caller.get(f"/models/{model}").json() for _ in range(3)]
    assert [one["assets"] is None for one in said] == [True, True, False]
    assert [one["status"] for one in said] == ["running", "running", "succeeded"]


@check("downloads-disabled")
def downloads_disabled(caller: Caller, name: str) -> None:
    model = finished(caller, name)
    for what in ("artifacts", "artifact-manifest"):
        answer = caller.get(f"/assets/model/{model['resource']['id']}/{what}")
        assert (answer.status_code, slug(answer)) == (403, "downloads-disabled")
    assert caller.get(f"/models/{model['resource']['id']}").json()["assets"]["glbUrl"]


# what was made


@check("null-assets")
def null_assets(caller: Caller, name: str) -> None:
    done = finished(caller, name)
    assert (done["status"], done["assets"]) == ("succeeded", None)


@check("draco-original")
def draco_original(caller: Caller, name: str) -> None:
    document, _ = glb.unpack(download(finished(caller, name)["assets"]["glbUrl"]).content)
    assert document["extensionsRequired"] == ["KHR_draco_mesh_compression", "EXT_texture_webp"]


@check("already-optimized")
def already_optimized(caller: Caller, name: str) -> None:
    assert finished(caller, name)["assets"]["optimizedGlbUrl"]


@check("bounds")
def bounds(caller: Caller, name: str) -> None:
    assert finished(caller, name)["assets"]["bounds"]["size"] == [1, 1, 1]


@check("no-pictures")
def no_pictures(caller: Caller, name: str) -> None:
    operation = caller.start(f"a mug [{name}]", generationMode="review")
    assert caller.until(operation, "preview_ready")["assets"] is None
    caller.post(f"/operations/{operation['id']}:approve")
    assets = caller.until(operation, *ENDS)["assets"]
    assert (assets["previewImageUrl"], assets["thumbnailUrl"]) == (None, None) and assets["glbUrl"]


@check("collider-up")
def collider_up(caller: Caller, name: str) -> None:
    heights = []
    for prompt in ("a hall", f"a hall [{name}]"):
        url = caller.finished(prompt, "world")["assets"]["colliderMeshUrl"]
        document, _ = glb.unpack(download(url).content)
        heights.append(document["accessors"][1]["max"][1] + document["accessors"][1]["min"][1])
    assert heights[0] > 0 > heights[1], (
        "below the eye is +Y in the raw file, and -Y in the corrected one"
    )


@check("spz-null", "rad-null", "pano-null", "collider-null")
def null_members(caller: Caller, name: str) -> None:
    member = {"spz": "spzUrls", "rad": "radUrl", "pano": "panoUrl", "collider": "colliderMeshUrl"}[
        name.removesuffix("-null")
    ]
    world = finished(caller, name, "world")
    assert world["status"] == "succeeded"
    assert [key for key, value in world["assets"].items() if value is None] == [member]


@check("spz-tier-null")
def spz_tier_null(caller: Caller, name: str) -> None:
    tiers = finished(caller, name, "world")["assets"]["spzUrls"]
    assert tiers["full_res"] is None and tiers["100k"]


@check("external-buffer")
def external_buffer(caller: Caller, name: str) -> None:
    document, _ = glb.unpack(download(finished(caller, name)["assets"]["glbUrl"]).content)
    assert document["buffers"][1]["uri"] == "../../outside.bin"


@check("bad-length")
def bad_length(caller: Caller, name: str) -> None:
    content = download(finished(caller, name)["assets"]["glbUrl"]).content
    assert int.from_bytes(content[8:12], "little") == len(content) + 1000


@check("meshopt")
def meshopt(caller: Caller, name: str) -> None:
    document, _ = glb.unpack(download(finished(caller, name)["assets"]["glbUrl"]).content)
    assert document["extensionsRequired"] == ["EXT_meshopt_compression"]


# downloads


@check("api-redirect")
def api_redirect(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    assert url.startswith(caller.service.api + "/downloads/glb/")
    first = requests.get(url, allow_redirects=False, timeout=10)
    assert first.status_code == 302 and first.headers["Location"].startswith(caller.service.files)
    assert glb.extras(download(url).content)
    assert not caller.service.leaks()


def broken(url: str, **headers: str) -> tuple[int, bytes, int, str]:
    """Status, what arrived, how much was announced, and the ETag of a download that may break."""
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
def file_truncated(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    for _ in range(2):
        _, got, announced, _ = broken(url)
        assert 0 < len(got) < announced
    _, rest, announced, _ = broken(url, Range=f"bytes={len(got)}-")
    assert rest == b"" and announced > 0


@check("file-broken")
def file_broken(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    _, got, announced, tag = broken(url)
    assert 0 < len(got) < announced
    answer = download(url, **{"Range": f"bytes={len(got)}-", "If-Range": tag})
    assert answer.status_code == 206
    whole = got + answer.content
    assert len(whole) == announced and glb.extras(whole) and whole == download(url).content


@check("file-changed")
def file_changed(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    _, got, _, tag = broken(url)
    answer = download(url, **{"Range": f"bytes={len(got)}-", "If-Range": tag})
    assert answer.status_code == 200 and answer.headers["ETag"] != tag
    assert glb.extras(answer.content) and not answer.content.startswith(got)


@check("file-no-ranges")
def file_no_ranges(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    _, got, announced, _ = broken(url)
    answer = download(url, Range=f"bytes={len(got)}-")
    assert (answer.status_code, len(answer.content)) == (200, announced)
    assert "Accept-Ranges" not in answer.headers


@check("file-html")
def file_html(caller: Caller, name: str) -> None:
    answer = download(finished(caller, name)["assets"]["glbUrl"])
    assert answer.status_code == 200 and answer.text.startswith("<!DOCTYPE html>")


@check("file-403", "file-404", "file-410")
def file_gone(caller: Caller, name: str) -> None:
    assets = finished(caller, name)["assets"]
    assert download(assets["glbUrl"]).status_code == int(name[-3:])
    assert download(assets["previewImageUrl"]).status_code == 200


@check("file-503")
def file_503(caller: Caller, name: str) -> None:
    url = finished(caller, name)["assets"]["glbUrl"]
    first = download(url)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
    assert download(url).status_code == 200


@check("file-slow")
def file_slow(caller: Caller, name: str) -> None:
    before = time.monotonic()
    assert glb.extras(download(finished(caller, name)["assets"]["glbUrl"]).content)
    assert time.monotonic() - before >= 2

# SPDX-License-Identifier: GPL-3.0-or-later
"""What file hosts answer: the bytes of responses, one after the other, redirects among them."""

from __future__ import annotations

import itertools
from pathlib import Path

from mint_blender.files.download import Downloader, DownloadLimits
from mint_blender.files.errors import FileError
from mint_blender.net import addresses

from ...files.build_glb import box
from .. import fake_http
from ..checks import check_sentence, guarded_folder
from ..target import MEGABYTE, Target

URL = "https://cdn.example/files/lamp.glb?sig=1"
SEPARATOR = b"\n--next--\n"
LIMITS = DownloadLimits(models=32 * 1024, total=600.0, tries=3, most_tries=6)


def try_responses(data: bytes) -> None:
    """Download a file from a host that answers like this."""
    answers = data.split(SEPARATOR)
    with guarded_folder() as folder, _downloader(answers) as downloader:
        target = folder / "lamp.glb"
        try:
            downloader.fetch(URL, target)
            assert target.stat().st_size <= LIMITS.models
        except FileError as error:
            check_sentence(str(error).replace(str(folder), ""))
            assert not target.exists(), "a file that is not complete"
        _check_folder(folder)


def _downloader(answers: list[bytes]) -> Downloader:
    """Return a downloader whose clock moves only while it waits."""
    clock = itertools.count(0.0, 0.01)
    downloader = Downloader(
        LIMITS, clock=lambda: next(clock), sleep=lambda seconds: None, chance=lambda: 0.5
    )
    left = iter(answers)
    connections = fake_http.FakeConnections(lambda _request: next(left, b""))
    downloader.connections = connections
    send = connections.send

    def checked_send(request, *arguments, **more):
        assert request.url.startswith("https://"), request.url
        host = request.url.split("/")[2]
        assert addresses.parse_literal(host) is None or addresses.is_public(host.split(":")[0])
        assert "Authorization" not in request.headers and "Cookie" not in request.headers
        assert len(connections.requests) < 50
        return send(request, *arguments, **more)

    connections.send = checked_send  # type: ignore[method-assign]
    return downloader


def _check_folder(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names <= {"lamp.glb", "lamp.glb.part", "lamp.glb.part.json"}, names
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2 * LIMITS.models


def response(status: int, body: bytes = b"", **headers: object) -> bytes:
    named = [(name.replace("_", "-"), str(value)) for name, value in headers.items()]
    return fake_http.response_bytes(status, named, body)


GLB = box()
TARGETS = (
    Target(
        "downloads",
        try_responses,
        (
            response(200, GLB, Content_Length=len(GLB), ETag='"a"'),
            response(200, GLB),
            SEPARATOR.join(
                (
                    response(200, GLB[:200], Content_Length=len(GLB), ETag='"a"'),
                    response(
                        206,
                        GLB[200:],
                        Content_Length=len(GLB) - 200,
                        Content_Range=f"bytes 200-{len(GLB) - 1}/{len(GLB)}",
                        ETag='"a"',
                    ),
                )
            ),
            SEPARATOR.join(
                (
                    response(302, Location="https://other.example/x.glb", Content_Length=0),
                    response(307, Location="../y.glb", Content_Length=0),
                    response(200, GLB, Content_Length=len(GLB)),
                )
            ),
            response(200, b"5\r\nglTF\x02\r\n0\r\n\r\n", Transfer_Encoding="chunked"),
            response(200, b"\x1f\x8b\x08\0", Content_Encoding="gzip", Content_Length=4),
            response(503, b"later", Retry_After="120", Content_Length=5),
            response(404, b"gone", Content_Length=4),
            response(416, b"", Content_Range="bytes */5", Content_Length=0),
            response(301, Location="https://[bad", Content_Length=0),
        ),
        memory=16 * MEGABYTE,
    ),
)

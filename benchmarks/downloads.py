# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: one large file against curl, its memory, and many files from one host.

The server is a process of its own, which sends from the system's file cache. Both sides write to
the same disk, in turn. curl does not wait for the disk, a download does, so the times are given
without and with `fsync`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import certifi
import trustme

from mint_blender.files.download import Downloader
from tests.files.file_host import FileHost

from .measure import Row, milliseconds, ratio

SIZE = 10**9
ROUNDS = {"http": 5, "https": 3}
ALLOWED_MEMORY = 16.0  # MB
FILES = 100
FILE_SIZE = 100_000
ROOT = Path(__file__).parents[1]

DOWNLOADING = """
import json, re, sys, time
from pathlib import Path
from mint_blender.files.download import Downloader

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

def note(done, total):
    if done == total:
        ends.append(time.perf_counter())

ends, memory = [], peak()
begun, processor = time.perf_counter(), time.process_time()
with Downloader(local_files=True) as loader:
    loader.fetch(sys.argv[1], Path(sys.argv[2]), progress=note)
now = time.perf_counter()
print(json.dumps([ends[0] - begun, now - begun, time.process_time() - processor, peak() - memory]))
"""


@dataclass(frozen=True)
class Run:
    """One download: times in seconds, memory in MB."""

    received: float
    """Until all bytes are written, without fsync."""
    synced: float
    """Until all bytes are on the disk."""
    processor: float
    """Processor time; of Python without its start and imports."""
    memory: float = 0.0
    """Growth of the process."""


def measure() -> Iterator[Row]:
    """Yield the rows of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = _trusted_authority(folder)
        if shutil.which("curl"):
            yield from _large_file(folder)
        else:
            yield Row("1 GB", "≥ 0.9 × curl", "not measured: install the package curl", None)
        yield from _many_files(folder, authority)


def _trusted_authority(folder: Path) -> trustme.CA:
    """Return a certificate authority that this process and its children trust, among others."""
    authority = trustme.CA()
    bundle = folder / "ca.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    os.environ["REQUESTS_CA_BUNDLE"] = os.environ["CURL_CA_BUNDLE"] = str(bundle)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "server.pem")
    )
    return authority


def _large_file(folder: Path) -> Iterator[Row]:
    memory = 0.0
    for scheme, rounds in ROUNDS.items():
        with _server(folder, scheme) as url:
            pairs = [(_by_curl(url, folder), _by_mint(url, folder)) for _ in range(rounds)]
        curl, mint = zip(*pairs, strict=True)
        yield _against_curl(f"1 GB by {scheme}", mint, curl, "received")
        if scheme == "http":
            yield _against_curl("1 GB by http, with fsync", mint, curl, "synced")
        memory = max(memory, *(run.memory for run in mint))
    reached = memory < ALLOWED_MEMORY
    yield Row("Memory while 1 GB is downloaded", "grows < 16 MB", f"{memory:.1f} MB", reached)


def _against_curl(what: str, mint: Sequence[Run], curl: Sequence[Run], which: str) -> Row:
    ours, theirs = ([getattr(run, which) for run in runs] for runs in (mint, curl))
    speed = ratio(theirs, ours)
    times = " and ".join(f"{statistics.median(each):.2f} s" for each in (ours, theirs))
    processor = ratio([run.processor for run in mint], [run.processor for run in curl])
    text = f"{speed:.2f} × curl ({times}; {processor:.2f} × its processor time)"
    return Row(what, "≥ 0.9 × curl's speed", text, speed >= 0.9)


def _by_curl(url: str, folder: Path) -> Run:
    target = folder / "curl.spz"
    os.sync()
    processor, begun = _children_processor_time(), time.perf_counter()
    subprocess.run(["curl", "--silent", "--fail", "--output", str(target), url], check=True)
    received = time.perf_counter() - begun
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())
    synced = time.perf_counter() - begun
    target.unlink()
    return Run(received, synced, _children_processor_time() - processor)


def _by_mint(url: str, folder: Path) -> Run:
    target = folder / "mint.spz"
    os.sync()
    command = [sys.executable, "-c", DOWNLOADING, url, str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert target.stat().st_size == SIZE
    target.unlink()
    return Run(*json.loads(done.stdout))


def _children_processor_time() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _many_files(folder: Path, authority: trustme.CA) -> Iterator[Row]:
    """Compare one downloader for all files with one for each, as before, over TLS."""
    with FileHost(certificate=authority.issue_cert("127.0.0.1")) as host:
        url = host.put("/lamp.glb", bytes(FILE_SIZE))
        with Downloader(local_files=True) as loader:
            shared = _fetch_all(url, folder / "shared", [loader] * FILES)
        connections = host.connections
        single = _fetch_all(
            url, folder / "single", [Downloader(local_files=True) for _ in range(FILES)]
        )
    text = (
        f"{connections}; {milliseconds(shared)} for each, {milliseconds(single)} with a connection"
        " of its own"
    )
    yield Row(f"Connections for {FILES} files from one host", "1", text, connections == 1)


def _fetch_all(url: str, folder: Path, loaders: Sequence[Downloader]) -> float:
    """Return the median of the seconds for a file, with fsync."""
    times = []
    for number, loader in enumerate(loaders):
        begun = time.perf_counter()
        loader.fetch(url, folder / f"{number}.glb")
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


@contextmanager
def _server(folder: Path, scheme: str) -> Iterator[str]:
    """Run the server in a process of its own and yield the address of the large file."""
    content = folder / "content"
    with content.open("wb") as stream:
        stream.truncate(SIZE)
    certificate = [str(folder / "server.pem")] if scheme == "https" else []
    command = [sys.executable, "-m", __name__, str(content), *certificate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield f"{scheme}://127.0.0.1:{process.stdout.readline().strip()}/large.spz"
        finally:
            process.kill()


def _serve(content: Path, certificate: Path | None) -> None:
    """Answer each connection's requests with the file; print the port first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context is not None:
        context.load_cert_chain(str(certificate))

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            spoken = context.wrap_socket(connection, server_side=True) if context else connection
            with spoken, spoken.makefile("rb") as asked:
                while asked.readline():
                    while asked.readline().strip():
                        pass
                    spoken.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
                    with content.open("rb") as stream:
                        spoken.sendfile(stream)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

# SPDX-License-Identifier: GPL-3.0-or-later
"""`doctor`: each line is ok where all is well, and each can fail with what to do."""

from __future__ import annotations

import sqlite3
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from mint_blender.delivery import blender_runtime
from mint_blender.files.file_choice import DRACO
from mint_blender.jobs.paid_requests.record import PaidVerb, new_request, of_job
from mint_blender.jobs.storage.journal import Journal

from ..jobs.test_diagnostics import fill, snapshot
from ..mint.raw_server import answer, raw_server, running_proxy, unused_port
from .command_runner import CommandResult, RunMint

FAR = "api.mint.test"  # a name that no name server resolves
ME = {"owner": {"id": "u-1", "email": "artist@mint.test"}}
PARTS = ["key", "network", "proxy", "tls", "clock", "folder", "filesystem", "journal", "blender", "decoders"]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def states(ran: CommandResult) -> dict[str, tuple[str, str]]:
    """Return the state and the text of each part."""
    return {
        record["part"]: (record["state"], record["text"])
        for record in ran.records
        if record["event"] == "doctor"
    }


def look(mint: RunMint, part: str) -> tuple[int, str, str]:
    """Return the status of the command, and the state and text of one part."""
    ran = mint("doctor", "--json")
    return (ran.status, *states(ran)[part])


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[int]:
    """A TLS server that answers as Mint, of a certificate authority that nobody knows; its port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", FAR).configure_cert(context)
    date = format_datetime(datetime.now(UTC), usegmt=True)
    with raw_server(answer(ME, Date=date), tls=context) as server:
        yield server.port


@pytest.mark.windows
@pytest.mark.covers("R-doctor")
def test_all_is_well(mint: RunMint, home: Path) -> None:
    """A line for each part, status 0, one request that starts nothing, and nothing written."""
    ran = mint("doctor", "--json")
    assert ran.status == 0
    told = states(ran)
    assert list(told) == PARTS
    not_ok = {part: state for part, (state, _) in told.items() if state != "ok"}
    assert not_ok == {"blender": "note", "decoders": "unknown"}
    assert "MINT_API_KEY" in told["key"][1] and mint.service.api[:20] in told["network"][1]
    assert [(sent.method, sent.path) for sent in mint.service.requests()] == [("GET", "/v1/me")]
    assert not home.exists()
    lines = mint("doctor").out.splitlines()
    assert [line.split()[0] for line in lines] == PARTS


@pytest.mark.windows
@pytest.mark.covers("R-doctor")
def test_it_changes_nothing(mint: RunMint, home: Path) -> None:
    """Neither an existing journal nor the permissions of its folder."""
    fill(home).close()
    home.chmod(0o755)
    before = snapshot(home), home.stat().st_mode
    told = states(mint("doctor", "--json"))
    assert told["journal"] == ("ok", "Intact: 4 jobs, 2 of them open.")
    assert (snapshot(home), home.stat().st_mode) == before
    report = mint("doctor", "--report").out
    for words in ("# Versions", "request id req-42", "Mint for Blender 0.1.0"):
        assert words in report
    record = mint("doctor", "--report", "--json").records[-1]
    assert record["event"] == "report" and "job: job-0" in record["text"]


def test_a_record_of_credits_that_cannot_be_right(mint: RunMint, home: Path) -> None:
    """Its job is named, here and in the report, and what to do before it is started again."""
    sent = replace(new_request(of_job("job-0"), PaidVerb.START, "job-0", now=1e9), attempts=1)
    with closing(Journal(home)) as journal:
        journal.paid_requests.insert(sent)
    assert states(mint("doctor", "--json"))["journal"][0] == "ok"
    with closing(sqlite3.connect(home / "journal.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE paid_requests SET number = 2 WHERE job = 'job-0'")
    ran = mint("doctor", "--json", "--report")
    state, text = states(ran)["journal"]
    assert (ran.status, state) == (9, "problem")
    assert "Job job-0." in text and "before you start it again" in text
    assert "Records of Credits that cannot be right\njob-0" in ran.records[-1]["text"]


@pytest.mark.parametrize(
    ("key", "says"),
    [("", "No Mint API key is set"), ("mint_wrong", "does not accept"), ("two words", "Copy the whole key")],
)  # fmt: skip
def test_a_bad_key(mint: RunMint, monkeypatch: pytest.MonkeyPatch, key: str, says: str) -> None:
    """Missing, refused, or not a key at all; the rest is still checked."""
    monkeypatch.setenv("MINT_API_KEY", key)
    ran = mint("doctor", "--json")
    state, text = states(ran)["key"]
    assert (ran.status, state) == (3, "problem") and says in text
    assert states(ran)["network"][0] == ("ok" if key == "mint_wrong" else "unknown")
    assert states(ran)["folder"][0] == "ok"


def test_no_network(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is refused, the network asks for a sign-in, or nothing may be sent."""
    monkeypatch.setenv("MINT_API_BASE_URL", f"http://127.0.0.1:{unused_port()}/v1")
    ran = mint("doctor", "--json")
    told = states(ran)
    assert ran.status == 5 and told["network"][0] == "problem"
    assert "refused the connection" in told["network"][1] and "firewall" in told["network"][1]
    assert {told[part][0] for part in ("key", "clock")} == {"unknown"}
    with raw_server(answer(b"<html>Sign in</html>", Content_Type="text/html")) as portal:
        monkeypatch.setenv("MINT_API_BASE_URL", portal.base_url)
        status, _, text = look(mint, "network")
    assert status == 5 and "response is invalid" in text
    monkeypatch.setenv("MINT_API_BASE_URL", "http://example.com/v1")
    _, state, text = look(mint, "network")
    assert state == "problem" and "must start with https://" in text
    monkeypatch.setattr("mint_blender.application.session.may_go_online", lambda: False)
    status, _, text = look(mint, "network")
    assert status == 5 and "Online access is off" in text


def test_a_proxy(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, secured: int, tmp_path: Path
) -> None:
    """One that works is named without its password; one that does not is the problem."""
    monkeypatch.setenv("MINT_API_BASE_URL", f"https://127.0.0.1:{secured}/v1")
    told = states(mint("doctor", "--json"))
    assert told["tls"][0] == "problem" and "REQUESTS_CA_BUNDLE" in told["tls"][1]
    assert told["network"][0] == "unknown"
    monkeypatch.setenv("MINT_API_BASE_URL", f"https://{FAR}/v1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with running_proxy(secured) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:proxy-password@"))
        ran = mint("doctor", "--json")
    told = states(ran)
    assert ran.status == 0, told
    assert told["proxy"] == ("ok", f"{proxy.url} is used.")
    assert told["tls"][0] == "ok" and "ca.pem" in told["tls"][1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:proxy-password@127.0.0.1:{unused_port()}")
    ran = mint("doctor", "--json")
    told = states(ran)
    assert (ran.status, told["proxy"][0], told["network"][0]) == (5, "problem", "unknown")
    assert "does not respond" in told["proxy"][1] and "NO_PROXY" in told["proxy"][1]
    assert "proxy-password" not in ran.out


@pytest.mark.parametrize(
    ("hours", "says"), [(26, "26 hours ahead of"), (-26, "26 hours behind"), (0.2, "12 minutes")]
)
def test_a_wrong_clock(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, hours: float, says: str
) -> None:
    """The Date of Mint's answer says so."""
    date = format_datetime(datetime.now(UTC) - timedelta(hours=hours), usegmt=True)
    with raw_server(answer(ME, Date=date)) as server:
        monkeypatch.setenv("MINT_API_BASE_URL", server.base_url)
        status, state, text = look(mint, "clock")
    assert (status, state) == (9, "problem") and says in text and "automatically" in text


def test_splats_need_packages(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is that of a part that is missing."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    status, _, text = look(mint, "decoders")
    assert status == 7 and "zstandard" in text


@pytest.mark.blender
def test_blender_and_its_decoders(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is named; what cannot be read, and what helps, is a note."""
    told = states(mint("doctor", "--json"))
    assert told["blender"][0] == "ok" and "the bpy module" in told["blender"][1]
    monkeypatch.setattr(blender_runtime, "readable_extensions", lambda: frozenset({DRACO}))
    told = states(mint("doctor", "--json"))
    assert told["decoders"][0] == "note" and "cannot read WebP" in told["decoders"][1]
    monkeypatch.setattr(blender_runtime, "MIN_BLENDER", (99, 0, 0))
    status, _, text = look(mint, "blender")
    assert status == 7 and "is too old" in text

    def broken() -> frozenset[str]:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(blender_runtime, "readable_extensions", broken)
    status, _, text = look(mint, "blender")
    assert status == 7 and "libGL.so.1" in text

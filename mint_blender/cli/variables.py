# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment variables of the commands, for the help and the manual."""

from __future__ import annotations

from typing import NamedTuple

from ..application.session import LIMIT_DAY_VARIABLE, LIMIT_EACH_VARIABLE
from ..jobs.storage.home import HOME_VARIABLE
from ..mint.account import BASE_URL_VARIABLE, DEFAULT_BASE_URL, KEY_VARIABLE


class Variable(NamedTuple):
    """An environment variable of ours."""

    name: str
    summary: str
    """A few words for the help."""
    meaning: str
    """The whole meaning, in Markdown, for the manual."""


VARIABLES = (
    Variable(
        KEY_VARIABLE,
        "your API key, from platform.mint.gg",
        "Your API key. It overrides the one in the preferences, which Blender stores unencrypted.",
    ),
    Variable(
        BASE_URL_VARIABLE,
        f"Mint's address (default: {DEFAULT_BASE_URL})",
        f"The address of Mint's API; by default `{DEFAULT_BASE_URL}`. It must begin with `https`,"
        " or with `http` for a server on the same machine. A key from the preferences is sent to"
        " another address only after you have confirmed that address in the preferences. A key in"
        f" `{KEY_VARIABLE}` needs no confirmation.",
    ),
    Variable(
        HOME_VARIABLE,
        "the folder for jobs and downloads",
        "The folder for jobs, downloads and logs. By default each user has one folder for all"
        " versions of Blender and for Python: `$XDG_DATA_HOME/mint-blender` or"
        " `~/.local/share/mint-blender` on Linux, `~/Library/Application Support/mint-blender` on"
        " macOS, `%LOCALAPPDATA%\\mint-blender` on Windows.",
    ),
    Variable(
        LIMIT_EACH_VARIABLE,
        "the most Credits of one generation",
        "The most Credits that one generation may cost, on the command line and for agents. Inside"
        " Blender the limits of the preferences apply as well; the lower one counts.",
    ),
    Variable(
        LIMIT_DAY_VARIABLE,
        "the most Credits of a day",
        "The most Credits that may be spent in a day, on the command line and for agents. What"
        " Blender has spent on the same day counts, too.",
    ),
)
"""Our own variables, in the order of the help."""

OTHERS = {
    ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"): "The proxy for all connections.",
    ("NO_PROXY",): "Hosts that are reached without the proxy, separated by commas.",
    ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"): (
        "A file with the certificates to trust, for example of a proxy that inspects connections."
        " The first one that is set counts."
    ),
}
"""Variables of other programs that apply here, too."""

SUMMARY_AT = 21
"""The column of the summaries in the help."""


def help_text() -> str:
    """Return the part of the help about the environment."""
    lines = ["environment:"]
    for variable in VARIABLES:
        name = f"  {variable.name}"
        if len(name) >= SUMMARY_AT - 1:
            lines.append(name)
            name = ""
        lines.append(f"{name:<{SUMMARY_AT}}{variable.summary}")
    return "\n".join([*lines, ""])

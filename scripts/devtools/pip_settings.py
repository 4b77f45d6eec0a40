# SPDX-License-Identifier: GPL-3.0-or-later
"""Pass pip's settings for indexes, certificates and proxies on to uv, which does not read them."""

from __future__ import annotations

import ast
import os
import sys

from .console import run_captured

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""The environment variable of uv for each setting of pip."""

NEWER = {"UV_INDEX_URL": "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL": "UV_INDEX"}
"""Older names of uv's variables, which uv still reads."""

SECTIONS = ("global", "install", ":env:")
"""Sections of pip's configuration; a later one wins."""


def for_uv() -> dict[str, str]:
    """Return environment variables for uv from pip's settings, without those already set."""
    listed = run_captured([sys.executable, "-m", "pip", "config", "list"]).stdout
    own = set(os.environ) | {NEWER[name] for name in os.environ if name in NEWER}
    return {name: value for name, value in uv_variables(listed).items() if name not in own}


def uv_variables(listed: str) -> dict[str, str]:
    """Return uv's variables for the output of `pip config list`."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for line in listed.splitlines():
            key, _, value = line.partition("=")
            name = UV_NAMES.get(key.removeprefix(f"{section}."))
            if key.startswith(f"{section}.") and name:
                separator = "," if name == "UV_FIND_LINKS" else " "
                found[name] = separator.join(str(ast.literal_eval(value)).split())
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does; the locks have hashes
    return found

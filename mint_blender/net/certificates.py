# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose certificates are trusted: one rule for Mint and for its file host."""

from __future__ import annotations

import os

# requests reads the first two by itself; SSL_CERT_FILE is what the rest of Python and OpenSSL
# listen to.
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ca_bundle() -> str | bool:
    """The CA bundle that the environment names, for the `verify` of requests; True: the usual one."""  # noqa: E501
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), True)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the CA bundle: one rule for Mint and for its file host."""

from __future__ import annotations

import os

# requests itself reads only the first two; the rest of Python and OpenSSL use SSL_CERT_FILE.
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ca_bundle() -> str | bool:
    """Return `verify` for requests: the CA bundle from the environment, or True for the default."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), True)

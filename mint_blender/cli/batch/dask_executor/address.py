# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the address of a Dask scheduler: `dask://HOST:PORT`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_FORM = "an executor is written dask://HOST:PORT, such as dask://10.0.0.5:8786"


def scheduler_address(text: str) -> str:
    """Return the address as Dask writes it, such as `tcp://10.0.0.5:8786`.

    Raises:
        ValueError: It is no such address; the message says what is wrong.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f'"{text}": {_FORM}') from error
    if parts.scheme != "dask" or not host or parts.netloc != _netloc(host, parts.netloc):
        raise ValueError(f'"{text}": {_FORM}')
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f'"{text}": {_FORM}')
    if not port:
        raise ValueError(f'"{text}" lacks the port of the scheduler: {_FORM}')
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _netloc(host: str, netloc: str) -> str:
    """Return the text if it has only a host and perhaps a port: no user name or password."""
    name = re.escape(f"[{host}]" if ":" in host else host)
    return netloc if re.fullmatch(rf"{name}(:\d*)?", netloc, re.IGNORECASE) else ""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Send GET requests and follow redirects, checking each address before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import requests

from ..message import Message
from ..net import certificates, response_body
from . import urls
from .errors import DownloadFailed

MAX_REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


def get(
    session: requests.Session,
    url: str,
    *,
    headers: Mapping[str, str],
    timeout: tuple[float, float],
    local_files: bool,
) -> requests.Response:
    """Return the first response that is not a redirect, with its body still unread.

    Args:
        session: A session without credentials, see `download.anonymous_session`.
        url: An address that `urls.check` has accepted.
        headers: Sent with every request.
        timeout: Seconds to connect, and seconds without a byte.
        local_files: Whether an address may lead to this computer, see `urls.check`.

    Raises:
        DownloadFailed: For a redirect that is not followed.
        OSError: When there is no response; requests' exceptions are such errors.
    """
    label = urls.label(url)
    for _ in range(MAX_REDIRECTS + 1):
        response = _send(session, url, headers, timeout)
        if response.status_code not in REDIRECT_STATUSES:
            return response
        response_body.skip(response)
        target = _target(url, _location(response, label))
        url = urls.check(target, local_files=local_files, came_from=url)
    raise DownloadFailed(
        Message(
            "{label} was redirected more than {count} times. It was not downloaded.",
            label=label,
            count=MAX_REDIRECTS,
        ),
        retryable=False,
    )


def _location(response: requests.Response, label: str) -> str:
    """Return the address that a redirect names, which may be relative."""
    location = response.headers.get("Location")
    if not location:
        raise DownloadFailed(
            Message("The file host redirected {label} without a new address.", label=label),
            retryable=False,
        )
    return location


def _target(url: str, location: str) -> str:
    """Return the address that a redirect leads to; an invalid one is left to `urls.check`."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _send(
    session: requests.Session,
    url: str,
    headers: Mapping[str, str],
    timeout: tuple[float, float],
) -> requests.Response:
    settings: Mapping[str, Any] = session.merge_environment_settings(
        url, {}, True, certificates.ca_bundle(), None
    )
    request = session.prepare_request(requests.Request("GET", url, headers=dict(headers)))
    # The adapter is used, not the session: a session reads the whole body of a redirect, and only
    # its adapter is made for several threads.
    return session.get_adapter(url).send(request, timeout=timeout, **settings)

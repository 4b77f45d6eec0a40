# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests of single exchanges."""

from __future__ import annotations

import pytest

from mint_blender.mint.errors import MintError

from .raw_server import raw_server


def failure(make_client, *answers: bytes, **more: object) -> MintError:
    """Return the error that an exchange with such a server raises."""
    with raw_server(*answers) as server, pytest.raises(MintError) as raised:
        make_client(server.base_url, **more).request("GET", "me")
    return raised.value

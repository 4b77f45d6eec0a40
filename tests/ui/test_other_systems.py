# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface where Windows differs; each test says what it imitates. Needs no Blender."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, tzinfo

from mint_blender.ui.translations.formats import format_date


class BeforeWindows(datetime):
    """A moment before 1970, for which Windows knows no time zone."""

    def astimezone(self, tz: tzinfo | None = None) -> BeforeWindows:
        """Raise what Python raises there."""
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_moment_without_a_time_zone_is_shown_as_it_came() -> None:
    """Imitates Windows' answer to a date such as the year 1; a panel must not fail for it."""
    moment = BeforeWindows(1969, 7, 20, 20, 17, tzinfo=UTC)
    assert format_date(moment, "de") == "20.07.1969 20:17"

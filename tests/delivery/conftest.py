# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures that all tests with Blender share."""

from ..harness.blender_fixtures import (  # noqa: F401 - pytest finds them by name
    _fast_polling,
    enabled,
    home,
    job_service,
    model,
    service,
    signed_in,
)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures that all tests with Blender share."""

from ..blender_fixtures import _hurried, enabled, hide_dracopy, home, job_service, model, signed_in  # noqa: F401 - pytest finds them by name

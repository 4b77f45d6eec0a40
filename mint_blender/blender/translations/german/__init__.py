# SPDX-License-Identifier: GPL-3.0-or-later
"""All texts in German, from English. {1}, {2} … are values, in the order in which the English text has them."""

from . import files, interface, jobs, library, panels, scene, service, world

TEXTS: dict[str, str] = {
    **files.TEXTS,
    **interface.TEXTS,
    **jobs.TEXTS,
    **library.TEXTS,
    **panels.TEXTS,
    **scene.TEXTS,
    **service.TEXTS,
    **world.TEXTS,
}

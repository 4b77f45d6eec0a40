# SPDX-License-Identifier: GPL-3.0-or-later
"""All texts in German, from English. {1}, {2} … are values, in the order in which the English text has them."""

from . import batch, files, interface, jobs, library, panels, scene, service

TEXTS: dict[str, str] = {
    **batch.TEXTS,
    **files.TEXTS,
    **interface.TEXTS,
    **jobs.TEXTS,
    **library.TEXTS,
    **panels.TEXTS,
    **scene.TEXTS,
    **service.TEXTS,
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""All texts in Japanese, from English. {1}, {2} … are values, in the order in which the English
text has them.
"""

from . import (
    account,
    afterwards,
    batch,
    files,
    interface,
    jobs,
    library,
    money,
    panels,
    scene,
    service,
    world,
)

TEXTS: dict[str, str] = {
    **account.TEXTS,
    **afterwards.TEXTS,
    **batch.TEXTS,
    **files.TEXTS,
    **interface.TEXTS,
    **jobs.TEXTS,
    **library.TEXTS,
    **money.TEXTS,
    **panels.TEXTS,
    **scene.TEXTS,
    **service.TEXTS,
    **world.TEXTS,
}

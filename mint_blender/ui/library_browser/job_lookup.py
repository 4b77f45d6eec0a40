# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job an entry of the library comes from, and what only that job knows of it: looked through
once after each change of the jobs.
"""

from __future__ import annotations

from ...jobs.job import Job, asset_of
from ...jobs.service import JobService
from ...mint.schema import Asset
from .. import session

# which version of the board it is, and the jobs by what they have made
_known: tuple[JobService, int, dict[str | None, Job]] | None = None


def job_of(asset: Asset) -> Job | None:
    """The job of this journal that made it, or is about to.

    Mint's lists do not tell who began something, nor with what settings.
    """
    global _known
    board = session.existing_service()
    if board is None:
        return None
    if _known is None or _known[0] is not board or _known[1] != board.version:
        _known = (
            board,
            board.version,
            {asset_of(job): job for job in reversed(board.jobs()) if job.existing is None},
        )
    return _known[2].get(asset.id)


def preset_words(asset: Asset) -> str | None:
    """The preset, where that is known: as Mint tells it, else as it was asked for here.

    Retrying what others began asks for none.
    """
    job = job_of(asset)
    told = job.operation.preset if job and job.operation else None
    asked = job.request.preset.value if job and job.body else None
    return (told or asked or "").title() or None


def forget() -> None:
    """Nothing of ours is left."""
    global _known
    _known = None

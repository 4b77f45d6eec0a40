# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs tell of the library's entries: a job hears from Mint how its model or world is, so the
library need not ask for that again.

A job's operation says how far it is, and once Mint is done the job has read the model or world
itself: that is the entry, as a list would have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...mint.schema import Asset, Json, Kind, Status
from ..job import Job, asset_of

OLD_NEWS = timedelta(minutes=1)
"""So much older than the entry, and it is not told: an operation and its model may be dated some
moments apart, and no more.
"""
# Where a job has read one of these from a model or World itself, that stands, whatever its
# operation says: what is done stays done. Any other word may be from before a new attempt, of which
# only the operation tells.
_DONE = {Status.SUCCEEDED.value, Status.PARTIALLY_SUCCEEDED.value}


@dataclass(frozen=True)
class Told:
    """What a job has heard of its model or world."""

    kind: Kind
    id: str
    is_gone: bool  # Mint does not know it (any more)
    asset: Asset | None  # as the job has read it
    status: str | None  # of the operation that makes it, if this job has begun one
    reason: str | None
    files: Json | None
    made_at: float = field(compare=False)  # seconds since the epoch, as far as that is known
    heard_of: datetime | None = field(compare=False)  # Mint's date of it

    @classmethod
    def by(cls, job: Job) -> Told | None:
        """What this job tells; None while there is nothing at Mint yet that it could be about."""
        asset_id = asset_of(job)
        if asset_id is None:
            return None
        asset = job.asset if job.asset and job.asset.id == asset_id and job.asset.status else None
        making = None if job.convert else job.operation
        made = asset.created_at if asset else making.created_at if making else None
        changed = (
            asset.updated_at
            if asset and (making is None or asset.status in _DONE)
            else making.updated_at
            if making
            else None
        )
        files = making.raw.get("assets") if making else None
        return cls(
            kind=job.kind,
            id=asset_id,
            is_gone=_is_gone(job),
            asset=asset,
            status=making.status_word if making else None,
            reason=making.error.message if making and making.error else None,
            files=files if isinstance(files, Mapping) else None,
            made_at=made.timestamp() if made else job.created_at,
            heard_of=changed,
        )

    def is_older_than(self, known: Asset) -> bool:
        """Does the entry know better?"""
        return (
            self.heard_of is not None
            and known.updated_at is not None
            and self.heard_of + OLD_NEWS < known.updated_at
        )

    def precedes(self, listed: Asset) -> bool:
        """Is an entry of a list newer than this, as far as is known?"""
        return listed.updated_at is not None and (
            self.heard_of is None or self.heard_of < listed.updated_at
        )

    def entry(self, known: Asset | None) -> Asset | None:
        """The entry as it is by that; None where nothing is told.

        `known`, the entry as it was, has its name and its date.
        """
        asset = self.asset
        if self.status is None or (asset is not None and asset.status in _DONE):
            return asset
        before = known or asset
        entry = {
            **(before.raw if before else {"id": self.id}),
            "status": self.status,
            "operation": {"lastError": self.reason},
        }
        return Asset.from_json(
            self.kind, entry if self.files is None else {**entry, "assets": self.files}
        )


class Listener:
    """Listens to the jobs, and hears each thing once."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def news(self, jobs: Iterable[Job]) -> Iterator[Told]:
        """What they tell that they have not told before."""
        before, self._jobs = self._jobs, {job.id: job for job in jobs}
        changed = [job for job in self._jobs.values() if job is not before.get(job.id)]
        for job in sorted(changed, key=lambda job: job.created_at):
            earlier, told = before.get(job.id), Told.by(job)
            if told is not None and (earlier is None or told != Told.by(earlier)):
                yield told


def _is_gone(job: Job) -> bool:
    """Has Mint refused to have it read?

    Once there is a body it was not that, but a start that was refused: of a conversion, perhaps.
    """
    is_read = job.existing is not None and job.operation is None and job.body is None
    return is_read and job.trouble is not None and job.trouble.code == "not-found"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of library entries that jobs already know of, so that Mint need not be asked again.

The operation of a job says how far its model or World is. Once Mint is done, the job has read the
model or World itself: that is the entry as the list would show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...mint.schema import Asset, Json, Kind, Status
from ..job import Job, asset_of

STALE_AFTER = timedelta(minutes=1)
"""An update that is older than the entry by more than this is ignored.

An operation and its model may be dated a few moments apart, but not more.
"""
# A status that a job read from the asset itself wins over that of the operation if it is one of
# these: what is done stays done. Any other may be from before a retry, which only the operation
# knows of.
_DONE = {Status.SUCCEEDED.value, Status.PARTIALLY_SUCCEEDED.value}


@dataclass(frozen=True)
class AssetUpdate:
    """What a job knows of its model or World."""

    kind: Kind
    id: str
    is_gone: bool  # not found at Mint
    asset: Asset | None  # as the job read it
    status: str | None  # of the operation that generates it, if this job started one
    reason: str | None
    files: Json | None
    created_timestamp: float = field(compare=False)  # seconds since the epoch
    updated_at: datetime | None = field(compare=False)  # by Mint's clock

    @classmethod
    def of(cls, job: Job) -> AssetUpdate | None:
        """Return what a job knows; None while it has no asset at Mint."""
        asset_id = asset_of(job)
        if asset_id is None:
            return None
        asset = job.asset if job.asset and job.asset.id == asset_id and job.asset.status else None
        operation = None if job.convert else job.operation
        made = asset.created_at if asset else operation.created_at if operation else None
        changed = (
            asset.updated_at
            if asset and (operation is None or asset.status in _DONE)
            else operation.updated_at
            if operation
            else None
        )
        files = operation.raw.get("assets") if operation else None
        return cls(
            kind=job.kind,
            id=asset_id,
            is_gone=_is_gone(job),
            asset=asset,
            status=operation.status_word if operation else None,
            reason=operation.error.message if operation and operation.error else None,
            files=files if isinstance(files, Mapping) else None,
            created_timestamp=made.timestamp() if made else job.created_at,
            updated_at=changed,
        )

    def is_older_than(self, known: Asset) -> bool:
        """Return whether the loaded entry is newer than this update."""
        return (
            self.updated_at is not None
            and known.updated_at is not None
            and self.updated_at + STALE_AFTER < known.updated_at
        )

    def precedes(self, listed: Asset) -> bool:
        """Return whether an entry of a page is newer than this update, or may be."""
        return listed.updated_at is not None and (
            self.updated_at is None or self.updated_at < listed.updated_at
        )

    def entry(self, known: Asset | None) -> Asset | None:
        """Return the updated entry; None if the job knows nothing of it.

        Name and date come from `known`, the entry as it is loaded.
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


class UpdateTracker:
    """Finds what is new in the jobs since the last time."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def new_updates(self, jobs: Iterable[Job]) -> Iterator[AssetUpdate]:
        """Yield each update once, those of the oldest jobs first."""
        before, self._jobs = self._jobs, {job.id: job for job in jobs}
        changed = [job for job in self._jobs.values() if job is not before.get(job.id)]
        for job in sorted(changed, key=lambda job: job.created_at):
            earlier, update = before.get(job.id), AssetUpdate.of(job)
            if update is not None and (earlier is None or update != AssetUpdate.of(earlier)):
                yield update


def _is_gone(job: Job) -> bool:
    """Return whether reading the asset failed because it does not exist.

    If a paid request was sent, it was that which failed, such as a conversion.
    """
    is_sent = any(each.attempts for each in job.requests)
    is_read = job.source_asset_id is not None and job.operation is None and not is_sent
    return is_read and job.problem is not None and job.problem.code == "not-found"

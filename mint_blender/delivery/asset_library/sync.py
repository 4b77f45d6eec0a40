# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a folder of .blend files up to date with what the API project has made: an asset library
for the Asset Browser.

For a Blender without a window (see `library_child`): each file is imported and saved here, which
takes its time. The open file is the same afterwards. Everything is listed first, then only what is
new is fetched, one after the other; a run that was killed is continued by the next one, and while
one runs no other touches the folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import bpy

from ...files import file_choice, private_files
from ...files import urls as files_urls
from ...files.download import Downloader, ignore_progress, never_stop
from ...files.errors import FileError, LinkExpired
from ...files.file_lock import FileInUse, file_lock
from ...jobs.job_values import LocalFile, Role
from ...jobs.library import view_model
from ...jobs.transfers import fetch_file
from ...jobs.workflow.effects import Fetch
from ...message import Message
from ...mint.client import Client
from ...mint.errors import MintError
from ...mint.retry import RetryPolicy, call_with_retries
from ...mint.schema import Asset, Kind
from ...scene import assets
from ...scene.export.output_path import OutputError
from ...scene.gltf_extensions import readable_extensions
from ...scene.place import PlacedResult, PlaceOptions, Provenance, SceneImportError, place_world
from ...scene.world.files import WorldFiles, WorldOptions
from .. import imported_file
from .manifest import LOCK, Manifest

PAGE_SIZE = 100
"""As many as Mint gives at once: nobody looks at these pages."""
ORIGIN = (0.0, 0.0, 0.0)
OnRetry = Callable[[MintError, float], None]


class SyncRunning(OutputError):
    """Another process brings this folder up to date."""


@dataclass(frozen=True)
class SyncProgress:
    """What became of one entry. `sentence` says why it was not saved."""

    asset: Asset
    done: int
    total: int
    file: Path | None = None
    sentence: str = ""


@dataclass
class SyncResult:
    """What a run has done.

    Entries that are not finished at Mint count nowhere: there is nothing to save.
    """

    saved: list[Path] = field(default_factory=list)
    unchanged: int = 0
    left: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def sync_from_mint(
    client: Client,
    folder: Path,
    home: Path,
    on_progress: Callable[[SyncProgress], None] = lambda step: None,
    *,
    kind: Kind | None = None,
    only: str | None = None,
    local_files: bool = False,
    on_wait: OnRetry | None = None,
) -> SyncResult:
    """Bring the folder up to date with what Mint has: all, one kind, or `only` one id of a kind.

    `on_wait` is called as in `call_with_retries`; for the rest see `sync`.

    Raises:
        MintError: Mint cannot be asked.
        OutputError: The folder cannot be used at all.
    """
    call = partial(call_with_retries, on_wait=on_wait)

    def wanted() -> Iterator[Asset]:  # asked for only once the folder is held
        if kind is not None and only is not None:
            yield call(lambda: client.asset(kind, only))
        else:
            yield from list_assets(client, [kind] if kind else list(Kind), on_wait)

    return sync(
        folder,
        wanted(),
        home,
        on_progress,
        local_files=local_files,
        refresh=lambda asset: call(lambda: client.asset(asset.kind, asset.id)),
    )


def list_assets(
    client: Client, kinds: Sequence[Kind], on_wait: OnRetry | None = None
) -> list[Asset]:
    """Everything there is. Raises MintError."""
    call = partial(call_with_retries, retries=RetryPolicy(), on_wait=on_wait)
    found: dict[str, Asset] = {}
    for kind in kinds:
        assets_of_kind = client.assets(kind, limit=PAGE_SIZE, call=call)
        found |= {asset.id: asset for asset in assets_of_kind if asset.id}
    return list(found.values())


def sync(
    folder: Path,
    wanted: Iterable[Asset],
    home: Path,
    on_progress: Callable[[SyncProgress], None] = lambda step: None,
    *,
    local_files: bool = False,
    refresh: Callable[[Asset], Asset] | None = None,
) -> SyncResult:
    """Bring the folder up to date with these entries.

    `local_files` as for a download; `read_again` gets an entry's fresh links where those in the
    list have expired meanwhile. Raises OutputError when the folder cannot be used at all,
    SyncRunning when another process is at it.
    """
    folder = folder.expanduser().absolute()
    with _held(folder) as manifest:
        result = SyncResult()
        done_ones = [
            asset for asset in wanted if view_model.state_of(asset) is view_model.AssetState.DONE
        ]
        fresh = [
            asset for asset in done_ones if not manifest.is_up_to_date(asset.id, version_of(asset))
        ]
        result.unchanged = len(done_ones) - len(fresh)
        work_folder = (
            home
            / "library-sync"
            / hashlib.sha256(str(folder).encode("utf-8", "replace")).hexdigest()[:12]
        )
        with Downloader(local_files=local_files) as downloader:
            fetched = partial(_fetched_from_fresh_links, downloader=downloader, refresh=refresh)
            for number, asset in enumerate(fresh, start=1):
                step = _sync_asset(folder, manifest, asset, work_folder / asset.id, fetched, result)
                on_progress(SyncProgress(asset, number, len(fresh), *step))
        with suppress(OSError):
            work_folder.rmdir()  # empty, unless something failed and is to be gone on with
        return result


@contextmanager
def _held(folder: Path) -> Iterator[Manifest]:
    """The folder's list, with the folder held."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(file_lock(folder / LOCK))
            manifest = Manifest(folder)
            manifest.recover()
            release = stack.pop_all()
    except FileInUse:
        raise SyncRunning(
            Message(
                "A sync of {folder} is already running. Wait for it to finish, or "
                "stop it. Nothing was changed.",
                folder=folder,
            )
        ) from None
    except OSError as error:
        raise OutputError(
            Message(
                "The asset library {folder} cannot be used: {reason}.",
                folder=folder,
                reason=error.strerror or error,
            )
        ) from error
    with release:
        yield manifest


def version_of(asset: Asset) -> str:
    """Changes when the .blend would be another one: other files, another name or prompt."""
    told = asset.assets
    links = (
        [told.glb_url, told.optimized_glb_url, told.collider_mesh_url, told.pano_url]
        if told
        else []
    )
    # links expire: a fresh one is no other file
    urls = [link and files_urls.without_query(link) for link in links]
    return hashlib.sha256(
        json.dumps([asset.name, asset.prompt, *urls]).encode("utf-8", "replace")
    ).hexdigest()[:16]


def _sync_asset(
    folder: Path,
    manifest: Manifest,
    asset: Asset,
    work: Path,
    fetched: Callable[[Asset, Path], dict[Role, LocalFile]],
    result: SyncResult,
) -> tuple[Path | None, str]:
    """Fetch and save one entry; what goes wrong with it does not stop the others."""
    name = manifest.name(asset.id, f"{assets.file_name(_provenance(asset))}.blend")
    try:
        if complaint := manifest.conflict(asset.id, name):
            result.left.append(complaint)
            return None, complaint
        made = _save(asset, fetched(asset, work), work / "made.blend", folder)
        if complaint := manifest.conflict(asset.id, name):  # saved by the user meanwhile
            result.left.append(complaint)
            return None, complaint
        file = manifest.place(asset.id, name, version_of(asset), made)
        shutil.rmtree(work, ignore_errors=True)
        result.saved.append(file)
        return file, ""
    except (FileError, MintError, SceneImportError, OutputError, OSError) as trouble:
        sentence = Message(
            "{title} was not saved: {reason}", title=view_model.title(asset)[:60], reason=trouble
        )
        result.failed.append(sentence)
        return None, sentence


def _fetched_from_fresh_links(
    asset: Asset, work: Path, *, downloader: Downloader, refresh: Callable[[Asset], Asset] | None
) -> dict[Role, LocalFile]:
    """Its files; where a link has expired since the list was read, by links that are asked for
    anew, once.
    """
    try:
        return _fetched(asset, work, downloader)
    except LinkExpired:
        if refresh is None:
            raise
        return _fetched(refresh(asset), work, downloader)


def _fetched(asset: Asset, work: Path, downloader: Downloader) -> dict[Role, LocalFile]:
    """Its files, complete and checked; those of a run that was broken off are used.

    The picture may be missing.
    """
    told = asset.assets
    assert told is not None, "an entry that is done has files"
    private_files.make_folder(work)
    get = partial(
        fetch_file.fetch,
        folder=work,
        downloader=downloader,
        stop=never_stop,
        progress=ignore_progress,
    )
    kept: dict[Role, LocalFile] = {}
    if asset.kind is Kind.MODEL:
        kept[Role.MODEL] = _model(asset, get)
    for role, url in ((Role.COLLIDER, told.collider_mesh_url), (Role.PANORAMA, told.pano_url)):
        if url is not None and asset.kind is Kind.WORLD:
            kept[role] = get(Fetch(role, url, str(role)))
    if told.picture_url is not None:
        try:
            kept[Role.PICTURE] = get(Fetch(Role.PICTURE, told.picture_url, str(Role.PICTURE)))
        except FileError:
            pass  # Blender draws one of its own
    return kept


def _model(asset: Asset, get: Callable[[Fetch], LocalFile]) -> LocalFile:
    """The optimized GLB where this Blender reads it, else the original; what a file needs it says
    only itself.
    """
    told, readable = asset.assets, readable_extensions()
    chosen = file_choice.choose_model(
        optimized_url=told.optimized_glb_url if told else None,
        original_url=told.glb_url if told else None,
        readable=readable,
    )
    if chosen is None or told is None:
        raise SceneImportError(Message("Mint provides no file for it."))
    kept = get(Fetch(Role.MODEL, chosen.url, f"model-{chosen.which}", chosen.reason))
    if (missing := set(kept.needs) - readable) and told.glb_url not in (None, chosen.url):
        why = Message(
            "The original file was taken. {reason}", reason=file_choice.explain_missing(missing)
        )
        kept = get(Fetch(Role.MODEL, told.glb_url or "", "model-original", why))
    return kept


def _save(asset: Asset, kept: dict[Role, LocalFile], file: Path, folder: Path) -> Path:
    """Make the .blend, outside of the library's folder: what a kill leaves of it is in nobody's
    way.
    """
    provenance, told = _provenance(asset), asset.assets
    picture = Path(kept[Role.PICTURE].path) if Role.PICTURE in kept else None
    if asset.kind is Kind.MODEL:
        taken = kept[Role.MODEL]
        which = (
            imported_file.OPTIMIZED
            if told and files_urls.same_file(taken.url, told.optimized_glb_url)
            else imported_file.ORIGINAL
        )
        provenance = replace(
            provenance, file_used=which, file_reason=imported_file.explain(taken, which)
        )
        return assets.save_model_to_library(
            Path(taken.path), provenance, folder, picture, file=file
        )
    parts = WorldFiles(
        collider=Path(kept[Role.COLLIDER].path) if Role.COLLIDER in kept else None,
        panorama=Path(kept[Role.PANORAMA].path) if Role.PANORAMA in kept else None,
        caption=told.caption if told else None,
    )

    def place(scene: bpy.types.Scene) -> PlacedResult:
        return place_world(
            parts, provenance, PlaceOptions(at=ORIGIN), WorldOptions(), scene, undo=False
        )

    return assets.save_to_library(place, provenance, folder, picture, file=file)


def _provenance(asset: Asset) -> Provenance:
    caption = asset.assets.caption if asset.assets else None
    return Provenance(
        asset_id=asset.id,
        kind=asset.kind.value,
        prompt=asset.prompt or caption or "",
        name=asset.name or "",
        mint_url=asset.mint_url or "",
        created_at=asset.created_at.isoformat() if asset.created_at else "",
    )

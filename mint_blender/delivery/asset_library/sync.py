# SPDX-License-Identifier: GPL-3.0-or-later
"""Save the assets of the API project as .blend files: an asset library for the Asset Browser.

Each file is imported and saved in this process, which takes a while, so this is meant for a Blender
without a window. The open file is not changed. All assets are listed first,
then new ones are downloaded one after another. A run that was killed is continued by the next one.
Only one run at a time works on a folder.
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

from ...files import disk, file_choice
from ...files import urls as files_urls
from ...files.download import Downloader
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
from ...scene.gltf.gltf_extensions import readable_extensions
from ...scene.place import PlaceOptions, Provenance, SceneImportError, place_world
from ...scene.world.files import WorldFiles, WorldOptions
from .. import imported_file
from .manifest import LOCK, Manifest

PAGE_SIZE = 100
"""The largest page that Mint returns."""
ORIGIN = (0.0, 0.0, 0.0)
OnRetry = Callable[[MintError, float], None]


class SyncRunning(OutputError):
    """Another process is syncing this folder."""


@dataclass(frozen=True)
class SyncProgress:
    """The outcome of one asset; `sentence` says why it was not saved."""

    asset: Asset
    done: int
    total: int
    file: Path | None = None
    sentence: str = ""


@dataclass
class SyncResult:
    """The outcome of a run. Assets that are not finished at Mint are not counted.

    Attributes:
        saved: The files that were written.
        unchanged: The number of assets whose file was up to date.
        skipped: Why files were not replaced; one sentence for each.
        failed: Why assets could not be saved; one sentence for each.
    """

    saved: list[Path] = field(default_factory=list)
    unchanged: int = 0
    skipped: list[str] = field(default_factory=list)
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
    """Save what Mint lists: all assets, one `kind`, or `only` the id of one asset of a kind.

    `on_wait` is called before a retry, as in `call_with_retries`; for the others see `sync`.

    Raises:
        MintError: Mint could not be reached, or refused.
        OutputError: The folder cannot be used.
    """
    call = partial(call_with_retries, on_wait=on_wait)

    def list_wanted() -> Iterator[Asset]:  # lazy: Mint is asked after the folder is locked
        if kind is not None and only is not None:
            yield call(lambda: client.asset(kind, only))
        else:
            yield from list_assets(client, [kind] if kind else list(Kind), on_wait)

    return sync(
        folder,
        list_wanted(),
        home,
        on_progress,
        local_files=local_files,
        refresh=lambda asset: call(lambda: client.asset(asset.kind, asset.id)),
    )


def list_assets(
    client: Client, kinds: Sequence[Kind], on_wait: OnRetry | None = None
) -> list[Asset]:
    """Return all assets of these kinds. Raises MintError."""
    call = partial(call_with_retries, retries=RetryPolicy(), on_wait=on_wait)
    assets: dict[str, Asset] = {}
    for kind in kinds:
        assets_of_kind = client.assets(kind, limit=PAGE_SIZE, call=call)
        assets |= {asset.id: asset for asset in assets_of_kind}
    return list(assets.values())


def sync(
    folder: Path,
    wanted: Iterable[Asset],
    home: Path,
    on_progress: Callable[[SyncProgress], None] = lambda step: None,
    *,
    local_files: bool = False,
    refresh: Callable[[Asset], Asset] | None = None,
) -> SyncResult:
    """Save those of the given assets that are new or have changed.

    Args:
        folder: The folder of the asset library; it is created if it does not exist.
        wanted: The assets to save.
        home: The add-on's folder, where downloads are kept until their asset is saved.
        on_progress: Called after each asset that is not up to date.
        local_files: Whether files may be downloaded from this computer, as for `Downloader`.
        refresh: Returns an asset with new links, if its links have expired.

    Raises:
        SyncRunning: Another process is syncing this folder.
        OutputError: The folder cannot be used.
    """
    folder = folder.expanduser().absolute()
    result = SyncResult()
    with _locked_manifest(folder) as manifest, Downloader(local_files=local_files) as downloader:
        finished = [
            asset for asset in wanted if view_model.state_of(asset) is view_model.AssetState.DONE
        ]
        outdated = [
            asset for asset in finished if not manifest.is_up_to_date(asset.id, version_of(asset))
        ]
        result.unchanged = len(finished) - len(outdated)
        work_folder = home / "library-sync" / _hashed(str(folder))[:12]
        for number, asset in enumerate(outdated, start=1):
            # it is removed afterwards, so its name is ours, and never an id of Mint's
            work = work_folder / _hashed(asset.id)[:32]
            fetch = partial(_fetch_files, work=work, downloader=downloader)
            step = _sync_asset(folder, manifest, asset, work, fetch, refresh, result)
            on_progress(SyncProgress(asset, number, len(outdated), *step))
        with suppress(OSError):
            work_folder.rmdir()  # not empty if something failed: the next run uses it
    return result


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _locked_manifest(folder: Path) -> Iterator[Manifest]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(file_lock(folder / LOCK))
            manifest = Manifest(folder)
            manifest.recover()
            release = stack.pop_all()
    except FileInUse:
        raise SyncRunning(
            "A sync of {folder} is already running. Wait for it to finish, or "
            "stop it. Nothing was changed.",
            folder=folder,
        ) from None
    except OSError as error:
        raise OutputError(
            "The asset library {folder} cannot be used: {reason}.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    with release:
        yield manifest


def version_of(asset: Asset) -> str:
    """Return a digest of the files, name and prompt, which changes when the .blend would change."""
    files = asset.assets
    links = []
    if files is not None:
        links = [files.glb_url, files.optimized_glb_url, files.collider_mesh_url, files.pano_url]
    # A link that was renewed leads to the same file.
    urls = [link and files_urls.without_query(link) for link in links]
    return _hashed(json.dumps([asset.name, asset.prompt, *urls]))[:16]


def _sync_asset(
    folder: Path,
    manifest: Manifest,
    asset: Asset,
    work: Path,
    fetch: Callable[[Asset], dict[Role, LocalFile]],
    refresh: Callable[[Asset], Asset] | None,
    result: SyncResult,
) -> tuple[Path | None, str]:
    """Download and save one asset; if a link has expired, with new links.

    Returns:
        The file, or None with a sentence about why it was not saved.
    """
    name = manifest.name(asset.id, f"{assets.file_name(_provenance(asset))}.blend")
    try:
        if conflict := manifest.conflict(asset.id, name):
            result.skipped.append(conflict)
            return None, conflict
        try:
            files = fetch(asset)
        except LinkExpired:
            if refresh is None:
                raise
            files = fetch(refresh(asset))
        blend_file = _save(asset, files, work / "result.blend", folder)
        if conflict := manifest.conflict(asset.id, name):  # the user may have saved it meanwhile
            result.skipped.append(conflict)
            return None, conflict
        file = manifest.place(asset.id, name, version_of(asset), blend_file)
        shutil.rmtree(work, ignore_errors=True)
        result.saved.append(file)
        return file, ""
    except (FileError, MintError, SceneImportError, OutputError, OSError) as error:
        sentence = Message(
            "{title} was not saved: {reason}", title=view_model.title(asset)[:60], reason=error
        )
        result.failed.append(sentence)
        return None, sentence


def _fetch_files(asset: Asset, work: Path, downloader: Downloader) -> dict[Role, LocalFile]:
    """Download and check an asset's files, reusing those of an interrupted run.

    The picture is optional.
    """
    asset_files = asset.assets
    assert asset_files is not None, "a finished asset has files"
    disk.make_folder(work)
    get = partial(fetch_file.fetch, folder=work, downloader=downloader)
    files: dict[Role, LocalFile] = {}
    if asset.kind is Kind.MODEL:
        files[Role.MODEL] = _fetch_model(asset, get)
    for role, url in (
        (Role.COLLIDER, asset_files.collider_mesh_url),
        (Role.PANORAMA, asset_files.pano_url),
    ):
        if url is not None and asset.kind is Kind.WORLD:
            files[role] = get(Fetch(role, url, str(role)))
    if (url := asset_files.picture_url) is not None:
        with suppress(FileError):  # Blender renders a preview itself
            files[Role.PICTURE] = get(Fetch(Role.PICTURE, url, str(Role.PICTURE)))
    return files


def _fetch_model(asset: Asset, get: Callable[[Fetch], LocalFile]) -> LocalFile:
    """Download the optimized GLB if this Blender can read it, otherwise the original.

    Which extensions a file requires is known only after its download.
    """
    asset_files = asset.assets
    readable = readable_extensions()
    chosen = file_choice.choose_model(
        optimized_url=asset_files.optimized_glb_url if asset_files else None,
        original_url=asset_files.glb_url if asset_files else None,
        readable=readable,
    )
    if chosen is None or asset_files is None:
        raise SceneImportError("Mint provides no file for it.")
    file = get(Fetch(Role.MODEL, chosen.url, f"model-{chosen.which}", chosen.reason))
    if (missing := set(file.needs) - readable) and asset_files.glb_url not in (None, chosen.url):
        why = Message(
            "The original file is used. {reason}", reason=file_choice.explain_missing(missing)
        )
        file = get(Fetch(Role.MODEL, asset_files.glb_url or "", "model-original", why))
    return file


def _save(asset: Asset, files: dict[Role, LocalFile], file: Path, folder: Path) -> Path:
    """Write the .blend outside of the library's folder, where a partial file does no harm."""
    provenance = _provenance(asset)
    asset_files = asset.assets
    picture = Path(files[Role.PICTURE].path) if Role.PICTURE in files else None
    if asset.kind is Kind.MODEL:
        model_file = files[Role.MODEL]
        which = (
            imported_file.OPTIMIZED
            if asset_files and files_urls.same_file(model_file.url, asset_files.optimized_glb_url)
            else imported_file.ORIGINAL
        )
        provenance = replace(
            provenance,
            file_used=which,
            file_reason=imported_file.explain(model_file, which),
            sha256=model_file.sha256,
        )
        return assets.save_model_to_library(
            Path(model_file.path), provenance, folder, picture, file=file
        )
    parts = WorldFiles(
        collider=Path(files[Role.COLLIDER].path) if Role.COLLIDER in files else None,
        panorama=Path(files[Role.PANORAMA].path) if Role.PANORAMA in files else None,
        caption=asset_files.caption if asset_files else None,
    )
    world_file = files.get(Role.PANORAMA) or files.get(Role.COLLIDER)
    if world_file is not None:
        provenance = replace(provenance, sha256=world_file.sha256)

    place = partial(place_world, parts, provenance, PlaceOptions(at=ORIGIN), WorldOptions())
    return assets.save_to_library(place, provenance, folder, picture, file=file)


def _provenance(asset: Asset) -> Provenance:
    caption = asset.assets.caption if asset.assets else None
    return Provenance(
        asset_id=asset.id,
        kind=asset.kind.value,
        prompt=asset.prompt or caption or "",
        name=asset.own_name or "",
        mint_url=asset.mint_url or "",
        created_at=asset.created_at.isoformat() if asset.created_at else "",
    )

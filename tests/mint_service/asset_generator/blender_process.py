# SPDX-License-Identifier: GPL-3.0-or-later
"""Make assets with Blender in a separate process, and cache them on disk.

This module does not import bpy; `python -m tests.mint_service.asset_generator` does. One set of
files is made at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .. import convert, prompt_words
from . import AssetGeneratorError, AssetRequest, Made

ROOT = Path(__file__).parents[3]
SOURCES = (
    *sorted(Path(__file__).parent.glob("*.py")),
    *(Path(__file__).parents[1] / name for name in ("glb.py", "prompt_words.py")),
    Path(__file__).parents[2] / "files" / "build_spz.py",
)
TIME_LIMIT = 600.0  # seconds for one set of files

# role -> file name, media type
MODEL_FILES = {
    "glb": ("original.glb", "model/gltf-binary"),
    "optimized": ("optimized.glb", "model/gltf-binary"),
}
WORLD_FILES = {
    "collider": ("collider.glb", "model/gltf-binary"),
    "pano": ("panorama.webp", "image/webp"),
    "spz:100k": ("100k.spz", "application/octet-stream"),
    "spz:500k": ("500k.spz", "application/octet-stream"),
    "rad": ("lod.rad", "application/octet-stream"),
}


CACHE = "MINT_TEST_ASSETS"
"""The environment variable with the folder that all processes of a test run share."""


def default_cache() -> Path:
    """Return the folder in which files are kept between runs."""
    if chosen := os.environ.get(CACHE):
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "mint-blender-tests" / "studio"


def variant(request: AssetRequest) -> dict[str, object]:
    """Return the values that distinguish sets of files: few enough that the cache is effective."""
    color = prompt_words.color_word(request.description)
    if request.kind == "model":
        return {"kind": "model", "shape": prompt_words.shape(request.description), "color": color}
    return {"kind": "world", "color": color, "up": request.collider_up}


class BlenderAssetGenerator:
    """Makes files with Blender, or takes them from the cache."""

    def __init__(self, cache: str | Path | None = None) -> None:
        made_by = [*(path.read_bytes() for path in SOURCES), os.fsencode(sys.prefix)]
        digest = hashlib.sha256(b"".join(made_by)).hexdigest()[:12]
        self._cache = Path(cache) if cache else default_cache()
        self._folder_of_source = self._cache / digest
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="asset-studio")
        self._under_way: dict[str, Future[None]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def make(self, request: AssetRequest) -> Sequence[Made] | None:
        """Return the files of a stage, or None while Blender is making them."""
        folder = self._folder(variant(request))
        if folder is None:
            return None
        if request.stage == "preview":
            return [Made("preview", "image/webp", path=folder / "preview.webp")]
        if request.stage == "optimize":
            return [_made(folder, "optimized", MODEL_FILES)]
        if request.stage == "convert":
            return convert.all_of((folder / "original.glb").read_bytes(), request.formats)
        if request.kind == "world":
            return [_made(folder, role, WORLD_FILES) for role in WORLD_FILES]
        name, media = MODEL_FILES["optimized" if request.draco_original else "glb"]
        return [Made("glb", media, path=folder / name)]

    def begin(self, request: AssetRequest) -> None:
        """Start Blender now, so that it works during the operation's own waiting time."""
        if request.stage == "preview" and self._name(variant(request)) not in self._under_way:
            self._folder(variant(request))

    def close(self) -> None:
        """End Blender if it is running."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)
        if (process := self._process) is not None:
            process.kill()

    @staticmethod
    def _name(what: dict[str, object]) -> str:
        return "-".join(str(value) for value in what.values()).lower()

    def _folder(self, what: dict[str, object]) -> Path | None:
        name = self._name(what)
        folder = self._folder_of_source / name
        if folder.exists():
            return folder
        future = self._under_way.get(name)
        if future is None:
            self._under_way[name] = self._worker.submit(self._run, what, folder)
            return None
        if not future.done():
            return None
        del self._under_way[name]
        if (error := future.exception()) is not None:
            raise AssetGeneratorError(str(error))
        return folder

    def _run(self, what: dict[str, object], folder: Path) -> None:
        """Make a set of files, unless another process of the test run has made it meanwhile."""
        self._folder_of_source.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout), FileLock(f"{folder}.lock").acquire(cancel_check=self._is_closed):
            if not folder.exists():
                self._make(what, folder)

    def _is_closed(self) -> bool:
        return self._closed

    def _make(self, what: dict[str, object], folder: Path) -> None:
        part = Path(tempfile.mkdtemp(prefix=folder.name, dir=self._folder_of_source))
        command = [
            sys.executable,
            "-m",
            "tests.mint_service.asset_generator",
            json.dumps(what),
            str(part),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._process = process
        if self._closed:
            process.kill()
        try:
            _, stderr = process.communicate(timeout=TIME_LIMIT)
            if process.returncode != 0:
                raise AssetGeneratorError(
                    f"Blender could not make {folder.name}: {(stderr.strip().splitlines() or ['no message'])[-1]}"
                )
            part.rename(folder)
        finally:
            process.kill()
            self._process = None
            shutil.rmtree(part, ignore_errors=True)


def _made(folder: Path, role: str, files: dict[str, tuple[str, str]]) -> Made:
    name, media = files[role]
    return Made(role, media, path=folder / name)

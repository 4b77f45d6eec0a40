# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender window for benchmarks, with a stand-in for Mint whose models are large."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mint_service.asset_generator import AssetRequest, Made
from tests.mint_service.asset_generator.tiny_assets import TinyAssetGenerator
from tests.mint_service.options import Options
from tests.mint_service.runner import ThreadService
from tests.window.blender_window import BlenderWindow, make_profile
from tests.window.display import Display

SPEED = 20.0


class FileGenerator(TinyAssetGenerator):
    """Returns these files, by role, as the final result of every model or World."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}

    def make(self, request: AssetRequest) -> Sequence[Made]:
        """Return all files of a stage."""
        if request.stage != "final" or not self.files:
            return super().make(request)
        return [
            Made(role, "application/octet-stream", path.read_bytes())
            for role, path in self.files.items()
        ]


@dataclass(frozen=True)
class Studio:
    """A window and the service it is connected to."""

    blender: BlenderWindow
    service: ThreadService
    generator: FileGenerator
    folder: Path

    @property
    def kept(self) -> Path:
        """A copy of the .blend that was last prepared in the background."""
        return self.folder / "prepared.blend"

    @property
    def append(self) -> str:
        """Blender's own operator, which appends the collection of `kept`, the value `path`."""
        name = self.blender.ask(
            "with bpy.data.libraries.load(path) as (found, _):\n    result = found.collections[0]",
            path=str(self.kept),
        )
        return (
            "bpy.ops.wm.append('EXEC_DEFAULT', True, directory=f'{path}/Collection/',"
            f" filename={name!r})"
        )

    def succeeded_at(self) -> float:
        """Return when the service was last asked about an operation, by `time.monotonic`."""
        return self.service.requests("GET", "/v1/operations/*")[-1].monotonic

    def import_in_background(self, value: bool) -> None:
        """Set the preference."""
        preferences = "bpy.context.preferences.addons[part('').__package__].preferences"
        self.blender.ask(f"setattr({preferences}, 'import_in_background', {value})")


@contextmanager
def studio() -> Iterator[Studio]:
    """Run a display, a Blender with the installed add-on, and the service."""
    folder = Path(tempfile.mkdtemp(prefix="mint-benchmark-"))
    display = Display(folder)
    options = Options(speed=SPEED, switches=("poll-hint",), retry_after=0.1, credits=1_000_000)
    service = ThreadService(options)
    generator = FileGenerator()
    service.mint.asset_files._generator = generator
    profile = make_profile(folder)
    blender = BlenderWindow(display, profile, folder / "home", api=service.api, key=service.key)
    try:
        yield Studio(blender, service, generator, folder)
    finally:
        blender.close()
        service.stop()
        display.close()
        shutil.rmtree(folder, ignore_errors=True)

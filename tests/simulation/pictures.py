# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pictures on the user's disk, which are edited and deleted after the click."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from .mint_files import png

AT_A_HOST = "https://pictures.example/chair.png"


class Pictures:
    """A folder of pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def some(self, rng: random.Random) -> tuple[str, ...]:
        """Return one picture or several; those that were deleted are there again."""
        self._folder.mkdir(exist_ok=True)
        paths = sorted(map(str, self._folder.iterdir()))
        while len(paths) < 4:
            path = self._folder / f"picture {rng.getrandbits(32):08x}.png"
            self._draw(path, path.name)
            paths.append(str(path))
        return tuple(rng.sample([*paths, AT_A_HOST], rng.choice([1, 1, 2, 3])))

    def change(self, rng: random.Random, images: tuple[str, ...]) -> None:
        """Edit or delete pictures."""
        for path in [Path(image) for image in images if image != AT_A_HOST]:
            if path.is_file() and rng.random() < 0.5:
                path.unlink()
            else:
                self._draw(path, f"edited {rng.getrandbits(32)}")

    @staticmethod
    def hash_of(image: str) -> str:
        """Return what Mint's ledger says about this picture as it is now."""
        if image == AT_A_HOST:
            return image
        path = Path(image)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

    @staticmethod
    def _draw(path: Path, text: str) -> None:
        path.write_bytes(png(4, 4, text))

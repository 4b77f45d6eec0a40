# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a GLB may claim to hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlbLimits:
    """The largest GLB that is imported; Mint's have about 100,000 triangles in 50 MB at most."""

    file_bytes: int = 2**30
    json_bytes: int = 4 * 2**20
    """Most bytes of the JSON; parsed, it takes up to 30 times as much memory."""
    nesting: int = 64
    entries: int = 65_536
    """Most entries of any list in the document: nodes, meshes, accessors, images …"""
    images: int = 4096
    """Most images; the header of each is read."""
    vertices: int = 20_000_000
    triangles: int = 20_000_000
    decoded_bytes: int = 2**31
    """Most bytes of all accessors, decompressed, and of all uses of accessors."""
    pixels: int = 2**29
    """Most pixels of all images together; Blender needs four bytes for each."""
    tree_depth: int = 256

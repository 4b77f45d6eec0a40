# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: their headers, and the names that fit their content."""

from __future__ import annotations

from io import BytesIO

from mint_blender.files import pictures
from mint_blender.files.errors import InvalidPicture

from ...files.build_glb import jpeg_header, png, webp_header
from ..checks import check_sentence, guarded_folder, refusing
from ..target import Target

HDR = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n" + bytes(64)


def try_picture(data: bytes) -> None:
    """Read the header from a file and from memory, and give the file the right name."""
    with guarded_folder() as folder:
        path = folder / "look.webp"
        path.write_bytes(data)
        found = _inspected(data)
        for check in (pictures.inspect_sized, pictures.check_panorama):
            with refusing(InvalidPicture):
                check(path)
        with refusing(InvalidPicture):
            path = pictures.rename_by_content(path)
        assert [each.name for each in folder.iterdir()] == [path.name]
        if found is not None:
            assert path.suffix == found.suffix
            with refusing(InvalidPicture):
                pictures.check_complete(path, found)


def _inspected(data: bytes) -> pictures.Picture | None:
    try:
        found = pictures.inspect(data)
        assert pictures.inspect_stream(BytesIO(data), len(data), "look.webp") == found
    except InvalidPicture as error:
        check_sentence(str(error))
        return None
    if found.width is not None and found.height is not None:
        assert 0 < found.width * found.height <= pictures.MAX_PIXELS
    return found


TARGETS = (
    Target(
        "pictures",
        try_picture,
        (
            png(),
            png(8, 4),
            jpeg_header(8, 4),
            jpeg_header(8, 4, before=b"\xff\xe1\0\x08Exif\0\0" + b"\xff" * 20),
            *(webp_header(8, 4, kind) for kind in (b"VP8 ", b"VP8L", b"VP8X")),
            HDR,
            b"II*\0" + bytes(20),
            b"<svg/>",
        ),
    ),
)

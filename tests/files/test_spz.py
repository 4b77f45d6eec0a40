# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files: the values that every version of the format holds."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from mint_blender.files.spz.coordinates import PER_DEGREE

from . import build_spz
from .read_spz import read_splats

DATA = Path(__file__).parent / "data" / "spz"
ANSWERS = [
    (path.stem, decoder)
    for path in sorted(DATA.glob("*.json"))
    for decoder in json.loads(path.read_text())
]


@pytest.mark.parametrize(("stem", "decoder"), ANSWERS)
def test_values_agree_with_other_decoders(stem, decoder):
    """They differ by far less than the format's quantization step."""
    ours = read_splats(DATA / f"{stem}.spz")
    theirs = {
        key: np.array(values, np.float64)
        for key, values in json.loads((DATA / f"{stem}.json").read_text())[decoder].items()
    }
    if "splat-transform" in decoder:  # it answers with what training uses: logarithms and log odds
        theirs["scales"] = np.exp(theirs["scales"])
        theirs["alphas"] = 1 / (1 + np.exp(-theirs["alphas"]))
    else:  # it answers with a color to look at
        theirs["colors"] = (theirs["colors"] - 0.5) / 0.282
    rotations = theirs["rotations"].reshape(-1, 4)[:, [3, 0, 1, 2]]
    assert len(ours) == 20
    np.testing.assert_allclose(ours.positions, theirs["positions"].reshape(-1, 3), atol=2e-6)
    np.testing.assert_allclose(ours.scales, theirs["scales"].reshape(-1, 3), rtol=1e-5)
    np.testing.assert_allclose(ours.rotations, rotations, atol=1e-5)
    np.testing.assert_allclose(ours.base[:, :3], theirs["colors"].reshape(-1, 3), atol=1e-5)
    np.testing.assert_allclose(ours.base[:, 3], theirs["alphas"], atol=1e-5)
    np.testing.assert_allclose(ours.harmonics, theirs["sh"].reshape(20, -1, 3), atol=1e-6)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
def test_written_splats_are_read_back(write_spz, version, degree):
    """Each version and degree is read back as exactly as the format's steps allow."""
    made = build_spz.made_up(1000, degree=degree)
    read = read_splats(write_spz(build_spz.encode(made, version=version)))
    np.testing.assert_allclose(
        read.positions, made.positions, atol=2e-3 if version == 1 else 0.51 / 4096
    )
    np.testing.assert_allclose(np.log(read.scales), np.log(made.scales), atol=0.51 / 16)
    np.testing.assert_allclose(read.base[:, 3], made.base[:, 3], atol=0.51 / 255)
    np.testing.assert_allclose(read.base[:, :3], made.base[:, :3], atol=0.51 / 255 / 0.15)
    np.testing.assert_allclose(read.harmonics, made.harmonics, atol=0.51 / 128)
    same_turn = np.abs((read.rotations * made.rotations).sum(axis=1))  # q and -q are one turn
    assert same_turn.min() > (0.99 if version < 3 else 0.99999)
    assert read.harmonics.shape == (1000, PER_DEGREE[degree], 3)


def test_an_empty_stream_of_harmonics_is_optional(write_spz):
    """The reference writer leaves it out; a file that has it is read as well."""
    made = build_spz.made_up(10)
    parts = build_spz.sections(made, 4)
    assert parts[-1] == b""
    for streams in (parts[:5], parts):
        assert (
            len(read_splats(write_spz(build_spz.table(build_spz.header(made, 4), streams)))) == 10
        )


def test_flags_are_read(write_spz):
    """That of antialiased training is ignored; records of extensions are skipped in both containers."""
    made = build_spz.made_up(10)
    for unknown in (1, 0x80):
        assert len(read_splats(write_spz(build_spz.encode(made, flags=unknown)))) == 10
    for version in (3, 4):
        extended = read_splats(
            write_spz(
                build_spz.encode(
                    made, version=version, flags=2, extension=struct.pack("<II", 7, 5) + b"hello"
                )
            )
        )
        assert len(extended) == 10

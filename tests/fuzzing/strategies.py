# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that `hypothesis` chooses: seeds, changed a few times, and noise."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from .mutation import FEW, mutate
from .target import Target


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Return inputs of a target."""

    def changed(seed: bytes, random: Random, times: int) -> bytes:
        for _ in range(times):
            seed = mutate(seed, random, is_json=target.is_json)
        return seed

    return st.binary(max_size=60) | st.builds(
        changed,
        st.sampled_from(target.seeds),
        st.randoms(use_true_random=False),
        st.sampled_from(FEW),
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's rules, written from its API contract: a model without threads, sockets or a clock.

Time and chance are given in. `tests/mint_service` serves it over HTTP, with switches for everything
that can go wrong; `tests/simulation` calls it in process. Each decides, as a subclass, what the
contract leaves open.
"""

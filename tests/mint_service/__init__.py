# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Mint: an HTTP service on loopback that follows Mint's API contract.

Tests start it with `runner.py`, and developers with `python3 -m tests.mint_service`. See README.md
in this folder.
"""

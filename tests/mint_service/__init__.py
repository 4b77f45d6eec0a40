# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Mint: a real HTTP service on loopback that behaves as the contract says.

`runner.py` starts it for tests, `python3 -m tests.mint_service` for people. See README.md in this
folder.
"""

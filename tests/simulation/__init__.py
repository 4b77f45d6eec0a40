# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulation of the whole system in one process: the engine is real, the world around it is not.

Several Blenders, a command line and a batch share one journal. Mint, the network, the clock and the
failures of disk and processes are simulated, and a seed decides everything. Mint's ledger is the
judge: see `checks`. Run `python3 -m tests.simulation --jobs N --seed S`.
"""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Move files between this computer, Mint and its file host, on threads of the engine."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices, limits and what was spent. Sends no requests."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""API key, balance, usage and preferences."""

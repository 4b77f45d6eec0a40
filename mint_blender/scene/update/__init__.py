# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace an earlier version of a result, and keep what the user has built on it."""

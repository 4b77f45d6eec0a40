# SPDX-License-Identifier: GPL-3.0-or-later
"""The form for a new generation, and batches from a text."""

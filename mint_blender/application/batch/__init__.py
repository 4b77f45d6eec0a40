# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a batch: their jobs, prices, files and records, for every program that runs them."""

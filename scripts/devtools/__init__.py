# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands behind `scripts/dev.py`, and what the sessions of `noxfile.py` share."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards beside the usual one: a finished job as one line."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators for what is done with a result after it has landed."""

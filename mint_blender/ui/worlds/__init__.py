# SPDX-License-Identifier: GPL-3.0-or-later
"""The World panel and Look Inside."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""The Library panel: browse, import and save what the API project has generated."""

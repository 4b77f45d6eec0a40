# SPDX-License-Identifier: GPL-3.0-or-later
"""The section *Library*: browse, import and save what the API project has generated."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a folder of .blend files up to date with what the API project has generated."""

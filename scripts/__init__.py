# SPDX-License-Identifier: GPL-3.0-or-later
"""What developers run: set-up, tests, packaging. Not part of the add-on."""

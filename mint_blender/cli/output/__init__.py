# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands print: lines and progress for people, JSON objects for programs."""

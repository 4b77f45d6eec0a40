# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in service itself: it has to be right before anything can be right against it."""

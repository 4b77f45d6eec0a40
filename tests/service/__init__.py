# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in service itself, since the tests of the add-on rely on it."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the power of the tests: each of these mistakes in the package has to fail one of them."""

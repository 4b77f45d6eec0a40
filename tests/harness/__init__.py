# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests have in common, and the tests of that."""

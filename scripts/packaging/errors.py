# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of everything that makes a release."""


class PackageError(Exception):
    """Something cannot be written or is not ready; the text says why, and what to do."""

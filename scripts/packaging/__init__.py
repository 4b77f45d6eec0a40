# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release consists of: archives, the extension repository, the pip package, checksums.

It knows nothing of the add-on at run time. `scripts/package.py` and `scripts/release.py` are the
commands.
"""

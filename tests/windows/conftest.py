# SPDX-License-Identifier: GPL-3.0-or-later
"""What only Windows shows. Elsewhere none of these files is read."""

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user sees and clicks: panels, operators, preferences. Runs on the main thread only."""

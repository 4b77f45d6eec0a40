# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at Previews, and decide about them."""

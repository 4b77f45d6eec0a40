# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images that go with a prompt."""

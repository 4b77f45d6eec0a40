# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pictures that go with a prompt."""

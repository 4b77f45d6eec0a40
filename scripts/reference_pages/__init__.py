# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in docs/reference/, made from the code: `python3 scripts/dev.py docs --write`.

Each module makes one kind of page and returns its Markdown. `operators` and `preferences` need
Blender with the add-on registered; the others need neither.
"""

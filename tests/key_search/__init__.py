# SPDX-License-Identifier: GPL-3.0-or-later
"""A search for the API key after every test, in whatever the test has written, printed or sent.

All keys of the tests contain the same text (`spellings.KEY_TEXT`), so that they are found without
knowing them. `plugin.py` is the pytest plugin, which `tests/conftest.py` registers.
`python3 -m tests.key_search` runs tests and counts what was searched.
"""

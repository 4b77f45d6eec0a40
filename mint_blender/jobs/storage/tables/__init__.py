# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the journal, except those of `job_owners`.

Each module has the statements that create its tables, and the queries on them.
"""

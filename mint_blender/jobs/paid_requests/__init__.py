# SPDX-License-Identifier: GPL-3.0-or-later
"""One record for each paid request: a POST that may cost Credits.

Every question about money is a query on it: was it sent, may it be sent again, may it be canceled
silently, what was ordered today. `record` says what a record means and how it may change, `table`
stores it, `send` has the order of writes around a request, `table_check` says what is wrong with a
stored table. `tests/specification` explores the
protocol completely within bounds.
"""

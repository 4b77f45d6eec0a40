# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the network between the client and the stand-in service, with one job for each."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the network between the client and the stand-in service, with one job for each.

`faults.py` is the table. A reverse proxy made with aiohttp (`hosts.py`) stands between client and
service. What no well-behaved proxy can send is written to its connections byte by byte.
"""

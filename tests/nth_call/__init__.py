# SPDX-License-Identifier: GPL-3.0-or-later
"""The n-th call fails: once, and from then on. At night, for n = 1, 2, … until none fails.

A whole run of the command line, from a prompt and a picture over a Preview to the file, with the real
engine, journal and client against the stand-in service. Afterwards everything works again, and a
person types what the command line says.
"""

# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts about jobs: states, actions, groups and error messages. Changes nothing."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads about jobs: states, actions, groups and error messages. Changes nothing."""

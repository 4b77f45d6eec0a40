# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a result after it has landed. Nothing here costs Credits."""

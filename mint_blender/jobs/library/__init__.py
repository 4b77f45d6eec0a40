# SPDX-License-Identifier: GPL-3.0-or-later
"""The models and Worlds of the API project, as Mint lists them and as a person looks at them."""

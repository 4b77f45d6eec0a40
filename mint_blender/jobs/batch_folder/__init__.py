# SPDX-License-Identifier: GPL-3.0-or-later
"""What several machines share in the folder of a batch: Mint's files, claims, what is written.

The ledger, which has one writer, is in `storage`. Knows no command and no Blender.
"""

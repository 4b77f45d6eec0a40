# SPDX-License-Identifier: GPL-3.0-or-later
"""Random steps of a user from a seed, in a Blender with a window that is killed now and then.

`steps.py` chooses the steps, `inside/` carries them out in Blender, `mouse.py` clicks on the review
card, `driver.py` runs and kills Blender, and `judge.py` compares what was clicked with the ledger of the stand-in service and with
the journal. `python3 -m tests.random_steps --steps 10000 --seed 1` is the long form.
"""

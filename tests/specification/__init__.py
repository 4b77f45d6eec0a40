# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of paid requests as a model that can be explored, and the checks that follow from it.

The tests explore it: within small bounds on each change, and within larger ones at night. Only
`real_record.py` and `recorder.py` import the product, beside the check of its table.

A *line* is one thing that a person ordered: a click, or a line of a batch. A *row* is the record of
one paid request of it. Times are in units of 12 hours: a request is repeated until it is one unit
old, and Mint forgets a key after two. All lines look the same in Mint's lists. In every state that
can be reached within the bounds of a configuration (`setups.py`), what `properties.py` says is true,
and without any one of the rules (`rules.py`) it is not.

    rules.py          the twenty rules, as data
    state.py          what a state consists of
    record.py         what a row says, with all rules or without one
    orders.py         what a person and the program do about a line, beside sending it
    sending.py        the order of writes around a send
    environment.py    Mint, the network, time, and everything that goes wrong
    properties.py     what has to be true
    setups.py         what is explored
    exploring.py      all states, and the shortest way to one that is wrong

The real engine is held against the same rules:

    events.py         what processes do and Mint makes, as values
    trace.py          check a history of them
    row_history.py    what such a history has done to a row
    mint_books.py     compare it with what Mint has made
    recorder.py       record the events of the real engine, in the simulation
    real_record.py    the product's table of paid requests, which follows the model step by step

Not in the model: a folder that is restored while several machines work on it, bodies, prices, days
and Previews, and the files that tell other machines the operation. What a person was told before a
home was restored is not held against the copy; neither is an operation that only the lost copy
knew, until it is ordered again.
"""

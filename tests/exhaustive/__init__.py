# SPDX-License-Identifier: GPL-3.0-or-later
"""All short sequences of actions, each with a crash at every point where something has changed.

Real are the job service, its engine, the journal in SQLite and every file. Simulated are Mint, the
network and the clock, as in `tests.simulation`. Run `python3 -m tests.exhaustive`.

A crash point lies after each call that has changed the disk or reached Mint. At each one the process
dies in up to four ways. Then a new process starts over what is on disk, and a patient person brings
every job to its end. Mint's ledger and the files are the judge.

    killed        The process dies. Everything it has written is there.
    lost          The power fails. The last write without a sync is undone, also if something later
                  has reached the disk or Mint.
    torn          The power fails. Of the last write without a sync, the second half is zeros.
    without data  The power fails. Names and sizes are there, but no data without a sync: a file is
                  empty that was renamed before its data was synced.

SQLite writes in C, out of reach. Its syncs are trusted, since the journal asks for them
(`synchronous = FULL`). So only the commit that is being made can be lost (its part of the write-ahead
log is cut off) or torn (the second half of that part is zeros). A wrong order of SQLite's own writes
is not simulated. Nor is a folder that loses its name, or a network drive.
"""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the workflows of jobs. Knows no Blender and no window.

Threading rules:

- The main thread owns `JobRunner` (and `JobService`, which extends it). It sends commands and reads
  events; both are small frozen values in queues, and nothing else is shared.
- One worker thread owns the `Scheduler`, with its own journal connection, and all running
  workflows. It exists only while something is in flight, and ends within a bounded time when it is
  told to.
- Calls to Mint and downloads run on small pools of threads. They touch neither a job nor the
  journal: their results go into the worker's queue as commands.
- All threads are daemons: Blender may quit at any moment, and all state is in the journal.
- An exception ends one job, one call or one query at the edge of its thread, never the thread.
"""

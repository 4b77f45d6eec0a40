# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the results of a batch on the workers of a Dask cluster: `batch --executor dask://…`.

`executor` is what the batch hands its results to, `cluster` checks the workers before anything is
started. `worker_side` runs on the workers, which get no API key.
Imports `distributed` inside functions only, since it is an optional package.
"""

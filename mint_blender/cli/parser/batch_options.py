# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the command `batch`, and its help."""

from __future__ import annotations

import argparse
from pathlib import Path

from .argument_types import count, executor, ranges

HELP = """\
A .txt file has one prompt per line. A .jsonl file has one object per line:
  {"prompt": "a lamp", "preset": "fast", "format": "glb"}
A .csv file has the names of the fields in its first line. Only a prompt is
required:
  prompt, name         what to generate, and its name
  kind                 model (default) or world
  preset               fast, standard (default) or production
  mode                 auto (default) or review: stop at the Preview
  image, images        reference images: paths and https URLs
  pose                 of a character: t_pose or a_pose
  optimize             of a model: light, moderate or aggressive
  height               of a model in a .blend, in scene units
  splats               of a world: a tier such as 100k or 500k
  collider             of a world: auto, physics, visible or none
  panorama, camera, rigid_body
                       of a world: yes or no
  format               blend (default) or glb
  render               yes or no; overrides --render

For each line, DIR gets the result, its picture (Mint's own, or a rendered
one) and a record (.json). index.html shows them all and opens without a
network.

A line that fails or waits at its Preview does not stop the others. Run the
same command again to continue: finished lines are skipped, and no line is
started or paid for twice, even on another computer or after DIR was moved.
This is recorded in DIR/.mint-batch: keep it with the results.

--again imports, renders and files finished lines again, as the batch file now
says: another height, format or picture. It never starts anything. Mint's files
are taken from disk, or else downloaded again. A file is replaced only when the
new one is complete; with another format, the old file is kept, too. Several
machines that run it on the same folder share the lines.

On a farm, --step does a part of the work, and --lines says for which lines:
  --step generate      generate, and put Mint's files into DIR/.mint-batch/files
  --step write         import, render and file; needs neither key nor network
  --step sheet         write the contact sheet
Only one machine can generate into DIR at a time, but any number can write: each
line is written once, and lines that another machine is writing are waited for.
With --skip-failed, lines that failed at Mint do not keep a farm from the rest.
--openjd writes these steps as a job template (OpenJD) for a render farm.

With --executor, the workers of a Dask cluster import and render. The key stays
here. All of them need this version of mint-blender[dask], the same Python, bpy,
and DIR under the same path; with --ship-results they send the files instead.

The price of all lines is shown before the first one starts. Mint returns the
price of an optimization only if the API project has a model. Without one,
--max-credits refuses a batch with optimizations.
"""


def add(batch: argparse.ArgumentParser) -> None:
    """Add the options of the command, but those that it shares with others."""
    batch.add_argument("file", type=Path, metavar="FILE", help="a .txt, .jsonl or .csv file")
    batch.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the folder for the results"
    )
    batch.add_argument(
        "--jobs",
        type=count,
        default=4,
        metavar="N",
        help="how many to run at once (default: 4; Mint allows 10 of each kind)",
    )
    _add_farm_options(batch)
    _add_workers(batch)
    batch.add_argument(
        "--render",
        action="store_true",
        help="render a picture of each result instead of using Mint's",
    )
    batch.add_argument(
        "--retry-failed",
        action="store_true",
        help="retry failed lines (costs Credits again)",
    )
    batch.add_argument(
        "--start-again",
        action="store_true",
        help=(
            "also start lines again that Mint may have started, and that were looked for in vain"
            " (costs Credits again)"
        ),
    )


def _add_workers(batch: argparse.ArgumentParser) -> None:
    batch.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="how many Blenders import at once (default: one less than there are cores)",
    )
    batch.add_argument(
        "--executor",
        type=executor,
        metavar="dask://HOST:PORT",
        help="import and render on the workers of a Dask cluster instead; see below",
    )
    batch.add_argument(
        "--ship-results",
        action="store_true",
        help="with --executor: the workers send the files, and need not see DIR",
    )


def _add_farm_options(batch: argparse.ArgumentParser) -> None:
    batch.add_argument(
        "--again",
        action="store_true",
        help="import, render and file finished lines again (never costs Credits)",
    )
    parts = batch.add_mutually_exclusive_group()
    parts.add_argument(
        "--step",
        choices=("generate", "write", "sheet"),
        metavar="STEP",
        help="on a farm, only generate, write or sheet; see below",
    )
    parts.add_argument(
        "--openjd",
        type=Path,
        metavar="TDIR",
        help="write a job template for a render farm into TDIR, and start nothing",
    )
    batch.add_argument(
        "--lines", type=ranges, metavar="1-10,14", help="only the lines with these numbers"
    )
    batch.add_argument(
        "--skip-failed",
        action="store_true",
        help="exit with 0 although lines failed at Mint or wait for a Preview",
    )

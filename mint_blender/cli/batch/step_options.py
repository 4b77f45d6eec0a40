# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `batch --step` with which a farm calls it."""

from __future__ import annotations

import argparse


def step_options(arguments: argparse.Namespace, step: str) -> list[str]:
    """Return `--step` and the options of a batch that concern this step, but not its lines."""
    words = ["--step", step]
    if step == "sheet":
        return words
    size = arguments.render_size
    options = {
        "--skip-failed": arguments.skip_failed,
        "--rewrite": arguments.rewrite,
        "--render": arguments.render,
        # how a picture is rendered: a line may have one by itself
        "--render-size": size and f"{size[0]}x{size[1]}",
        "--render-samples": arguments.render_samples,
        "--render-engine": arguments.render_engine,
    }
    if step == "write":
        options |= {"--workers": arguments.workers}
    else:
        options |= {
            "--jobs": arguments.jobs,
            "--max-credits": arguments.max_credits,
            "--retry-failed": arguments.retry_failed,
        }
    for name, value in options.items():
        if value is True:
            words.append(name)
        elif value is not None and value is not False:
            words += [name, str(value)]
    return words

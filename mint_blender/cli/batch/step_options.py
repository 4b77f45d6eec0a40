# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `batch --step` with which a farm calls it."""

from __future__ import annotations

from ...application.batch.options import Options


def step_options(options: Options, step: str) -> list[str]:
    """Return `--step` and the options of a batch that concern this step, but not its lines."""
    words = ["--step", step]
    if step == "sheet":
        return words
    size = options.render_size
    words_of: dict[str, object] = {
        "--skip-failed": options.skip_failed,
        "--rewrite": options.rewrite,
        "--render": options.render,
        # how a picture is rendered: a line may have one by itself
        "--render-size": size and f"{size[0]}x{size[1]}",
        "--render-samples": options.render_samples,
        "--render-engine": options.render_engine,
    }
    if step == "write":
        words_of |= {"--workers": options.workers}
    else:
        words_of |= {
            "--jobs": options.jobs,
            "--max-credits": options.max_credits,
            "--retry-failed": options.retry_failed,
        }
    for name, value in words_of.items():
        if value is True:
            words.append(name)
        elif value is not None and value is not False:
            words += [name, str(value)]
    return words

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values in our sentences are the user's own words, such as the title of a job.

They are shown as they are, in every language.

A value in quotation marks is never translated. For those without, the place in the sentence is told
here.
"""

USER_TEXT: dict[str, frozenset[int]] = {
    "{1}: {2} is not possible now ({3}).": frozenset({1}),
    "{1} belongs to another account. Use that account's API key and address to go on with it.": frozenset(  # noqa: E501
        {1}
    ),
    "{1}: it is not known yet whose API key is in use. Check the key, then try again.": frozenset(
        {1}
    ),
    "{1} is being converted already ({2}): wait for that, or go on with it.": frozenset({1}),
    "{1} is being worked on: wait until it rests.": frozenset({1}),
    "{1}: there are no files to fetch again.": frozenset({1}),
    "{1} is not finished: cancel it first.": frozenset({1}),
    "The {1} file of {2} is no longer on disk. Fetch it again: that costs nothing.": frozenset({2}),
    "There is no model file of {1} on disk. Fetch it again: that costs nothing.": frozenset({1}),
    "{1}: the Preview is no longer on disk.": frozenset({1}),
    "{1} waits for no decision.": frozenset({1}),
    "{1}: Mint can only make the newest Preview, number {2}. Look at that one first.": frozenset(
        {1}
    ),
    "{1} is not ready to place: {2}.": frozenset({1}),
    "{1} waits for you in the list of jobs ({2}): decide about it there.": frozenset({1}),
    "{1}: {2} (job {3})": frozenset({1}),
    "{1} was not saved: {2}": frozenset({1}),
    "Accepted: {1}": frozenset({1}),
    "{1} has no pixels: its file may be missing.": frozenset({1}),
    "There is no image {1} in this file.": frozenset({1}),
    "Picture {1}: {2}": frozenset({1}),
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of `dev.py soak`: what each does, its commands, and what it has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way of looking for defects, which is a package that runs as a command.

    Its last line on standard output is a JSON object: `figures` (what was counted, by name),
    `failures` (a line each, with the command that repeats it) and `seconds`. Its exit status is 0
    if there was no failure.
    """

    name: str
    package: str
    what: str
    """What it does, in a sentence or two, for `docs/reliability.md`."""
    long: tuple[str, ...] = ()
    """The arguments of the long form, which takes minutes or hours."""
    short: tuple[str, ...] = ()
    """The arguments of a run of a minute or so. The tests have a short form of their own."""
    takes_minutes: bool = False
    """Whether it has the option `--minutes`."""
    goal: tuple[str, int] | None = None
    """The figure of a whole run and its least value, if a run can be continued: the method then has
    the option `--seed`, and its result `next_seed`, with which the next part begins."""
    needs_window: bool = False
    """Whether it needs Debian's Blender and a virtual display."""
    environment: str = ""
    """The environment that it runs in; empty for the default one."""
    fixed_seeds: tuple[int, ...] = ()
    """The seeds that failed in the kept run and do not fail any more, with tests of that."""
    picture: tuple[str, str] | None = None
    """A picture of the kept run: what it shows, and its path from `docs/`."""
    found: tuple[str, ...] = ()
    """What it has found and what was fixed, a sentence or two for each defect."""

    @property
    def title(self) -> str:
        """The heading of its section."""
        return self.name.replace("_", " ").capitalize()


_SIMULATION = Method(
    "simulation",
    "tests.simulation",
    "Several Blenders, commands and a batch share a journal in one simulated world. Mint, network, "
    "clock, disk and kills come from a seed. Each request may be lost, doubled, delayed or "
    "answered by a gateway; disks fill, keys and accounts change, days pass. Mint's ledger is the "
    "judge.",
    long=("--jobs", "1000000", "--processes", "2", "--keep-going"),
    short=("--jobs", "400"),
    takes_minutes=True,
    goal=("jobs", 1_000_000),
    fixed_seeds=(588, 956, 1970, 2594, 3310, 5539, 7746, 15021, 17737, 19653, 23575),
    found=(
        "A job without an answer could adopt an asset that waited for an approval, and wait for "
        "ever. It now stops and sends the user to mint.gg.",
        "A revision of long ago was forgotten before Mint was polled, so that a later approval met "
        "another Preview. The decision now stays until Mint has answered.",
        "A start without an answer adopted the asset of another job with the same prompt. It now "
        "waits until that job has its own.",
        "A refused decision was dropped before Mint was polled, so that a kill left an earlier "
        "Preview to be approved. It now stays until Mint was asked.",
        "A Preview of a revision whose answer was lost was never fetched. It is now fetched, so "
        "that what is approved is what was seen.",
        "A revision without a price counted as free for the limit of a job. Each revision counts.",
        "A machine that woke up could start a line of a batch that another one had started. It now "
        "looks before it starts one.",
        "A Preview whose picture had expired was still offered after its operation had been "
        "canceled or had failed elsewhere. The job now follows what Mint says.",
        "A model that was waited for without its operation was not asked again for its files, "
        "which may follow its success by some seconds: the job paused. It now asks again.",
        "A batch line that was queued on one machine and done on another could be continued on the "
        "first one days later, and was paid for a second time. It is paused now, and a run of the "
        "batch takes over what was started.",
        "A batch line that was queued with a key that is gone, and was done on another machine, "
        "stayed foreign on the first one. It now belongs to the account that has sent it.",
        "A computer that slept for more than a day between two tries of a start or a revision sent "
        "it again when it woke up, although Mint had forgotten the key: it was paid for twice. It "
        "now looks for what was made, or asks you again.",
        "A start that Mint had not answered could be removed from the list, and nobody knew what "
        "it had started. It is resumed or canceled first.",
        "A revision whose Preview was ready when Mint answered counted for the day of the job, so "
        "that the limit of a day could be exceeded by it. It counts for the day of the click.",
        "A batch line whose job was canceled, or had failed, on another machine could not be "
        "started again. Another job now can.",
        "A start that Mint had not answered, and that was canceled before the computer slept for a "
        "day, was taken for canceled although Mint had started it. It is now looked for.",
        "A queued job that was dismissed in Blender was still sent by the command that had queued "
        "it. What was dismissed is not sent.",
        "A Preview that was on disk when a process was killed was taken for a later one, so that a "
        "person could approve another Preview than Mint showed. It is now fetched again.",
        "A Preview that was shown long ago was approved although somebody had revised it on "
        "another computer. Mint is now asked first, and the newer one is shown.",
        "An optimization whose answer was lost did not count for the limits when Mint said that "
        "the model is optimized already. Its price counts now.",
        "An answer about an earlier key that came very late was taken for one about the present "
        "key, whose jobs then counted as another account's. Each answer now belongs to one call.",
        "A Preview was approved that another process had revised while the first one asked for the "
        "price. A decision is now about the Preview that was seen, or it is not taken.",
        "What a revision on another computer had cost did not count for a limit, although Mint had "
        "reported it beside a fresh link to the Preview. It counts now.",
        "A job whose process was killed just before it was sent, and that was sent on another day, "
        "counted for the limit of the first day. It counts for the day on which it is sent.",
        "A process was killed after it had stored that a batch line is sent, and before the ledger "
        "of the batch had it. It sent the line when it ran again; another machine sent it, too, "
        "days later. The ledger now has it before anything is sent.",
        "What a start without an answer had made, and was found in Mint's lists later, did not "
        "count for the limits. Its estimate counts now.",
    ),
)

_EXHAUSTIVE = Method(
    "exhaustive",
    "tests.exhaustive",
    "All sequences of up to four actions (start, poll, approve, revise, pay, cancel, retry, open a "
    "file, restart), with a crash wherever something has changed on the disk or at Mint. The "
    "process is killed, or the power fails and the last write is lost, torn, or renamed without "
    "its data.",
    long=("--processes", "2"),
    short=("--length", "2"),
    takes_minutes=True,
    found=(
        "After a power cut a converted or exported file could be empty. It is now on disk before "
        "the job says so.",
        "After a power cut a Preview, or the copy of a reference image, could be missing. Both are "
        "now on disk before the journal names them.",
        "A half download could be continued after a power cut although it had holes. It now starts "
        "over.",
    ),
)

_SPECIFICATION = Method(
    "specification",
    "tests.specification",
    "The protocol of paid requests as a model. All of its states are explored, in configurations "
    "with two processes, two machines, crashes, restored backups, wrong clocks, other API keys, "
    "lost and late answers, and a person's decision at any moment. Then one rule at a time is "
    "switched off, and something has to go wrong.",
    long=("--mutations",),
    short=("--mutations", "--small"),
)

_NTH_CALL = Method(
    "nth_call",
    "tests.nth_call",
    "The n-th call of write, fsync, rename, open, connect or read fails, n = 1, 2, … until none "
    "fails, once and for good, on the way from a prompt to a file on disk.",
    short=("--kind", "rename"),
    takes_minutes=True,
    found=(
        "On a full disk, or with too many open files, the log printed a traceback. It no longer "
        "does.",
        "A command whose journal could not be written took its own end for the work of another "
        "process. It now says that the job was interrupted, and how to resume it.",
    ),
)

_PROCESS_KILLS = Method(
    "process_kills",
    "tests.process_kills",
    "The command line, a batch, a headless Blender and a Blender with a window are ended with "
    "SIGKILL at file-system calls, writes of the journal and requests that were found by "
    "instrumenting them, and started again. In the window these are also the moments before and "
    "after a background Blender is asked, a result is placed and the file is saved.",
    short=("--count", "10"),
    takes_minutes=True,
    goal=("kills", 500),
    needs_window=True,
)

_NETWORK_FAULTS = Method(
    "network_faults",
    "tests.network_faults",
    "One job from prompt to file through each fault: latency, lost answers, resets, silence, DNS "
    "and TLS failures, captive portals, redirects, bombs, lying lengths, endless bodies and more. "
    "[network-faults.md](network-faults.md) says for each what the user reads, and when.",
    short=("--only", "redirect"),
    takes_minutes=True,
    found=(
        "An error of a file host's gateway (520 to 530, 511), and a proxy that refused, paused a "
        "job that only had to wait. It now continues by itself.",
        "A host that claimed more bytes than it had was asked 40 times for the whole file. It is "
        "now given up after a few tries.",
        "A network that wants people to sign in (511) told them to write to Mint, and a file that "
        "was refused did not say what to do. Both say it now.",
        "A host that could not be connected to was said to send no data. The message now says that "
        "it cannot be reached.",
        "An interim response such as 103 Early Hints was taken for the answer. It is now skipped.",
    ),
)

_KEY = Method(
    "key",
    "tests.key_search",
    "After every test, whatever it has written is searched for the API key: journal, log, "
    "downloads, .blend files (compressed ones, too), output, and the requests that reached the "
    "file host. The key is found as it is, in UTF-16, base64, hexadecimal and URL "
    "encoding.",
    short=("--only", "tests/mint"),
    needs_window=True,
    found=(
        "Background Blenders, which read files from outside, got the key of `MINT_API_KEY` in "
        "their environment. They no longer do.",
    ),
)

_FUZZING = Method(
    "fuzzing",
    "tests.fuzzing",
    "Hostile input for everything that reads what others wrote: the answers of every endpoint, "
    "lists, addresses, downloads, GLB, SPZ and picture files, texts, journals, the folders of "
    "batches and asset libraries, the tools for agents. Atheris (libFuzzer) chooses what to try "
    "next from the branches that it reaches. Only the errors that the docstrings promise may "
    "occur, and nothing may be written outside of the folder.",
    long=("--minutes", "30"),
    short=("--minutes", "4"),
    takes_minutes=True,
    environment="fuzz",
    found=(
        "The ledger of a batch could name a job or a file that lies outside of the folder, and a "
        "run would write there. Such an id is refused now, and such a path is not used.",
        "A redirect or a link with broken brackets stopped the download with an internal error.",
        "A list of assets with a new cursor on every empty page was followed without end.",
        "A date of the year 1 or 9999 broke the panel that shows it.",
        "JSON that is nested too deeply ended commands with a traceback: in batch files, ledgers, "
        "leases, manifests and other small files. An answer of Mint that could not be written to "
        "the journal again is refused now.",
        "A stored message with a field such as {a:999999999} took gigabytes of memory.",
        "Request ids, the hosts of redirects and unknown encodings were shown with control "
        "characters and at any length; a server that repeats the key there would have shown it.",
        "A list of catalogs that is not UTF-8 stopped the import into an asset library, and a "
        "catalog without a valid id was used.",
        "A height of 400 digits, a conflicted copy of a file of a batch, a process number that no "
        "system has, and a file name with a null byte each ended a command with a traceback.",
        "An answer about another id was quoted in full: with the API key, if it had the key in it. "
        "The id is now shortened, and the key removed from it.",
        "A stored path with a null byte in the list of open documents was an internal error.",
        "A job with another time in its record than in its row was read from the journal again and "
        "again, without end.",
        "A name in the manifest of an asset library that no file system takes ended each sync.",
        "A GLB of 4 MB could name the same picture 65,536 times, which was read as often. There "
        "may be 4,096 now, and each is read once.",
    ),
)

_RANDOM_STEPS = Method(
    "random_steps",
    "tests.random_steps",
    "A Blender with a window takes random steps of a user from a seed: jobs and decisions, undo, "
    "redo and adjustments, edits, files, windows, scenes, renders, the add-on switched off and on. "
    "It is killed now and then. After each step nothing of the user's may be gone, no result there "
    "twice, and no handler, heartbeat or traceback too many; at the end each job has ended or says "
    "why, and Mint's ledger agrees with the clicks. A crash is repeated without the add-on: if "
    "Blender crashes then, too, it is counted apart. So is a Blender that stands still after an "
    "error of GLX: replays of the first case did not repeat it, so its cause is not known.",
    long=("--steps", "10000", "--seed", "1"),
    short=("--steps", "100"),
    takes_minutes=True,
    goal=("steps", 10_000),
    fixed_seeds=(25, 28, 29),
    needs_window=True,
    found=(
        "Repeat Last (Shift R) and Repeat History ran a paid operator once more, without its "
        "price and without a question. They start nothing now.",
        "While a file was opened with the last window closed, and while a window was opened, the "
        "handler that notices another active object wrote a traceback.",
        "Undo did not remove a result that was placed in Sculpt Mode, since Blender undoes no "
        "first change in that mode. It does now.",
        "Blender 4.3 crashed when a script disabled and enabled the add-on and started a job, all "
        "before the next event. The heartbeat now waits for that event.",
    ),
)

_ENDURANCE = Method(
    "endurance",
    "tests.endurance",
    "Many jobs run in one Blender with a window, each to a result in the scene. After each batch, "
    "memory, threads, open files, sockets and the processor time of a heartbeat are measured; they "
    "must not grow with the number of jobs.",
    long=("--jobs", "1000"),
    picture=(
        "Memory, threads, open files, sockets and the time of a heartbeat stay flat",
        "images/reliability/endurance.svg",
    ),
    short=("--jobs", "50"),
    takes_minutes=True,
    needs_window=True,
)

METHODS = {
    each.name: each
    for each in (
        _SIMULATION,
        _EXHAUSTIVE,
        _SPECIFICATION,
        _NTH_CALL,
        _PROCESS_KILLS,
        _NETWORK_FAULTS,
        _FUZZING,
        _RANDOM_STEPS,
        _ENDURANCE,
        _KEY,
    )
}
"""All methods by name, in the order of the page."""

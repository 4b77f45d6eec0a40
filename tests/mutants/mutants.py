# SPDX-License-Identifier: GPL-3.0-or-later
"""The mutants: small mistakes, each in one place of the package, that the tests have to notice.

Each breaks a rule of `tests/requirements.py`. When the code changes, so does the mutant: its text
has to be in the file exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "mint_blender"


@dataclass(frozen=True)
class Mutant:
    """A mistake: what a file says, and what it says instead."""

    rule: str
    """The rule of `tests/requirements.py` that it breaks."""
    mistake: str
    """What the add-on does then, as a few words."""
    file: str
    """The path of the file below `mint_blender`."""
    before: str
    after: str

    @property
    def room(self) -> str:
        """The room of the file; of a module beside the rooms, the one that uses it most."""
        folder = self.file.partition("/")
        return folder[0] if folder[1] else "ui"

    @property
    def name(self) -> str:
        """The name by which one is chosen, such as "S-tls: accepts any certificate"."""
        return f"{self.rule}: {self.mistake}"

    def mutated(self, source: str) -> str:
        """Return the source of the file with the mistake.

        Raises:
            ValueError: The text is not in the source, or more than once.
        """
        count = source.count(self.before)
        if count != 1:
            raise ValueError(f"{self.file} has this text {count} times: {self.before}")
        return source.replace(self.before, self.after)


MUTANTS = (
    # -- net
    Mutant(
        "C14-retry-after",
        "waits as long as a server asks",
        "net/retry.py",
        "return min(max(self.min_retry_after, retry_after), self.max_retry_after)",
        "return retry_after",
    ),
    Mutant(
        "R-three-minutes",
        "tries for ten minutes",
        "net/retry.py",
        "give_up_after: float = 180.0",
        "give_up_after: float = 600.0",
    ),
    Mutant(
        "S-tls",
        "accepts any certificate",
        "net/connections.py",
        "verify=ca_bundle()",
        "verify=False",
    ),
    # -- mint
    Mutant(
        "S-key-repeated",
        "shows a key that a server repeats",
        "mint/transport.py",
        "content = content.replace(self._secret.encode(), redaction.PLACEHOLDER.encode())",
        "content = bytes(content)",
    ),
    Mutant(
        "S-key-nowhere",
        "logs the key",
        "mint/redaction.py",
        "if len(key) >= MIN_LENGTH and key not in (secrets := _secrets()):",
        "if key not in (secrets := _secrets()) and not key:",
    ),
    Mutant(
        "S-large",
        "unpacks a response of any size",
        "mint/transport.py",
        "    if len(unpacked) > MAX_RESPONSE_BYTES:\n",
        "    if False:\n",
    ),
    Mutant(
        "C14-rhythm",
        "polls in another rhythm",
        "mint/retry.py",
        "factor: float = 1.6",
        "factor: float = 2.6",
    ),
    Mutant(
        "R-slow",
        "polls every 15 seconds for ever",
        "mint/retry.py",
        "return self.waited >= self.intervals.slow_after",
        "return False",
    ),
    Mutant(
        "C20-order",
        "shows the title before the detail",
        "mint/errors.py",
        "return self.detail or self.title",
        "return self.title or self.detail",
    ),
    Mutant(
        "C19-ids",
        "sends any id as part of a path",
        "mint/client.py",
        "    if not is_valid_id(id):\n",
        "    if not id:\n",
    ),
    Mutant(
        "C14-cancel",
        "does not know that Mint cannot cancel",
        "mint/client.py",
        "if error.problem.status in {404, 405}:",
        "if error.problem.status in set():",
    ),
    Mutant(
        "S-key-address",
        "sends the stored key to an unconfirmed address",
        "mint/account.py",
        "if key.strip() and not from_environment and origin not in trusted:",
        "if False:",
    ),
    Mutant(
        "C13-upload",
        "sends only the first of several pictures",
        "mint/generation_request.py",
        "if len(image_urls) == 1:",
        "if image_urls:",
    ),
    # -- files
    Mutant(
        "C2-original",
        "takes an optimized file that Blender cannot read",
        "files/file_choice.py",
        "missing = tuple(sorted(OPTIMIZED_NEEDS - readable))",
        "missing: tuple[str, ...] = ()",
    ),
    Mutant(
        "S-models",
        "does not check what a GLB refers to",
        "files/glb/checks.py",
        "    _check_uris(document, required)\n    counts",
        "    counts",
    ),
    Mutant(
        "S-splats",
        "reads any number of splats",
        "files/spz/container.py",
        "    if points > MAX_POINTS:\n",
        "    if False:\n",
    ),
    Mutant(
        "S-local",
        "downloads from the local network",
        "files/urls.py",
        "return addresses.is_public_or_loopback if local_files else addresses.is_public",
        "return lambda address: True",
    ),
    Mutant(
        "S-large",
        "downloads a file of any size",
        "files/download.py",
        "        if size > self.limit:\n",
        "        if False:\n",
    ),
    Mutant(
        "S-names",
        "writes outside of the folder",
        "files/download_folder.py",
        """letter not in '<>:"/\\\\|?*'""",
        """letter not in '<>:"|?*'""",
    ),
    Mutant(
        "S-private",
        "writes files that everybody reads",
        "files/disk.py",
        "FILE, FOLDER = 0o600, 0o700",
        "FILE, FOLDER = 0o644, 0o755",
    ),
    # -- jobs
    Mutant(
        "R-pay-once",
        "repeats a start that Mint has forgotten",
        "jobs/paid_requests/record.py",
        "is_young = now - self.born < YOUNG_FOR",
        "is_young = True",
    ),
    Mutant(
        "R-account",
        "repeats a start with another key",
        "jobs/paid_requests/record.py",
        "return is_young and credential == self.credential",
        "return is_young",
    ),
    Mutant(
        "R-pay-once",
        "believes a gateway that refuses",
        "jobs/paid_requests/send.py",
        "        and error.problem.has_details\n",
        "",
    ),
    Mutant(
        "C7-timeout",
        "takes a conflict for a refusal",
        "jobs/paid_requests/send.py",
        "_CLEAR = frozenset({400, 401, 402, 403, 404, 405, 413,",
        "_CLEAR = frozenset({400, 401, 402, 403, 404, 405, 409, 413,",
    ),
    Mutant(
        "R-decide",
        "approves a Preview that nobody has seen",
        "jobs/paid_requests/send.py",
        "return None if is_waiting and is_seen else shown",
        "return None",
    ),
    Mutant(
        "C7-same-key",
        "sends another body with the same key",
        "jobs/paid_requests/table.py",
        "            if request.attempts == request.refusals:\n",
        "            if True:\n",
    ),
    Mutant(
        "S-credits",
        "forgets what was spent today",
        "jobs/budget/spending.py",
        "0 < limits.day < spent + paid + added",
        "0 < limits.day < paid + added",
    ),
    Mutant(
        "R-limit",
        "does not check the limit of a job",
        "jobs/budget/spending.py",
        "if most is None or (total is not None and total <= most):",
        "if most is None or total is not None:",
    ),
    Mutant(
        "C17-unknown",
        "takes an unknown price for none",
        "jobs/budget/spending.py",
        "    if limits.day > 0 and added is None:\n",
        "    if False:\n",
    ),
    Mutant(
        "C18-ten",
        "starts an eleventh generation",
        "jobs/storage/journal.py",
        "self._active(job_id, kind, process) >= most",
        "self._active(job_id, kind, process) > most",
    ),
    Mutant(
        "S-account",
        "sends jobs of another account",
        "jobs/storage/job_owners.py",
        "return Hold.FOREIGN if self.is_identified else Hold.UNKNOWN",
        "return None",
    ),
    Mutant(
        "C16-settling",
        "reads a fresh model once",
        "jobs/workflow/collect.py",
        "SETTLING_TRIES = 3",
        "SETTLING_TRIES = 1",
    ),
    Mutant(
        "C6-partial",
        "does not say what a partial success lacks",
        "jobs/workflow/collect.py",
        'run.note("unused_parts_missing")',
        "pass",
    ),
    Mutant(
        "C10-parts",
        "gives up a World without a collider",
        "jobs/workflow/collect.py",
        "if any(map(run.job.file, (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS))):",
        "if any(map(run.job.file, (Role.MODEL, Role.COLLIDER))):",
    ),
    Mutant(
        "C5-same-start",
        "does not repeat the start after Credits were bought",
        "jobs/workflow/decisions.py",
        "if decision.verb is Verb.RESUME and is_without_asset and (yield from _replay_start(run)):",
        "if False:",
    ),
    Mutant(
        "S-key-children",
        "hands the key to a background Blender",
        "jobs/child_process.py",
        "for name, value in os.environ.items() if name != KEY_VARIABLE}",
        "for name, value in os.environ.items()}",
    ),
    Mutant(
        "R-report",
        "puts the key into the report for support",
        "jobs/diagnostics/report.py",
        "without_user_name(redaction.redact(text), Path.home())",
        "without_user_name(text, Path.home())",
    ),
    Mutant(
        "R-crash-log",
        "does not name the crash log",
        "jobs/storage/import_marks.py",
        "if crash_log and Path(crash_log)",
        "if not crash_log and Path(str(crash_log))",
    ),
    Mutant(
        "R-batch-alone",
        "lets two batches work on a folder",
        "jobs/batch_folder/batch_lease.py",
        ") and self._age() < EXPIRES_AFTER:",
        ") and self._age() < 0.0:",
    ),
    # -- scene
    Mutant(
        "C9-floor",
        "puts a corner of the model at the cursor",
        "scene/model/build.py",
        "foot=((left + right) / 2, (front + back) / 2, bottom)",
        "foot=(left, front, bottom)",
    ),
    Mutant(
        "C9-height",
        "does not scale a model to a height",
        "scene/model/build.py",
        "root.scale = [value * scale for value in root.scale]",
        "root.scale = list(root.scale)",
    ),
    Mutant(
        "C11-upright",
        "turns a World about the wrong axis",
        "scene/world/calibration.py",
        "return Euler((0, math.pi, 0) if flipped",
        "return Euler((math.pi, 0, 0) if flipped",
    ),
    Mutant(
        "R-world",
        "lets the camera look at the floor",
        "scene/world/calibration.py",
        "camera.rotation_euler = (math.pi / 2, 0, 0)",
        "camera.rotation_euler = (0, 0, 0)",
    ),
    Mutant(
        "R-edited",
        "shows the earlier version beside the new one",
        "scene/update/backup.py",
        "copy.hide_render = copy.hide_viewport = True",
        "copy.hide_render = copy.hide_viewport = False",
    ),
    Mutant(
        "C2-header",
        "imports what Blender cannot read",
        "scene/gltf/gltf_import.py",
        "if missing := file_choice.missing_extensions(header, gltf_extensions.readable_extensions()):",
        "if missing := tuple[str, ...]():",
    ),
    # -- delivery
    Mutant(
        "R-library-files",
        "overwrites a file that the user has changed",
        "delivery/asset_library/manifest.py",
        "        if not self._is_unchanged(name, entry.digest):\n",
        "        if False:\n",
    ),
    Mutant(
        "R-batch-crash",
        "gives up a result after one crash",
        "delivery/background.py",
        "answer = self._ask(request) or self._ask(request)",
        "answer = self._ask(request)",
    ),
    # -- ui
    Mutant(
        "R-decide",
        "lets an earlier Preview be approved",
        "ui/review/review_card.py",
        "button.enabled = number == newest or not newest",
        "button.enabled = True",
    ),
    Mutant(
        "C17-price",
        "takes a click on a button that has just changed",
        "ui/pricing/paid_clicks.py",
        "if is_settled():\n        state.refused = None",
        "if True:\n        state.refused = None",
    ),
    Mutant(
        "S-offline",
        "sends although online access is off",
        "addon_settings.py",
        "return is_module() or bpy.app.online_access",
        "return True",
    ),
    Mutant(
        "R-undo",
        "brings a result into whatever file is open",
        "ui/job_list/auto_import.py",
        "(job.phase is Phase.READY and job.delivery.document in documents)",
        "job.phase is Phase.READY",
    ),
    # -- cli
    Mutant(
        "R-statuses",
        "says that a generation without Credits has failed",
        "cli/exits.py",
        "Cause.CREDITS: Exit.CREDITS,",
        "Cause.CREDITS: Exit.FAILED,",
    ),
    Mutant(
        "S-terminal",
        "prints control sequences",
        "cli/terminal.py",
        'return _CONTROL.sub("", _BLANK.sub(" ", _SEQUENCE.sub("", text.replace("\\r\\n", "\\n"))))',
        "return text",
    ),
    Mutant(
        "S-page",
        "puts markup of a prompt into the contact sheet",
        "cli/batch/contact_sheet.py",
        """return f'<p class="prompt" dir="auto">{escape(prompt)}</p>'""",
        """return f'<p class="prompt" dir="auto">{prompt}</p>'""",
    ),
    Mutant(
        "R-batch-limit",
        "does not check the limit of a batch",
        "cli/batch/runner.py",
        "self._budget = batch_prices.BatchBudget(limit, bill.prices)",
        "self._budget = batch_prices.BatchBudget(None, bill.prices)",
    ),
    Mutant(
        "R-batch-free",
        "lets --rewrite start lines",
        "cli/batch/runner.py",
        "[] if again else self._prices.unpaid(self._allowed(chosen))",
        "self._prices.unpaid(self._allowed(chosen))",
    ),
    Mutant(
        "R-python-ids",
        "starts another request with the same request_id",
        "application/client_requests.py",
        "    if earlier is None or is_same:\n",
        "    if True:\n",
    ),
    Mutant(
        "R-agent-limits",
        "lets an agent spend without a limit",
        "cli/mcp_server/spending.py",
        "if not job_service.budget.limits and (agreed is None or expense.total > agreed):",
        "if False:",
    ),
    Mutant(
        "S-agent",
        "spends although the person has said no",
        "cli/mcp_server/spending.py",
        "if isinstance(answer, Approval) and answer.spend:",
        "if isinstance(answer, Approval):",
    ),
)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The service without its network: state, clock, status machine and rules behind one lock."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..key_search.spellings import KEY_TEXT
from . import switches
from .asset_files import AssetFiles
from .asset_generator import AssetGenerator
from .asset_generator.tiny_assets import TinyAssetGenerator
from .clock import Clock
from .credit_account import CreditAccount
from .faults import Fault, Scripted, from_json
from .options import Options
from .records import ACTIVE, Operation, Resource
from .request_log import RequestLog
from .status_machine import StatusMachine
from .store import Store

OWNER = "0x5a17d1e00000000000000000000000000000beef"


class Mint:
    """The service without its network: state, clock and rules behind one lock."""

    def __init__(self, state: str | Path, options: Options) -> None:
        self._lock = threading.RLock()
        self.options = options
        self.store = Store(state)
        speed = 0.0 if options.clock == "manual" else options.speed
        self.clock = Clock(speed, self.store.fact("time"))
        self.key: str = self.store.fact("key") or _new_key()
        self.store.set_fact("key", self.key)
        self.revoked: bool = options.revoked or self.store.fact("revoked", False)
        self.credit_account = CreditAccount(self.store, options.credits)
        self.plain = TinyAssetGenerator()
        self.generator = self._choose_generator(options)
        self.asset_files = AssetFiles(self.store, self.generator, lambda: self.options)
        self.status_machine = StatusMachine(
            self.store, self.credit_account, self.asset_files, self.clock, lambda: self.options
        )
        self.log = RequestLog()
        self.scripted: list[Scripted] = []
        self.fired: set[str] = set(self.store.fact("fired", []))
        self.files_url = ""  # set when the file host listens
        self.api_url = ""
        self._take_scenario(options)

    def _choose_generator(self, options: Options) -> AssetGenerator:
        if options.assets == "tiny":
            return self.plain
        if options.assets != "real":
            raise ValueError(f"assets is 'tiny' or 'real', not {options.assets!r}")
        from .asset_generator.blender_process import BlenderAssetGenerator

        return BlenderAssetGenerator(options.assets_cache)

    @contextmanager
    def at_work(self) -> Iterator[Mint]:
        """Lock the service for the calling thread, and execute all due steps."""
        with self._lock:
            self.status_machine.catch_up()
            yield self

    # called by tests

    def scenario(self, values: Mapping[str, Any]) -> None:
        """Change options while the service runs.

        `answers` are added to those still waiting; `credits` sets the available Credits.
        """
        with self.at_work():
            options = self.options.changed(values)
            if "assets" in values and options.assets != self.options.assets:
                raise ValueError("assets is chosen at the start")
            self.options = options
            self._take_scenario(options, values)

    def _take_scenario(self, options: Options, values: Mapping[str, Any] | None = None) -> None:
        switches.check(options.switches)
        for rule in options.rules:
            switches.check(rule["switches"])
        if values is None or "answers" in values:
            self.scripted += [Scripted.from_json(rule) for rule in options.answers]
        if values is None:
            return
        if "credits" in values:
            self.credit_account.add(values["credits"] - self.credit_account.available)
        if "speed" in values or "clock" in values:
            self.clock = Clock(
                0.0 if options.clock == "manual" else options.speed, self.clock.now()
            )
            self.status_machine = StatusMachine(
                self.store, self.credit_account, self.asset_files, self.clock, lambda: self.options
            )
        if "revoked" in values:
            self.revoke(bool(values["revoked"]))

    def revoke(self, revoked: bool) -> None:
        """Revoke the API key, or make it valid again."""
        self.revoked = revoked
        self.store.set_fact("revoked", revoked)

    def operations(self) -> list[Operation]:
        """Return all operations, oldest first."""
        with self.at_work():
            return list(self.store.operations.values())

    def resources(self, kind: str | None = None) -> list[Resource]:
        """Return all models and Worlds, oldest first."""
        with self.at_work():
            return [r for r in self.store.resources.values() if kind in (None, r.kind)]

    # called by the API and the file host

    def active(self, kind: str) -> int:
        """Return how many generations of a kind count against the limit."""
        return sum(
            o.generates and o.kind == kind and o.status in ACTIVE
            for o in self.store.operations.values()
        )

    def once(self, what: str) -> bool:
        """Return True for the first call with this word, and False for all later ones."""
        if what in self.fired:
            return False
        self.fired.add(what)
        self.store.set_fact("fired", sorted(self.fired))
        return True

    def scripted_fault(self, host: str, method: str, path: str) -> tuple[Fault, str] | None:
        """Return the scenario's response to a request, and when it must be given."""
        with self._lock:
            for rule in self.scripted:
                if rule.takes(host, method, path):
                    fault = from_json(rule.spec, self.options.retry_after)
                    fault.note = fault.note or "scripted"
                    return fault, rule.when
        return None

    def close(self) -> None:
        """Store the time, and close the generator and the store."""
        with self._lock:
            self.store.set_fact("time", self.clock.now())
            self.generator.close()
            self.store.close()


def _new_key() -> str:
    """Return a key that `tests/key_search` recognizes wherever it should not be."""
    return f"mint-{KEY_TEXT}-{secrets.token_hex(16)}"

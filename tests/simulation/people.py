# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at random: start, approve, revise, cancel, retry, dismiss, resume, quit, come back.

In the end everything works again, and a patient person brings every job to its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import DeliveryResult, Hold
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import KeyOwner
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.mint.account import Account

from .actions import Actions
from .backups import Backups
from .batch import run_batch
from .options import SMALL_CLOCK_JUMP
from .process import Machine, Process
from .world import API, OTHER_API, Beat, World

BLENDERS = ("Blender A", "Blender B")
BEAT = 10.0
"""Seconds between two looks of a Blender at its jobs."""
RESTORED = 0.04
"""How often a journal is copied, or a copy put back, before somebody does something."""
ENDED = frozenset({Phase.READY, Phase.PLACED, Phase.FAILED, Phase.CANCELED})


class People:
    """The people at one computer, and what they decide."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.actions = Actions(world)
        self.backups = Backups(world)
        self._is_over = False

    # -- a few days

    def live(self) -> None:
        """Live until all jobs were started, then bring everything to an end."""
        self.world.at(0.0, self._live_on)
        self.world.run(math.inf, lambda: self._is_over)
        self._settle()

    def _live_on(self) -> None:
        """Do the next thing. It is an event of its own: people do not wait for a batch."""
        world = self.world
        self._is_over = sum(world.clicks.starts.values()) >= world.options.jobs
        if not self._is_over:
            world.at(self._pause(), self._live_on)
            if world.surprises.journals_are_restored and world.chance.random() < RESTORED:
                self.backups.back_up_or_restore(world.chance.choice(world.machines))
            self._let_something_happen()

    def _pause(self) -> float:
        chance = self.rng.random()
        if self.world.options.pause < 1.0:
            chance = 1.0
        if chance < 0.01:
            self.world.note("nobody comes for a day or two")
            if self.rng.random() < 0.5:
                for name in BLENDERS:
                    self._quit(name)
            pause = self.rng.uniform(10.0, 50.0) * 3600.0
            if self.rng.random() < 0.3:
                self._sleep(self.world.machines[0], pause - 1.0)
            return pause
        if chance < 0.1:
            return self.rng.uniform(600.0, 7200.0)
        return self.rng.expovariate(1 / self.world.options.pause)

    def _sleep(self, machine: Machine, seconds: float) -> None:
        machine.awake_at = self.world.clock.now + seconds
        self.world.note(f"the machine {machine.name} sleeps for {seconds:.0f} s")

    def _let_something_happen(self) -> None:
        chance = self.rng.random()
        if chance < 0.04 and self.world.options.disk_fills:
            self._fill_disk()
        elif chance < 0.07 and self.world.options.accounts_change:
            self._change_account()
        elif chance < 0.10:
            self._jump()
        elif chance < 0.13:
            self._buy_credits()
        elif chance < 0.15 and self.world.options.quits:
            self._quit(self.rng.choice(BLENDERS))
        elif chance < 0.18:
            self._run_batch()
        elif chance < 0.24:
            self._use_command_line()
        else:
            self._click(self._blender(self.rng.choice(BLENDERS)))

    def _click(self, process: Process | None) -> None:
        if process is not None:
            self._do(process, lambda service: self.actions.something(service))

    def _do(self, process: Process, action: Callable[[JobService], Any]) -> None:
        """Do something in a process, unless its main thread waits for something."""
        service = process.service
        if process.is_usable and service is not None:
            process.run(lambda: self.actions.attempt(service, action))

    def _fill_disk(self) -> None:
        self.world.disk.is_full = True
        self.world.note("the disk is full")

        def free() -> None:
            self.world.disk.is_full = False
            self.world.note("the disk has space again")

        self.world.at(self.rng.expovariate(1 / 300.0), free)

    def _change_account(self) -> None:
        """Rotate the key, use a wrong one or none for a while, or use another account or API."""
        world, owner = self.world, self.world.mint.projects[0]
        key = f"key-of-owner-{self.rng.getrandbits(32):08x}-secret"
        if world.surprises.second_project and world.chance.random() < 0.4:
            self._use(Account(max(world.mint.projects[-1].keys), API))
            world.at(self.rng.expovariate(1 / 1800.0), self._use_own_account)
            return
        if self.rng.random() < 0.3:
            world.remove_keys(owner)
        chance = self.rng.random()
        if chance < 0.4:
            world.add_key(owner, key)
            account = Account(key, API)
        elif chance < 0.5:
            world.network.key_hosts[key] = owner.host
            account = Account(key, API)
        elif chance < 0.6:
            account = Account("", API)
        elif chance < 0.8:
            account = Account("key-of-other-1-secret", API)
        else:
            account = Account("key-of-dev-1-secret", OTHER_API)
        self._use(account)
        world.at(self.rng.expovariate(1 / 1800.0), self._use_own_account)

    def _use_own_account(self) -> None:
        if not self.world.options.accounts_change:
            return  # it is the end, where each account has its turn
        owner = self.world.mint.projects[0]
        if not owner.keys:
            self.world.add_key(owner, f"key-of-owner-{self.rng.getrandbits(32):08x}-secret")
        self._use(Account(max(owner.keys), API))

    def _use(self, account: Account) -> None:
        self.world.account = account
        self.world.note(f"the key is now {account.key or 'missing'}")
        for process in list(self.world.processes.values()):
            if not (process.is_dead or process.is_blocked):  # a command has read its key before
                process.account = account
                switch = partial(self._do, process, lambda service: service.set_account(account))
                process.later(0.0, switch)

    def _jump(self) -> None:
        world, most = self.world, self.world.most_clock_jump
        if world.surprises.clock_jumps:  # small ones are as likely, and each is corrected
            most = world.chance.choice([SMALL_CLOCK_JUMP, 7200.0, most])
            world.at(world.chance.expovariate(1 / 3600.0), self._correct_clock)
        world.clock.offset = self.rng.uniform(-most, most)
        world.note(f"this computer's clock is off by {world.clock.offset:.0f} s")

    def _correct_clock(self) -> None:
        self.world.clock.offset = 0.0
        self.world.note("this computer's clock is right again")

    def _buy_credits(self) -> None:
        self.world.mint.projects[0].balance += self.rng.choice([200.0, 2000.0, 20000.0])

    # -- processes

    def _blender(self, name: str, machine: Machine | None = None) -> Process | None:
        """Return a Blender, which is started if it does not run."""
        process = self.world.processes.get(name)
        if process is not None and not process.is_dead:
            return process
        process = self.world.start_process(name, machine)
        if process is not None:
            self._do(process, lambda service: service.unfinished.resume_all())
            self._beat(process)
        return process

    def _beat(self, process: Process) -> None:
        """Look at the jobs as Blender's heartbeat does, for as long as the process lives."""
        interval = BEAT

        def look(service: JobService) -> None:
            nonlocal interval
            if service.unfinished.are_elsewhere:
                service.unfinished.take_over()
            for job in [each for each in service.jobs() if each.phase is Phase.READY]:
                with suppress(NotPossible):
                    service.record_delivery(job.id, DeliveryResult())
            is_active = service.has_active_work or service.unfinished.are_elsewhere
            interval = BEAT if is_active else 60.0

        def beat() -> float | None:
            self._do(process, look)
            return None if process.is_dead else interval

        self.world.beats.append(Beat(self.world.clock.now + BEAT, beat))

    def _quit(self, name: str) -> None:
        process = self.world.processes.get(name)
        if process is not None and not process.is_dead:
            self.world.note(f"{name} quits")
            process.run(process.quit)

    def _use_command_line(self) -> None:
        """Run one command: start a job or resume one, wait until it stops, and end."""
        name = f"command {len(self.world.processes)}"
        process = self.world.start_process(name)
        if process is None:
            return
        job_ids: list[str] | None = None

        def begin(service: JobService) -> None:
            nonlocal job_ids
            service.ask_price = service.ask_and_wait
            job = self.actions.something(service)
            job_ids = [job.id] if job is not None else []

        def follow() -> None:
            service = process.service
            assert service is not None
            if not process.is_blocked:
                self._do(process, lambda service: None)  # it reads the events
                if not any(map(service.is_active, job_ids or ())):
                    process.quit()
            process.later(5.0, follow)

        self._do(process, begin)
        process.later(1.0, follow)
        # a command that cannot go on is stopped in the end
        process.later(6 * 3600.0, process.stop)

    def _run_batch(self) -> None:
        """Run the batch on one of the machines, which may fall asleep meanwhile."""
        machine = self.rng.choice(self.world.machines)
        name = f"batch on {machine.name}"
        before = self.world.processes.get(name)
        is_asleep = machine.awake_at > self.world.clock.now
        if is_asleep or (before is not None and not before.is_dead):
            return
        process = self.world.start_process(name, machine)
        if process is None:
            return
        process.later(0.0, lambda: self._do(process, partial(run_batch, process)))
        process.later(12 * 3600.0, process.stop)
        if machine is not self.world.machines[0] and self.rng.random() < 0.5:
            at, seconds = self.rng.uniform(1.0, 120.0), self.rng.uniform(30.0, 1800.0)
            self.world.at(at, lambda: self._sleep(machine, seconds))

    # -- the end

    def _settle(self) -> None:
        """Let everything work again, and bring every job of every account to an end."""
        world = self.world
        world.note("everything works again")
        world.come_to_rest()
        world.run(1.0)
        for machine in world.machines:
            machine.awake_at = 0.0
        for process in list(world.processes.values()):
            process.run(process.stop)
        world.run(3600.0)
        world.disk.is_full = False
        for project in world.mint.projects:
            project.balance = 10.0**9
            if not project.keys:
                world.add_key(project, f"key-of-{project.user}-last-secret")
        for project in world.mint.projects:
            api = API if project.host == "api.mint.gg" else OTHER_API
            world.account = Account(max(project.keys), api)
            for machine in world.machines:
                world.note(f"the end of {project.user} at {project.host} on {machine.name}")
                self._finish_jobs(machine)

    def _finish_jobs(self, machine: Machine) -> None:
        name = f"Blender at the end on {machine.name}"
        process = self._blender(name, machine)
        assert process is not None
        for _ in range(90):  # a stage takes thirty hours at most, and there are several
            left = list[Job | None]([None])
            self._do(
                process,
                lambda service, left=left: left.__setitem__(slice(None), self._press_on(service)),
            )
            if not left:
                break
            self.world.run(1800.0)
        process.run(process.quit)

    def _press_on(self, service: JobService) -> list[Job]:
        """Do what each job waits for; return the jobs that are not over."""
        service.queries.ask(KeyOwner())  # as the panel of the account does
        service.unfinished.resume_all()
        service.unfinished.refresh_queue()
        with suppress(NotPossible):
            service.unfinished.continue_queue()
        left = [
            job
            for job in service.jobs()
            if job.hold is not Hold.FOREIGN
            and (job.phase not in ENDED or job.decision is not None)
            and not (job.problem is not None and job.problem.code == "no_file")
        ]
        for job in left:
            if not service.is_active(job.id) and job.decision is None:
                with suppress(NotPossible), service.budget.without_limits():
                    self._press(service, job)
        return left

    def _press(self, service: JobService, job: Job) -> None:
        verbs = JobView(job).verbs
        if job.source_asset_id is not None:
            self.world.mint.go_on_at_mint(job.source_asset_id, self.world.clock.true)
        if job.candidates:
            self.actions.use(service, job)
        if is_unanswered(service.job(job.id)):
            self.actions.retry(service, job)
        elif job.problem is not None and job.problem.code == "other_key":
            service.cancel(job.id)
        elif Verb.APPROVE in verbs:
            self.actions.approve(service, job)
        elif Verb.RESUME in verbs or job.phase is Phase.PAUSED:
            service.resume(job.id)
            self.actions.note_price(service, job)
            self.world.clicks.confirmed.add(job.id)

"""A simulated tenant to change, and what is needed to change it in this process or in another one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.changes import apply as applying
from diagnostics.changes import journal as journals
from diagnostics.changes import undo, workflow
from diagnostics.changes.outcomes import Applied, Who
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import Plan, Wishes
from diagnostics.changes.session import Session
from diagnostics.lab.catalog import mailbox
from diagnostics.lab.server import Lab
from diagnostics.profile import load
from diagnostics.profile.subject import subject

ROOT = Path(__file__).resolve().parents[2]


def make_lab(
    count: int = 1, *scenarios: str, transport: str = "rest", shape: str = "user-mailbox", granted: bool = False
) -> Lab:
    """Return a lab, not started, whose profile names `count` mailboxes that the application cannot open yet."""
    lab = Lab(shape, scenarios, transport=transport)
    if not granted:
        lab.setup.remove_permissions()
    if count > 1:
        names = [f"m{number:03d}@contoso.com" for number in range(count)]
        lab.setup.tenant.recipients += [mailbox(name, name) for name in names]
        lab.setup.profile.mailboxes = names
    return lab


def snapshot(lab: Lab) -> Any:
    """Return everything in the tenant that a change could touch; ids that Exchange makes anew are left out."""
    tenant = lab.setup.tenant
    recipients = {
        recipient.primary_smtp_address: (
            sorted((e.user, e.user_sid, e.access_rights, e.deny, e.is_inherited) for e in recipient.permissions),
            recipient.imap_enabled,
        )
        for recipient in tenant.recipients
    }
    rows = sorted((row.app_id, row.object_id, row.display_name) for row in tenant.exchange_service_principals)
    return recipients, rows


def holders(lab: Lab) -> dict[str, int]:
    """Return how many entries the application has on each mailbox where it has any."""
    sids = {
        row.sid
        for row in lab.setup.tenant.exchange_service_principals
        if row.object_id == lab.setup.enterprise.object_id
    }
    found = {
        recipient.primary_smtp_address: sum(entry.user_sid in sids for entry in recipient.permissions)
        for recipient in lab.setup.tenant.recipients
    }
    return {address: count for address, count in found.items() if count}


@dataclass
class Place:
    """A started lab with a journal of its own."""

    lab: Lab
    folder: Path
    slept: list[float] = field(default_factory=list)
    runs: int = 0
    other_profile: Path | None = None

    @property
    def profile(self) -> Path:
        """The lab's profile, or one that reaches the same lab in another way."""
        return self.other_profile or self.lab.profile

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.lab.env, "XDG_STATE_HOME": str(self.folder / "state"), "PYTHONPATH": str(ROOT)}

    def session(self) -> Session:
        os.environ.update(self.lab.env)
        return Session(subject(load(self.profile), lambda _text: None), lambda _text: None)

    def shell(self, session: Session, wrap: Any = lambda shell: shell) -> PatientShell:
        return PatientShell(lambda: wrap(session._opened()), sleep=self.slept.append)

    def grant_plan(self, session: Session, shell: PatientShell, **wishes: bool) -> Plan:
        return workflow.grant_plan(session, shell, session.subject.target.mailboxes, Wishes(**wishes))

    def apply(self, plan: Plan, shell: PatientShell, **options: Any) -> Applied:
        self.runs += 1
        with journals.Journal(self.journal) as journal:
            return applying.apply(plan, shell, journal, who=Who("tester"), run=f"run-{self.runs}", **options)

    def grant(self, wrap: Any = lambda shell: shell, **wishes: bool) -> Applied:
        """Plan and apply in one go."""
        with self.session() as session, self.shell(session, wrap) as shell:
            return self.apply(self.grant_plan(session, shell, **wishes), shell)

    def revoke(self, wrap: Any = lambda shell: shell, scope: workflow.Scope | None = None) -> Applied:
        with self.session() as session, self.shell(session, wrap) as shell:
            found = undo.runs(journals.read(self.journal))
            plan = workflow.revoke_plan(session, shell, found, scope or workflow.Scope())
            return self.apply(plan, shell)

    def diag(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own; the profile and the journal are added where they belong."""
        command = [sys.executable, "-m", "diagnostics", *words]
        if words[0] != "journal":
            command += ["--profile", str(self.profile)]
        if words[0] in {"grant", "apply", "revoke", "journal"}:
            command += ["--journal", str(self.journal)]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120, **options}
        return subprocess.run(command, env=self.environment, cwd=ROOT, check=False, **options)


def verified(path: Path) -> journals.Verified:
    found = journals.verify(path)
    assert found.intact, found.breaks
    return found


def records_of(path: Path, kind: str) -> Sequence[journals.Record]:
    return [record for record in journals.read(path) if record.kind == kind]

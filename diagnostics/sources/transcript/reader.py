"""Reads a pasted text once, from front to back, and returns what it shows as evidence; it judges nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from diagnostics import files
from diagnostics.evidence import Evidence, Provenance, Remark, TokenClaims, Unavailable
from diagnostics.redaction import PastedSecrets, redact
from diagnostics.servers import ON_PREMISES_OUTPUT
from diagnostics.sources.transcript import (
    aadsts,
    claims,
    cmdlet_errors,
    commands,
    failures,
    graph,
    hosts,
    imap,
    lookups,
    network,
    prose,
    remarks,
    requests,
    rows,
    sasl,
    settings,
    shells,
    tables,
)
from diagnostics.sources.transcript.collector import Collector
from diagnostics.sources.transcript.decoding import utf8_blocks
from diagnostics.sources.transcript.jsontext import Found, objects
from diagnostics.sources.transcript.outgoing import without_secrets
from diagnostics.sources.transcript.stream import Reading, windows
from diagnostics.sources.transcript.window import Window


def read(chunks: Iterable[bytes], *, name: str, judged_at: dt.datetime | None = None) -> Evidence:
    """Return the evidence in one text, given in chunks of any size; memory does not grow with the text.

    `name` is what provenance calls it (`name:line`). `judged_at` is UTC and defaults to now. Raises NotText for binary
    input.
    """
    return read_all([(name, chunks)], judged_at=judged_at)


def read_files(paths: Iterable[Path], *, judged_at: dt.datetime | None = None) -> Evidence:
    """Return the evidence in several files together. Raises FileUnusable and NotText."""
    return read_all(((str(path), files.chunks(path)) for path in paths), judged_at=judged_at)


def read_all(texts: Iterable[tuple[str, Iterable[bytes]]], *, judged_at: dt.datetime | None = None) -> Evidence:
    """Return the evidence in several named texts together, as if one person had pasted them into one ticket."""
    collector = Collector()
    secrets = PastedSecrets()
    names = []
    for name, chunks in texts:
        names.append(name)
        reading = Reading()
        for lines in windows(utf8_blocks(chunks, name), reading):
            _extract(Window(name, lines, secrets), collector)
        if (failing := failures.last(reading.failing, name)) is not None:
            collector.add(failing)
        if reading.full:
            words = ", ".join(f"“{word}”" for word in sorted(reading.full))
            collector.notes.append(
                f"{name}: so many lines with {words} that not all of them were looked at; other words were looked for to the end"
            )
    evidence = collector.evidence(", ".join(names), judged_at or dt.datetime.now(dt.UTC))
    return without_secrets(evidence, lambda text: redact(text, secrets))


def _extract(window: Window, collector: Collector) -> None:
    if prose.is_article(window.full):
        return
    for fact in (
        *aadsts.read(window),
        *claims.from_strings(window),
        *(asked := [*requests.read(window.folded), *requests.bare(window)]),
        *settings.from_requests(asked),
        *settings.read(window.folded),
        *settings.from_labels(window),
        *settings.old_hosts(window),
        *settings.personal_mailboxes(window),
        *imap.read(window.folded),
        *network.read(window.folded),
        *cmdlet_errors.read(window.folded),
        *lookups.read(window),
        *remarks.read(window.folded),
        *failures.read(window),
        *hosts.read(window.folded),
        *commands.read(window.folded),
    ):
        collector.add(fact)
    for string, token in sasl.read(window.folded):
        collector.add(string)
        if token is not None:
            collector.add(token)
    for found in objects(window.joined):
        _object(window, found, collector)
    for token in claims.from_dump(window):
        collector.add(token)
    if not collector.all(TokenClaims):
        for token in claims.from_roles(window):
            collector.add(token)
    sign = ""
    for row in tables.read(window):
        sign = shells.by_fields(row.values) or sign
        _row(window, row, collector, sign)


def _object(window: Window, found: Found, collector: Collector) -> None:
    where = window.where(window.joined.number_at(found.offset))
    fields = found.fields
    if claims.is_payload(fields):
        collector.add(claims.from_object(window, found))
    for permission in graph.resource_permissions(fields):
        collector.add(permission)
    for fact in (
        graph.app_registration(fields, where),
        graph.enterprise_application(fields, where),
        graph.role_assignment(fields),
        graph.delegated_grant(fields),
        graph.discovery(fields, where),
    ):
        if fact is not None:
            collector.add(fact)
    sign = shells.on_premises(window, window.joined.index_at(found.offset), fields)
    _exchange(fields, where, "", collector, sign)


def _row(window: Window, row: tables.Row, collector: Collector, before: str) -> None:
    where = window.where(window.numbers[row.index])
    if row.values.get("AllowBasicAuthImap") == "True":  # a table; in a list the sentence itself is a remark
        collector.add(Remark("policy-allows-basic-auth-imap", "AllowBasicAuthImap : True", where, (("value", "True"),)))
    if (
        row.cmdlet.lower().startswith(("get-mg", "get-azuread", "new-mg", "new-azuread"))
        or "AccountEnabled" in row.values
    ):
        principal = graph.enterprise_application(_as_graph(row.values), where)
        if principal is not None and "application" not in row.cmdlet.lower():
            collector.add(principal)
        return
    _exchange(row.values, where, row.asked, collector, shells.on_premises(window, row.index, row.values, before))


def _as_graph(values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell a PowerShell row of Entra's modules as Graph spells it."""
    renamed: dict[str, Any] = {"servicePrincipalType": ""}
    for name, value in values.items():
        key = "id" if name in {"ObjectId", "Id"} else name[:1].lower() + name[1:]
        renamed[key] = {"True": True, "False": False}.get(str(value), value)
    return renamed


def _exchange(fields: Mapping[str, Any], where: Provenance, asked: str, collector: Collector, on_premises: str) -> None:
    """Add what a row shows of Exchange Online; of one that is of Exchange on premises (`on_premises` says why), only that."""
    if on_premises:
        of_mailboxes = (rows.permission, rows.cas_mailbox, rows.recipient)
        if any(build(fields, where) is not None for build in of_mailboxes):
            collector.add(Remark(ON_PREMISES_OUTPUT, on_premises, where))
        return
    for build in (rows.service_principal, rows.access_policy, rows.role_assignment, rows.connection):
        fact = build(fields, where)
        if fact is not None:
            collector.add(fact)
    permission = rows.permission(fields, where)
    if isinstance(permission, Unavailable):
        collector.mailbox(asked, rows.text(fields, "Identity")).unread = permission
    elif permission is not None:
        listed = collector.mailbox(asked, permission.identity).permissions
        if permission not in listed:
            listed.append(permission)
    cas = rows.cas_mailbox(fields, where)
    if cas is not None:
        collector.mailbox(asked, *_identities(fields)).cas = cas
    recipient = rows.recipient(fields, where)
    if recipient is not None:
        collector.mailbox(
            asked,
            recipient.primary_address,
            recipient.user_principal_name,
            recipient.identity or recipient.display_name,
        ).recipient = recipient


def _identities(fields: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        rows.text(fields, name)
        for name in ("PrimarySmtpAddress", "UserPrincipalName", "Identity", "Name", "DisplayName")
    )

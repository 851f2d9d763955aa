"""Each fault, put into healthy evidence by itself, is named first; the healthy evidence names nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.diagnosis import diagnose
from diagnostics.evidence import (
    NOT_COLLECTED,
    Absent,
    AddressAttempt,
    AppRoleAssignment,
    AttemptOutcome,
    CasMailbox,
    EntraError,
    Evidence,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    MailboxEvidence,
    MailboxPermission,
    Missing,
    Recipient,
    RecordedChange,
    RequiredPermission,
    SecretShape,
    Setting,
    SettingName,
    Source,
    Unavailable,
)
from diagnostics.findings import Confidence, Outcome
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, Sid
from diagnostics.report import build
from tests.core.sample import (
    APP,
    ENTERPRISE,
    EXCHANGE_OBJECT,
    FULL_ACCESS,
    GRAPH,
    MAILBOX,
    NOT_CONNECTED,
    NOW,
    REFUSED,
    REGISTERED,
    REGISTRATION,
    ROW,
    SELF_ROW,
    SESSION,
    TENANT,
    TOKEN,
    healthy,
    mailbox,
    seen,
)


def refusal(code: int, text: str = "") -> dict[str, object]:
    error = EntraError(
        (code,), f"AADSTS{code}: {text}", seen(Source.ENTRA, "token endpoint"), grant_type="client_credentials"
    )
    blocked = Unavailable("Entra issued no token", Missing.BLOCKED)
    return {
        "entra_errors": (error,),
        "tokens": blocked,
        "mailboxes": (mailbox(imap=Unavailable("there is no token", Missing.BLOCKED)),),
    }


def principals(*rows: ExchangeServicePrincipal) -> ExchangeEvidence:
    return replace(healthy().exchange, service_principals=rows)


def broken(imap: object, **changes: object) -> dict[str, object]:
    return {"mailboxes": (mailbox(imap=imap, **changes),)}


EXPIRED = replace(
    REGISTERED, password_credentials=(replace(REGISTERED.password_credentials[0], ends_at=NOW - dt.timedelta(days=1)),)
)
FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "secret id": (
        "input-secret-id-pasted",
        {
            **refusal(7000215, "Invalid client secret provided."),
            "secret": SecretShape(36, "aaa", seen(Source.PROFILE, "p:1"), guid=str(TENANT)),
        },
    ),
    "secret of another": ("input-secret-wrong-value", refusal(7000215, "Invalid client secret provided.")),
    "stray character": (
        "input-stray-character-in-client-id",
        {
            **refusal(700016, f"Application with identifier '>{APP}' was not found in the directory '{TENANT}'."),
            "settings": (Setting(SettingName.APPLICATION_ID, f">{APP}", seen(Source.PROFILE, "p.yaml:3:7")),),
        },
    ),
    "unknown app": (
        "token-app-not-in-tenant",
        refusal(700016, f"Application with identifier '{APP}' was not found in the directory 'x'."),
    ),
    "unknown tenant": ("discovery-tenant-not-found", refusal(90002, f"Tenant '{TENANT}' not found.")),
    "disabled": ("token-app-disabled", refusal(7000112, f"Application '{APP}'(ERP) is disabled.")),
    "no principal": (
        "token-sp-missing-home-tenant",
        refusal(7000229, "The client application is missing service principal"),
    ),
    "expired secret": (
        "token-secret-expired",
        {**refusal(7000222, "keys are expired"), "graph": replace(GRAPH, registration=EXPIRED)},
    ),
    "no roles": (
        "claims-roles-missing",
        {**broken(REFUSED), "tokens": (replace(TOKEN, roles=None),), "graph": healthy().graph.__class__()},
    ),
    "no consent": (
        "consent-admin-consent-missing",
        {**broken(REFUSED), "tokens": (replace(TOKEN, roles=None),), "graph": replace(GRAPH, role_assignments=())},
    ),
    "role of EWS": (
        "claims-wrong-role-ews",
        {
            **broken(REFUSED),
            "tokens": (replace(TOKEN, roles=("full_access_as_app",)),),
            "graph": replace(
                GRAPH, role_assignments=(AppRoleAssignment("dc890d15-9560-4a4c-9b7f-a736ec74ec40", EXCHANGE_OBJECT),)
            ),
        },
    ),
    "Graph audience": (
        "claims-aud-graph",
        {**broken(REFUSED), "tokens": (replace(TOKEN, audience="https://graph.microsoft.com", roles=None),)},
    ),
    "not registered": ("exo-sp-not-registered", {**broken(REFUSED, permissions=(SELF_ROW,)), "exchange": principals()}),
    "wrong object id": (
        "exo-sp-wrong-object-id",
        {
            **broken(REFUSED, permissions=(SELF_ROW, replace(FULL_ACCESS, user=REGISTRATION))),
            "exchange": principals(replace(ROW, object_id=EnterpriseAppObjectId(REGISTRATION))),
        },
    ),
    "swapped": (
        "exo-sp-appid-and-objectid-swapped",
        {
            **broken(REFUSED),
            "exchange": principals(
                replace(ROW, app_id=ApplicationId(ENTERPRISE), object_id=EnterpriseAppObjectId(APP))
            ),
        },
    ),
    "stale": (
        "exo-sp-stale-after-recreation",
        {
            **broken(REFUSED),
            "exchange": principals(
                replace(ROW, app_id=ApplicationId(TENANT), object_id=EnterpriseAppObjectId(REGISTRATION))
            ),
        },
    ),
    "IMAP off": (
        "mailbox-imap-disabled",
        broken(NOT_CONNECTED, cas=CasMailbox(seen(Source.EXCHANGE, "Get-CASMailbox"), imap_enabled=False)),
    ),
    "no FullAccess": ("perm-fullaccess-missing", broken(NOT_CONNECTED, permissions=(SELF_ROW,))),
    "FullAccess of a person": (
        "perm-fullaccess-missing",
        broken(
            NOT_CONNECTED,
            permissions=(SELF_ROW, replace(FULL_ACCESS, user="admin@contoso.com", user_sid=Sid("S-1-5-21-7-7-7-7"))),
        ),
    ),
    "wrong object": (
        "perm-granted-to-wrong-object",
        broken(
            NOT_CONNECTED,
            permissions=(SELF_ROW, replace(FULL_ACCESS, user=str(REGISTRATION), user_sid=Sid("S-1-5-21-7-7-7-7"))),
        ),
    ),
    "denied": (
        "perm-deny-entry",
        broken(NOT_CONNECTED, permissions=(SELF_ROW, FULL_ACCESS, replace(FULL_ACCESS, deny=True))),
    ),
    "may read permissions": (
        "perm-readpermission-only",
        broken(NOT_CONNECTED, permissions=(SELF_ROW, replace(FULL_ACCESS, rights=("ReadPermission",)))),
    ),
    "group": (
        "mailbox-group-or-public-folder",
        broken(
            NOT_CONNECTED,
            recipient=Recipient(MAILBOX, "GroupMailbox", seen(Source.EXCHANGE, "Get-Recipient")),
            permissions=Unavailable("it is no mailbox", Missing.BLOCKED),
            cas=Unavailable("it is no mailbox", Missing.BLOCKED),
        ),
    ),
    "nowhere": (
        "mailbox-not-in-exchange-online",
        broken(
            NOT_CONNECTED,
            recipient=Absent("no recipient erp@contoso.com", seen(Source.EXCHANGE, "Get-Recipient")),
            permissions=Unavailable("there is no mailbox", Missing.BLOCKED),
            cas=Unavailable("there is no mailbox", Missing.BLOCKED),
        ),
    ),
    "port closed": (
        "net-no-greeting",
        broken(
            replace(
                SESSION, attempts=(AddressAttempt("192.0.2.1", 993, AttemptOutcome.REFUSED),), greeting="", steps=()
            )
        ),
    ),
    "fresh change": (
        "propagation-change-still-spreading",
        {
            **broken(REFUSED),
            "changes": (
                RecordedChange(
                    "FullAccess was granted", NOW - dt.timedelta(minutes=5), seen(Source.JOURNAL, "journal")
                ),
            ),
        },
    ),
    "no reason": ("auth-rejected-no-reason", broken(REFUSED)),
}


def test_healthy_evidence_names_no_cause_and_leaves_nothing_open() -> None:
    report = build(healthy(), command="diag permissions", started=NOW)
    assert report.diagnosis.causes == ()
    assert {f.check: f.judgement for f in report.findings if f.outcome in {Outcome.FAIL, Outcome.UNKNOWN}} == {}
    assert report.exit_code == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_first(fault: str) -> None:
    cause, changes = FAULTS[fault]
    report = build(healthy(**changes), command="diag permissions", started=NOW)
    assert report.diagnosis.first is not None
    assert report.diagnosis.first.cause == cause
    assert report.exit_code == (3 if cause == "propagation-change-still-spreading" else 1)


def test_two_faults_are_both_named_the_earlier_link_first() -> None:
    evidence = healthy(
        exchange=principals(replace(ROW, object_id=EnterpriseAppObjectId(REGISTRATION))),
        mailboxes=(
            mailbox(imap=NOT_CONNECTED, cas=CasMailbox(seen(Source.EXCHANGE, "Get-CASMailbox"), imap_enabled=False)),
        ),
    )
    causes = [cause.cause for cause in build(evidence, command="", started=NOW).diagnosis.causes]
    assert causes[:2] == ["exo-sp-wrong-object-id", "mailbox-imap-disabled"]


def test_what_could_not_be_looked_at_is_unknown_and_gives_exit_code_3() -> None:
    slow = Unavailable("Get-MailboxPermission did not answer within 60 seconds", Missing.TIMED_OUT)
    report = build(healthy(mailboxes=(mailbox(permissions=slow),)), command="", started=NOW)
    assert report.exit_code == 3
    assert report.diagnosis.causes == ()


def test_an_operator_who_is_not_signed_in_gives_exit_code_4() -> None:
    out = Unavailable("the operator is not signed in", Missing.NOT_SIGNED_IN)
    evidence = healthy(
        exchange=ExchangeEvidence(connection=out, service_principals=out),
        mailboxes=(MailboxEvidence(MAILBOX, out, out, out, SESSION),),
    )
    assert build(evidence, command="", started=NOW).exit_code == 4


def test_a_name_alone_is_unknown_and_not_proof() -> None:
    named = MailboxPermission("ERP mail", ("FullAccess",), seen(Source.EXCHANGE, "Get-MailboxPermission"))
    report = build(healthy(mailboxes=(mailbox(permissions=(SELF_ROW, named)),)), command="", started=NOW)
    assert report.exit_code == 3
    finding = next(f for f in report.findings if f.check == "full-access")
    assert finding.outcome is Outcome.UNKNOWN
    assert "UserSid" in finding.judgement.hint


def test_one_unknown_among_the_required_checks_forbids_propagation() -> None:
    change = RecordedChange("FullAccess was granted", NOW - dt.timedelta(minutes=5), seen(Source.JOURNAL, "journal"))
    evidence = healthy(
        changes=(change,), mailboxes=(mailbox(imap=REFUSED, permissions=Unavailable("slow", Missing.TIMED_OUT)),)
    )
    causes = {cause.cause for cause in build(evidence, command="", started=NOW).diagnosis.causes}
    assert "propagation-change-still-spreading" not in causes


def test_an_old_change_is_no_excuse() -> None:
    change = RecordedChange("FullAccess was granted", NOW - dt.timedelta(minutes=61), seen(Source.JOURNAL, "journal"))
    report = build(healthy(changes=(change,), mailboxes=(mailbox(imap=REFUSED),)), command="", started=NOW)
    assert report.diagnosis.first is not None
    assert report.diagnosis.first.cause == "auth-rejected-no-reason"
    assert report.diagnosis.first.confidence is not Confidence.CERTAIN


def test_without_graph_nothing_required_is_open() -> None:
    assert build(healthy(graph=healthy().graph.__class__()), command="", started=NOW).exit_code == 0


def test_both_ids_and_the_mending_commands_are_filled_in() -> None:
    evidence = healthy(exchange=principals(replace(ROW, object_id=EnterpriseAppObjectId(REGISTRATION))))
    first = build(evidence, command="", started=NOW).diagnosis.first
    assert first is not None
    commands = "\n".join(command.text for step in first.fix for command in step.commands)
    assert f"Remove-ServicePrincipal -Identity '{REGISTRATION}'" in commands
    assert f"-ObjectId '{ENTERPRISE}'" in commands
    assert f"-AppId '{APP}'" in commands


def test_nothing_at_all_is_not_success() -> None:
    empty = Evidence(judged_at=NOW, live=False, tokens=NOT_COLLECTED)
    report = build(empty, command="diag analyze", started=NOW)
    assert report.exit_code == 3
    assert diagnose(empty, report.findings).causes == ()


def test_mail_that_goes_elsewhere_is_said() -> None:
    nobody = Absent("no recipient erp@contoso.com", seen(Source.EXCHANGE, "Get-Recipient"))
    for hosts, told in ((("mx.example.net",), True), (("contoso-com.mail.protection.outlook.com",), False)):
        evidence = healthy(mailboxes=(mailbox(recipient=nobody, domain_mx=hosts),))
        first = build(evidence, command="", started=NOW).diagnosis.first
        assert first is not None
        assert first.cause == "mailbox-not-in-exchange-online"
        assert any("mx.example.net" in sentence for sentence in first.evidence) is told


def test_an_id_of_graph_under_exchange_is_known_without_asking_graph() -> None:
    wrong = RequiredPermission(
        ApplicationId("00000002-0000-0ff1-ce00-000000000000"), "652390e4-393a-48de-9484-05f9b1212954", "Scope"
    )
    right = replace(wrong, resource_app_id=ApplicationId("00000003-0000-0000-c000-000000000000"))
    for permission, named in ((wrong, True), (right, False)):
        graph = replace(
            healthy().graph.__class__(), registration=replace(REGISTERED, required_permissions=(permission,))
        )
        report = build(replace(healthy(), graph=graph), command="", started=NOW)
        causes = {cause.cause for cause in report.diagnosis.causes}
        assert ("consent-graph-scope-id-under-exchange" in causes) is named


def test_the_application_that_entra_names_is_filled_into_the_fix() -> None:
    for text, named in (
        (f"a secret added to app '{APP}'.", True),
        (f"Application with identifier '{APP}' was not found", False),
    ):
        error = EntraError((7000215,), f"AADSTS7000215: {text}", seen(Source.TEXT, "ticket.txt:1"))
        first = build(
            Evidence(judged_at=NOW, live=False, entra_errors=(error,)), command="", started=NOW
        ).diagnosis.first
        assert first is not None
        assert (APP in " ".join(step.text for step in first.fix)) is named

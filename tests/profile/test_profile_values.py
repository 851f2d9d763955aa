from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from diagnostics.clouds import CLOUDS
from diagnostics.evidence import Evidence, Provenance, SettingName, Source, Target
from diagnostics.profile import ProfileError, complaints, load_text
from diagnostics.profile.judging import judge_value
from diagnostics.profile.values import about, settings, target
from diagnostics.redaction import Secret, redact
from diagnostics.sources.claims import secret_shape

from .test_profile_loading import APPLICATION, HERE, MINIMAL, TENANT

OBJECT = "44444444-3333-4444-8555-666666666666"
ZERO_WIDTH = "\u200b"


@pytest.mark.parametrize(
    ("tenant", "application", "cause", "place"),
    [
        ("{{tenantid}}", APPLICATION, "input-placeholder-left-in-config", "shop.yaml:1:9"),
        ("<tenant-id>", APPLICATION, "input-placeholder-left-in-config", "shop.yaml:1:9"),
        (f"'{TENANT} '", APPLICATION, "input-blank-copied-along", "shop.yaml:1:9"),
        (TENANT[:-1], APPLICATION, "input-tenant-guid-truncated", "shop.yaml:1:9"),
        (f"https://login.microsoftonline.com/{TENANT}", APPLICATION, "input-tenant-field-got-url", "shop.yaml:1:9"),
        (TENANT, "YOUR_CLIENT_ID", "input-placeholder-left-in-config", "shop.yaml:3:7"),
        (TENANT, f"'>{APPLICATION}'", "input-stray-character-in-client-id", "shop.yaml:3:7"),
        (TENANT, f"'{APPLICATION} '", "input-blank-copied-along", "shop.yaml:3:7"),
        (TENANT, f"'\"{APPLICATION}\"'", "input-stray-character-in-client-id", "shop.yaml:3:7"),
        (TENANT, f"{APPLICATION}{ZERO_WIDTH}", "input-stray-character-in-client-id", "shop.yaml:3:7"),
        (TENANT, APPLICATION.replace("-8", f"-{ZERO_WIDTH}8"), "input-stray-character-in-client-id", "shop.yaml:3:7"),
        (TENANT, f"https://portal/{APPLICATION}/", "input-stray-character-in-client-id", "shop.yaml:3:7"),
        (TENANT, TENANT, "input-tenant-and-client-swapped-or-same", "shop.yaml:3:7"),
    ],
)
def test_what_the_input_checks_find_is_told_with_its_place(
    tenant: str, application: str, cause: str, place: str
) -> None:
    profile = load_text(f"tenant: {tenant}\napplication:\n  id: {application}\n", HERE)
    (found,) = complaints(profile)
    assert (found.cause, str(found.place)) == (cause, place)
    assert found.advice
    assert str(found).startswith(f"{place}: ")
    assert str(found).endswith(f"[{cause}]")
    assert ZERO_WIDTH not in str(found)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (f"  id: >{APPLICATION}", "input-stray-character-in-client-id"),
        ("  id: %CLIENT_ID%  # from the portal", "input-placeholder-left-in-config"),
        ("tenant: `{{tenant}}`", "input-placeholder-left-in-config"),
        (f"tenant: @https://login.microsoftonline.com/{TENANT}", "input-tenant-field-got-url"),
    ],
)
def test_a_value_that_breaks_the_yaml_is_judged_all_the_same(line: str, cause: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_text(f"application:\n{line}\n", HERE)
    syntax, value = caught.value.complaints
    assert "this is not YAML" in syntax.what
    assert (value.cause, str(value.place)) == (cause, f"shop.yaml:2:{line.index(': ') + 3}")


@pytest.mark.parametrize("field", ["id", "enterprise_object_id", "registration_object_id"])
@pytest.mark.parametrize(
    ("value", "fault"), [(APPLICATION[:-1], "it has 31 hexadecimal digits"), ("abc", "it is no GUID")]
)
def test_a_broken_id_is_told_and_only_the_application_id_has_a_cause_for_it(field: str, value: str, fault: str) -> None:
    other = "" if field == "id" else f"\n  id: {APPLICATION}"
    (found,) = complaints(load_text(f"tenant: {TENANT}\napplication:{other}\n  {field}: {value}\n", HERE))
    assert fault in found.what
    cause = "input-client-id-not-a-guid" if field == "id" else ""
    assert (found.place.line, found.cause) == (3 if field == "id" else 4, cause)
    assert "copy button" in found.advice


def test_each_mailbox_is_judged_at_its_own_place() -> None:
    text = (
        MINIMAL + "mailboxes:\n  - erp@contoso.com\n  - admin@contoso.com\\erp@contoso.com\n  - 'erp@contoso.com:1'\n"
    )
    found = [(complaint.cause, complaint.place.line) for complaint in complaints(load_text(text, HERE))]
    assert found == [("mailbox-shared-backslash-login", 6), ("input-mailbox-not-an-address", 7)]


def test_the_operators_id_is_judged_and_not_compared_with_the_applications() -> None:
    text = f"{MINIMAL}operator: {{sign_in: application, application_id: '{TENANT}>', secret: {{env: A}}}}\n"
    (found,) = complaints(load_text(text, HERE))
    assert (found.cause, found.place.line) == ("input-stray-character-in-client-id", 4)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("99999999-3333-4444-8555-666666666666", "input-secret-id-pasted"),
        ("<client-secret>", "input-placeholder-left-in-config"),
        (" abc8Q~abcdefghijklmnopqrstuvwxyz0123456", "input-blank-copied-along"),
        ("\u00a0abc8Q~abcdefghijklmnopqrstuvwxyz0123456\n", "input-blank-copied-along"),
        ("'abc8Q~abcdefghijklmnopqrstuvwxyz0123456'", "input-secret-wrong-value"),
    ],
)
def test_a_secrets_shape_is_judged_without_its_value(value: str, cause: str) -> None:
    profile = load_text(f"{MINIMAL}  secret: {{env: DIAG_APPLICATION_SECRET}}\n", HERE)
    shape = secret_shape(Secret(value), Provenance(Source.PROFILE, "shop.yaml:4:11"))
    (found,) = complaints(profile, {("application", "secret"): shape})
    assert (found.cause, str(found.place)) == (cause, "shop.yaml:4:11")
    assert value.strip() not in str(found)


@pytest.mark.parametrize(
    "exchange",
    [
        "{transport: winrm, host: outlook.office365.com}",
        "{connection_uri: 'https://outlook.office365.com/powershell-liveid/'}",
    ],
)
def test_the_address_of_retired_remote_powershell_is_explained(exchange: str) -> None:
    (found,) = complaints(load_text(f"{MINIMAL}exchange: {exchange}\n", HERE))
    assert "October 2023" in found.what
    assert "local" in found.advice


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL,
        f"tenant: contoso.onmicrosoft.com\napplication: {{id: {APPLICATION.upper()}}}\nmailboxes: [o'neil+x@contoso.com]\n",
        MINIMAL + "exchange: {transport: winrm, host: management.contoso.com}\n",
    ],
)
def test_what_is_right_is_not_complained_about(text: str) -> None:
    assert complaints(load_text(text, HERE)) == ()


def test_a_value_is_judged_while_it_is_typed() -> None:
    assert judge_value(SettingName.TENANT, "contoso.com") == ()
    assert judge_value(SettingName.TENANT, TENANT + "0")[0].cause == "input-tenant-guid-truncated"


def test_what_is_sent_has_no_blank_and_is_kept_as_it_was_typed_too() -> None:
    text = (
        f"tenant: 'contoso.com\u00a0'\napplication:\n  id: ' {APPLICATION}'\n  enterprise_object_id: '>{OBJECT}'\n"
        "imap: {server: 'outlook.office365.com '}\nmailboxes: ['erp@contoso.com ', 'Passw0rd!x']\n"
    )
    profile = load_text(text, HERE)
    sent = target(profile)
    assert (sent.tenant, sent.application_id, sent.enterprise_app_object_id) == ("contoso.com", APPLICATION, OBJECT)
    assert sent.imap_server == "outlook.office365.com"
    assert sent.mailboxes == ("erp@contoso.com",), "what looks like a secret is sent nowhere"
    typed = {setting.name: setting.raw for setting in settings(profile)}
    assert typed[SettingName.TENANT] == "contoso.com\u00a0"
    assert typed[SettingName.APPLICATION_ID] == f" {APPLICATION}"
    assert "Passw0rd" not in redact(" ".join(str(complaint) for complaint in complaints(profile)))


def test_every_cloud_names_each_endpoint_with_its_source() -> None:
    for cloud in CLOUDS.values():
        for name, known in cloud.known().items():
            assert known.source, (cloud.name, name)
            assert known.value.startswith("https://") or name in {
                "imap_server",
                "exchange_environment",
                "graph_environment",
            }
            assert not known.value.endswith("/")


def test_a_pasted_text_is_held_against_the_profile() -> None:
    seen = Evidence(
        judged_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        live=False,
        target=Target(tenant="fabrikam.com", mailboxes=("ticket@contoso.com",), cloud="china"),
    )
    both = about(seen, load_text(MINIMAL, Path("shop.yaml")))
    assert both.target.tenant == TENANT
    assert both.target.mailboxes == ("ticket@contoso.com",), "the profile names none"
    assert both.target.cloud == "global"
    assert {setting.name for setting in both.settings} == {SettingName.TENANT, SettingName.APPLICATION_ID}
    assert both.live is False

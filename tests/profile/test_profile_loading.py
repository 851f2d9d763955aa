from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.evidence import SettingName
from diagnostics.profile import Profile, ProfileError, load, load_text, settings, target
from diagnostics.redaction import redact

TENANT = "11111111-2222-4333-8444-555555555555"
APPLICATION = "22222222-3333-4444-8555-666666666666"
HERE = Path("shop.yaml")
MINIMAL = f"tenant: {TENANT}\napplication:\n  id: {APPLICATION}\n"


def complaints_of(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load_text(text, HERE)
    return [str(complaint) for complaint in caught.value.complaints]


def loaded(text: str) -> Profile:
    return load_text(text, HERE)


def test_a_minimal_profile_gets_the_defaults_of_its_cloud() -> None:
    profile = loaded(MINIMAL)
    about = target(profile)
    assert about.tenant == TENANT
    assert about.application_id == APPLICATION
    assert (about.login, about.imap_server, about.imap_port) == (
        "https://login.microsoftonline.com",
        "outlook.office365.com",
        993,
    )
    assert about.scope == "https://outlook.office365.com/.default"
    assert profile.exchange.transport == "local"
    assert profile.operator is None
    assert profile.name == "shop"


@pytest.mark.parametrize(
    ("cloud", "imap", "login"),
    [
        ("us-gov", "outlook.office365.us", "https://login.microsoftonline.us"),
        ("us-dod", "outlook-dod.office365.us", "https://login.microsoftonline.us"),
        ("china", "partner.outlook.cn", "https://login.partner.microsoftonline.cn"),
    ],
)
def test_the_cloud_decides_the_endpoints(cloud: str, imap: str, login: str) -> None:
    about = target(loaded(f"{MINIMAL}cloud: {cloud}\n"))
    assert (about.imap_server, about.login) == (imap, login)


def test_own_endpoints_come_before_the_clouds() -> None:
    about = target(loaded(MINIMAL + "endpoints: {login: https://localhost:40443/}\nimap: {server: mail.contoso.com}\n"))
    assert about.login == "https://localhost:40443"
    assert about.graph == "https://graph.microsoft.com"
    assert about.imap_server == "mail.contoso.com"


def test_settings_keep_what_was_typed_and_where() -> None:
    text = f'tenant: "{TENANT} "\napplication:\n  id: ">{APPLICATION}"\nmailboxes:\n  - erp@contoso.com\n'
    found = {setting.name: setting for setting in settings(loaded(text))}
    assert found[SettingName.TENANT].raw == f"{TENANT} "
    assert found[SettingName.APPLICATION_ID].raw == f">{APPLICATION}"
    assert found[SettingName.APPLICATION_ID].provenance.how == "shop.yaml:3:7"
    assert found[SettingName.MAILBOX].provenance.how == "shop.yaml:5:5"
    assert SettingName.IMAP_SERVER not in found, "nobody typed it"


def test_the_target_is_meant_without_what_slipped_in() -> None:
    about = target(loaded(f'tenant: " {TENANT}"\napplication:\n  id: ">{APPLICATION}"\n'))
    assert about.tenant == TENANT
    assert about.application_id == APPLICATION


def test_numbers_and_dates_stay_texts_where_a_text_belongs() -> None:
    text = "tenant: 20240101\napplication: {id: 1e5}\nmailboxes: [2024-01-01, true]\n"
    profile = loaded(text)
    assert (profile.tenant, profile.application.id) == ("20240101", "1e5")
    assert profile.mailboxes == ("2024-01-01", "true")


def test_a_templates_variable_is_a_text_and_not_a_mapping() -> None:
    assert loaded("tenant: {{tenantid}}\napplication: {id: x}\n").tenant == "{{tenantid}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "shop.yaml:1:1: it is empty, not a mapping"),
        ("- a\n- b\n", "shop.yaml:1:1: it is a list, not a mapping"),
        ("hello", "shop.yaml:1:1: it is a single value, not a mapping"),
        ("a: 1\n---\nb: 2\n", "shop.yaml:2:1: this is not YAML"),
        ("tenant: x\n\tcloud: global\n", "shop.yaml:2:1: this is not YAML"),
        ("tenant: 'x\n", "this is not YAML"),
        ("tenant: *x\n", "shop.yaml:1:9: this is not YAML: found a * in front of a value"),
        ("tenant: >3f2\n", "put the value in single quotes"),
        ("tenant: %TENANT%\n", "put the value in single quotes"),
        ("tenant: a: b\n", "put a value with a colon in single quotes"),
        ("tenant: !!python/object:os.system x\napplication: {id: x}\n", "tags (!…) are not used in profiles"),
        ("tenant: &a x\napplication: {id: *a}\n", "anchors and aliases are not used in profiles"),
        ("a: &a [*a]\n", "anchors and aliases are not used in profiles"),
        ("? [a, b]\n: c\n", "a key must be a word"),
        (MINIMAL + f"tenant: {TENANT}\n", "shop.yaml:4:1: `tenant` stands here for the second time — keep line 1"),
        (MINIMAL + "mailboxes: [a@contoso.com, ]\nimap: {port: 993}\nmailboxs: []\n", "did you mean `mailboxes`?"),
        (MINIMAL + "mailboxes: [a@contoso.com, ~]\n", "an empty item"),
        ('tenant: "\\ud800"\n', "shop.yaml:1:9: half a character"),
        ("tenant: \x07\n", "U+0007 cannot stand in YAML"),
    ],
)
def test_what_is_no_profile_at_all_is_told_with_its_place(text: str, said: str) -> None:
    assert said in "\n".join(complaints_of(text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tennant: x", "shop.yaml:4:1: unknown key `tennant` — did you mean `tenant`?"),
        ("client-id: x", "unknown key `client-id`"),
        ("mailbox: a@contoso.com", "did you mean `mailboxes`?"),
        ("\u00a0cloud: global", "did you mean `cloud`?"),
        ("mailboxes: a@contoso.com", "shop.yaml:4:12: `mailboxes` must be a list"),
        ("mailboxes: {a: b}", "`mailboxes` must be a list"),
        ("cloud: gcc", "`cloud` is 'gcc' — write global, us-gov, us-dod, or china"),
        ("cloud: [global]", "`cloud` must be a text"),
        ("imap: {port: '993'}", "`imap.port` must be a number, without quotes"),
        ("imap: {port: 99999}", "`imap.port` is out of range — write a port from 1 to 65535"),
        ("imap: {port: 993.5}", "`imap.port` is out of range"),
        ("imap: yes", "`imap` must be a mapping"),
        ("timeouts: {connect: .inf}", "`timeouts.connect` is out of range"),
        ("timeouts: {connect: 0}", "`timeouts.connect` is out of range — write 1 to 3600 seconds"),
        ("graph: 'no'", "`graph` must be true or false, without quotes"),
        ("version: 2", "a later version needs a later diag"),
        ("exchange: {transport: winrmm}", "`exchange.transport` is 'winrmm' — write local, ssh, winrm, or rest"),
        ("exchange: {transport: ssh}", "`exchange.host` is missing"),
        ("exchange: {connection_uri: 'http://mgmt:5985/wsman'}", "`exchange.connection_uri` is not used"),
        ("operator: {}", "`operator.sign_in` is missing"),
        ("operator: {sign_in: application}", "`operator.application_id` is missing"),
        ("operator: {sign_in: application, application_id: x}", "neither a secret nor a certificate"),
        ("operator: {sign_in: access-token-file}", "`operator.file` is missing"),
    ],
)
def test_each_wrong_key_or_kind_is_told_with_what_to_write(line: str, said: str) -> None:
    assert said in "\n".join(complaints_of(f"{MINIMAL}{line}\n"))


def test_every_complaint_is_told_at_once_in_the_order_of_the_file() -> None:
    found = complaints_of("tenant:\ncloud: x\napplication:\n  client_id: y\nbogus: 1\n")
    assert [complaint.split(": ")[0] for complaint in found] == sorted(
        (complaint.split(": ")[0] for complaint in found), key=lambda place: tuple(map(int, place.split(":")[1:]))
    )
    assert any("`tenant` has no value" in complaint for complaint in found)
    assert any("`application.id` is missing" in complaint for complaint in found)


@pytest.mark.parametrize(
    "secret",
    [
        "secret: s3cr3t-Q~value",
        "secret: {value: s3cr3t-Q~value}",
        "secret: {s3cr3t-Q~value: x}",
        "secret: [s3cr3t-Q~value]",
        "secret: {env: s3cr3t-Q~value}",
        "secret: {prompt: s3cr3t-Q~value}",
        "client_secret: s3cr3t-Q~value",
        "password: s3cr3t-Q~value",
    ],
)
def test_a_secret_written_into_a_profile_is_refused_and_never_repeated(secret: str) -> None:
    found = "\n".join(complaints_of(f"{MINIMAL}  {secret}\n"))
    assert found.startswith("shop.yaml:4:")
    assert "s3cr3t" not in found


def test_what_stood_in_a_secrets_place_is_known_to_redaction() -> None:
    complaints_of(f"{MINIMAL}  secret: hunter2-hunter2-hunter2\n")
    assert "hunter2" not in redact("the server said hunter2-hunter2-hunter2")


@pytest.mark.parametrize("reference", ["{}", "{env: A, file: b}"])
def test_a_secret_is_kept_in_exactly_one_place(reference: str) -> None:
    found = complaints_of(f"{MINIMAL}  secret: {reference}\n")
    assert "write exactly one of env, file, keyring, prompt" in found[0]


def test_secret_and_certificate_exclude_each_other() -> None:
    text = f"{MINIMAL}  secret: {{env: A}}\n  certificate: {{file: a.pem}}\n"
    assert complaints_of(text)[0].startswith("shop.yaml:5:16: `application` has a secret and a certificate")


def test_a_profile_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.yaml", "cannot be read"), (tmp_path, "it is a folder")):
        with pytest.raises(ProfileError, match=said):
            load(path)


def test_encodings_of_windows_are_read_and_others_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for data in (
        codecs.BOM_UTF8 + MINIMAL.encode(),
        codecs.BOM_UTF16_LE + MINIMAL.encode("utf-16-le"),
        MINIMAL.replace("\n", "\r\n").encode(),
    ):
        path.write_bytes(data)
        assert load(path).tenant == TENANT
    path.write_bytes(MINIMAL.encode() + b"imap: {server: caf\xe9}\n")
    with pytest.raises(ProfileError, match=r"a\.yaml:4:19: it is not UTF-8 text"):
        load(path)
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(ProfileError, match="larger than 256 KiB"):
        load(path)


def test_files_stand_beside_the_profile(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL + "ca_file: ca.pem\n")
    profile = load(tmp_path / "a.yaml")
    assert profile.ca_file == tmp_path / "ca.pem"
    assert profile.file("/etc/x") == Path("/etc/x")


def loads_or_complains(text: str) -> None:
    try:
        load_text(text, HERE)
    except ProfileError as error:
        assert error.complaints  # noqa: PT017 - anything else would be raised


KEYS = st.sampled_from(["tenant", "application", "id", "secret", "env", "mailboxes", "imap", "port", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


@given(st.text(max_size=200))
def test_no_text_makes_the_loader_fail_otherwise(text: str) -> None:
    loads_or_complains(text)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)))
def test_no_tree_makes_the_loader_fail_otherwise(tree: object) -> None:
    loads_or_complains(json.dumps(tree))


@pytest.mark.parametrize("name", ["login", "graph", "exchange"])
@pytest.mark.parametrize(
    "address",
    [
        "https://[::1",
        "https://localhost:port",
        "https://localhost:99999",
        "http://login.example",
        "login.example",
        "https://",
        "https://user:hunter2@login.example",
        "https://login example",
        "https://\u2100.example",
    ],
)
def test_an_endpoint_that_is_no_https_address_is_named(name: str, address: str) -> None:
    with pytest.raises(ProfileError) as raised:
        loaded(MINIMAL + f"endpoints: {{{name}: '{address}'}}\n")
    (complaint,) = raised.value.complaints
    assert f"`endpoints.{name}` " in complaint.what
    assert complaint.place.line > 1
    assert "hunter2" not in str(complaint)

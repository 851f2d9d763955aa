from __future__ import annotations

import os
import sys
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.errors import KeyringError

from diagnostics.evidence import Missing, SecretShape, Unavailable
from diagnostics.exchange.options import LocalOptions, RestOptions, SshOptions, WinRmOptions
from diagnostics.ids import ApplicationId
from diagnostics.profile import load_text
from diagnostics.profile.model import CertificateReference, SecretReference
from diagnostics.profile.secrets import SecretUnavailable, certificate, resolve
from diagnostics.profile.subject import subject
from diagnostics.redaction import Secret, redact
from diagnostics.sources.credentials import ClientCertificate
from diagnostics.sources.operator import AccessTokenFile, Browser, DeviceCode, OperatorApplication

from .test_profile_loading import APPLICATION, HERE, MINIMAL, TENANT

VALUE = "Xy18Q~a-secret-made-for-tests-0123456789ab"
PROFILE = load_text(MINIMAL, HERE)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def resolved(**reference: str | bool) -> Secret:
    return resolve(SecretReference.model_validate(reference), PROFILE, "the secret")


def refused(**reference: str | bool) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        resolved(**reference)
    assert VALUE not in f"{caught.value} {caught.value.hint}"
    return caught.value


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAG_TEST_SECRET", f"{VALUE} ")
    assert resolved(env="DIAG_TEST_SECRET").reveal() == f"{VALUE} ", "blanks are for the checks to see"
    assert VALUE not in redact(f"say {VALUE}")
    monkeypatch.setenv("DIAG_TEST_SECRET", "")
    assert "is set, and empty" in refused(env="DIAG_TEST_SECRET").reason
    monkeypatch.setenv("DIAG_TEST_SECRET", f"{VALUE}\udcff")
    assert "is not UTF-8 text" in refused(env="DIAG_TEST_SECRET").reason
    monkeypatch.delenv("DIAG_TEST_SECRET")
    problem = refused(env="DIAG_TEST_SECRET")
    assert "DIAG_TEST_SECRET is not set" in problem.reason
    assert "DIAG_TEST_SECRET" in problem.hint


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert "cannot be read" in refused(file=str(path)).reason
    path.write_bytes(b"\xef\xbb\xbf" + VALUE.encode() + b"\r\n")
    path.chmod(0o600)
    assert resolved(file=str(path)).reveal() == VALUE
    path.write_text("\n")
    assert "is empty" in refused(file=str(path)).reason
    path.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refused(file=str(path)).reason
    assert "is a device" in refused(file=os.devnull).reason


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(VALUE)
    path.chmod(mode)
    problem = refused(file=str(path))
    assert "can be read by others" in problem.reason
    assert problem.hint == f"Run: chmod 600 {path}"
    with pytest.raises(SecretUnavailable, match="the certificate of x"):
        certificate(CertificateReference(file=str(path)), PROFILE, "x")


class Store(keyring.backend.KeyringBackend):
    """A key store of the kind that keyring finds on a desktop."""

    priority = 1.0
    locked = False

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringError("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def store() -> object:
    before, mine = keyring.get_keyring(), Store()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_key_store(store: Store) -> None:
    assert refused(keyring="erp").hint == "Put it there: keyring set diag erp"
    keyring.set_password("diag", "erp", VALUE)
    assert resolved(keyring="erp").reveal() == VALUE
    store.locked = True
    assert "KeyringError" in refused(keyring="erp").reason


def test_nobody_is_asked_without_a_terminal() -> None:
    assert "there is no terminal" in refused(prompt=True).reason


def test_a_subject_says_what_is_missing_and_does_not_fail() -> None:
    about = subject(load_text(MINIMAL, HERE), print)
    assert isinstance(about.application, Unavailable)
    assert about.application.missing is Missing.BLOCKED
    assert isinstance(about.operator, Unavailable)
    assert about.operator.missing is Missing.NOT_SIGNED_IN
    assert isinstance(about.transport, LocalOptions)
    text = f"{MINIMAL}  secret: {{env: DIAG_NO_SUCH}}\noperator: {{sign_in: application, application_id: {TENANT}, secret: {{env: DIAG_NO_SUCH}}}}\n"
    about = subject(load_text(text, HERE), print)
    assert isinstance(about.application, Unavailable)
    assert "DIAG_NO_SUCH is not set" in about.application.reason
    assert isinstance(about.operator, Unavailable)
    assert about.operator.missing is Missing.NOT_SIGNED_IN


def test_the_two_identities_keep_their_own_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem = tmp_path / "operator.pem"
    pem.write_text("x")
    pem.chmod(0o600)
    monkeypatch.setenv("DIAG_TEST_SECRET", VALUE)
    text = (
        f"{MINIMAL}  secret: {{env: DIAG_TEST_SECRET}}\n"
        f"operator: {{sign_in: application, application_id: ' {TENANT}', certificate: {{file: {pem}}}}}\n"
    )
    about = subject(load_text(text, HERE), print)
    assert about.application == Secret(VALUE)
    assert about.operator == OperatorApplication(ApplicationId(TENANT), ClientCertificate(pem))
    assert about.target.application_id == APPLICATION
    assert isinstance(about.secret, SecretShape)
    assert about.secret.provenance.how == "shop.yaml:4:11 (environment variable DIAG_TEST_SECRET)"


def test_a_run_that_leaves_exchange_and_graph_out_touches_no_secret_of_the_operator() -> None:
    text = f"{MINIMAL}operator: {{sign_in: application, application_id: {TENANT}, secret: {{prompt: true}}}}\n"
    about = subject(load_text(text, HERE), print, exchange=False, graph=False)
    assert isinstance(about.operator, Unavailable)
    assert about.operator.missing is Missing.NOT_REQUESTED


def test_mailboxes_of_the_command_line_replace_the_profiles_and_are_judged() -> None:
    about = subject(load_text(MINIMAL + "mailboxes: [a@contoso.com]\n", HERE), print, mailboxes=["b@contoso.com "])
    assert about.target.mailboxes == ("b@contoso.com",)
    typed = [(setting.raw, setting.provenance.how) for setting in about.settings if setting.name == "mailbox"]
    assert typed == [("b@contoso.com ", "--mailbox")]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("{sign_in: device-code}", DeviceCode(print)),
        ("{sign_in: browser, application_id: x}", Browser(ApplicationId("x"))),
        ("{sign_in: access-token-file, file: /tokens}", AccessTokenFile(Path("/tokens"))),
    ],
)
def test_operators_who_are_people(operator: str, expected: object) -> None:
    assert subject(load_text(f"{MINIMAL}operator: {operator}\n", HERE), print).operator == expected


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        ("{transport: local}", LocalOptions()),
        (
            "{windows_powershell: true}\ntimeouts: {connect: 5}",
            LocalOptions(windows_powershell=True, connect_timeout=5),
        ),
        (
            "{transport: ssh, host: jump, port: 2222, username: admin, options: [-F, cfg]}\ntimeouts: {operation: 9}",
            SshOptions("jump", 2222, "admin", options=("-F", "cfg"), operation_timeout=9),
        ),
        ("{transport: rest}\ncloud: china", RestOptions("https://partner.outlook.cn")),
        ("{transport: rest}\nendpoints: {exchange: 'https://localhost:1/'}", RestOptions("https://localhost:1")),
        (
            "{transport: winrm, host: mgmt, auth: certificate, certificate: {file: /a.pem}}",
            WinRmOptions(
                "mgmt",
                auth="certificate",
                certificate_file=Path("/a.pem"),
                certificate_key_file=Path("/a.pem"),
            ),
        ),
    ],
)
def test_transports(exchange: str, expected: object) -> None:
    assert subject(load_text(f"{MINIMAL}exchange: {exchange}\n", HERE), print).transport == expected


def test_the_retired_endpoint_is_explained_instead_of_asked() -> None:
    text = f"{MINIMAL}exchange: {{transport: winrm, host: outlook.office365.com, password: {{env: DIAG_NO_SUCH}}}}\n"
    transport = subject(load_text(text, HERE), print).transport
    assert isinstance(transport, Unavailable)
    assert "October 2023" in transport.reason


def test_a_missing_winrm_password_is_told() -> None:
    text = f"{MINIMAL}exchange: {{transport: winrm, host: m, password: {{env: DIAG_NO_SUCH}}}}\n"
    transport = subject(load_text(text, HERE), print).transport
    assert isinstance(transport, Unavailable)
    assert "the management host's password" in transport.reason

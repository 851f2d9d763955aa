"""The probe against Dovecot: a server that the project has not written, with XOAUTH2 and local validation of JWTs."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from diagnostics.evidence import AttemptOutcome, ImapSession, ReplyStatus
from diagnostics.sources.imap import ImapOptions, probe
from diagnostics.sources.tokens import ApplicationToken
from tests import posix

pytestmark = pytest.mark.dovecot

USER = "erp@contoso.com"
STRANGER = "nobody@contoso.com"

CONFIGURATION = """
base_dir = {run}
state_dir = {folder}/state
log_path = {folder}/log
auth_debug = yes
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
auth_mechanisms = xoauth2
mail_location = maildir:{folder}/mail/%u
first_valid_uid = {uid}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_failure_delay = 0
service stats {{
  chroot =
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
"""
OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = upn
"""


@dataclass(frozen=True)
class Dovecot:
    port: int
    ca_file: Path
    key: rsa.RSAPrivateKey
    folder: Path


def _binary() -> str:
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = "dovecot is not installed; on Debian: apt-get install dovecot-imapd"
        if os.environ.get("DIAG_REQUIRE_DOVECOT") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe_socket:
        port = probe_socket.getsockname()[1]
    assert isinstance(port, int)
    return port


def _accounts() -> dict[str, object]:
    """Dovecot drops root's rights and takes no mail user with uid 0; anybody else runs it as themselves."""
    if posix.os.getuid() == 0:
        mail = posix.pwd.getpwnam("dovecot")
        return {"internal_user": "dovecot", "internal_group": "dovecot", "login_user": "dovenull", "uid": mail.pw_uid}
    me, group = posix.pwd.getpwuid(posix.os.getuid()).pw_name, posix.grp.getgrgid(posix.os.getgid()).gr_name
    return {"internal_user": me, "internal_group": group, "login_user": me, "uid": posix.os.getuid()}


def _write(folder: Path, port: int, key: rsa.RSAPrivateKey) -> Path:
    accounts = _accounts()
    owner = posix.pwd.getpwuid(int(str(accounts["uid"])))
    authority = trustme.CA(organization_name="Example tests")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "server.pem")
    )
    public = folder / "keys" / "default" / "RS256" / "default"
    public.parent.mkdir(parents=True)
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "users").write_text(f"{USER}::{owner.pw_uid}:{owner.pw_gid}::{folder}/mail\n")
    (folder / "mail").mkdir()
    posix.os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    (folder / "oauth2.conf").write_text(OAUTH2.format(folder=folder))
    configuration = folder / "dovecot.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, run=folder / "run", port=port, **accounts))
    return configuration


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    said = log.read_text() if log.exists() else "no log"
    pytest.fail(f"Dovecot did not start: {said}")


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """Start Dovecot with a configuration of its own, in a folder that its unprivileged processes can read."""
    binary = _binary()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    port = _free_port()
    configuration = _write(folder, port, key)
    process = subprocess.Popen(
        [binary, "-F", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port, folder / "log")
        yield Dovecot(port, folder / "ca.pem", key, folder)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(key: rsa.RSAPrivateKey, user: str = USER, lifetime: int = 3900, **claims: Any) -> ApplicationToken:
    now = int(time.time()) - (0 if lifetime > 0 else 7200)
    payload = {"sub": user, "upn": user, "iat": now, "nbf": now, "exp": now + abs(lifetime), **claims}
    header = {"typ": "JWT", "alg": "RS256"}
    signed = ".".join(b64url(json.dumps(part).encode()) for part in (header, payload))
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return ApplicationToken(f"{signed}.{b64url(signature)}")


def session(dovecot: Dovecot, given: ApplicationToken, user: str = USER) -> ImapSession:
    found = probe(ImapOptions("127.0.0.1", user, given, dovecot.port, dovecot.ca_file, 5, 20))
    assert isinstance(found, ImapSession)
    assert given.reveal() not in repr(found)
    assert {attempt.outcome for attempt in found.attempts} == {AttemptOutcome.CONNECTED}
    return found


def test_a_good_token_opens_the_mailbox(dovecot: Dovecot) -> None:
    found = session(dovecot, token(dovecot.key))
    log = (dovecot.folder / "log").read_text()
    assert [(step.command, step.status) for step in found.steps] == [
        ("CAPABILITY", ReplyStatus.OK),
        ("AUTHENTICATE XOAUTH2 ***", ReplyStatus.OK),
        ("NAMESPACE", ReplyStatus.OK),
        ('LIST "" "*"', ReplyStatus.OK),
        ("EXAMINE INBOX", ReplyStatus.OK),
        ("LOGOUT", ReplyStatus.OK),
    ], log
    assert set(found.folders) == {"INBOX", "Sent"}
    assert "AUTH=XOAUTH2" in found.capabilities
    assert found.challenge == ""
    assert found.greeting_host == ""


def refused(found: ImapSession) -> None:
    step = found.step("AUTHENTICATE")
    assert step is not None
    assert step.status is ReplyStatus.NO
    last = found.steps[-1]
    assert (last.command, last.status) == ("LOGOUT", ReplyStatus.OK)
    assert found.step("EXAMINE") is None


def explained(found: ImapSession) -> None:
    challenge = json.loads(found.challenge)
    assert challenge == {"status": "401", "schemes": "bearer", "scope": "mail"}


def test_a_token_of_another_key_is_refused_with_a_challenge(dovecot: Dovecot) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    found = session(dovecot, token(other))
    refused(found)
    explained(found)


def test_an_expired_token_is_refused_with_a_challenge(dovecot: Dovecot) -> None:
    found = session(dovecot, token(dovecot.key, lifetime=-60))
    refused(found)
    explained(found)


def test_a_user_that_the_token_does_not_name_is_refused(dovecot: Dovecot) -> None:
    refused(session(dovecot, token(dovecot.key), STRANGER))


def test_a_user_without_a_mailbox_does_not_get_in(dovecot: Dovecot) -> None:
    found = session(dovecot, token(dovecot.key, STRANGER), STRANGER)
    assert found.step("EXAMINE") is None
    step = found.steps[-1]
    assert step.command == "AUTHENTICATE XOAUTH2 ***"
    assert step.status in {ReplyStatus.NO, ReplyStatus.BYE, ReplyStatus.CLOSED}, "Dovecot 2.3 accepts, then hangs up"


def test_what_is_no_jwt_is_refused(dovecot: Dovecot) -> None:
    refused(session(dovecot, ApplicationToken("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")))

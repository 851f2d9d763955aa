"""Other people's mail programs against the lab: they fetch mail, and show what a broken tenant shows to such programs.

What they print is then given to `diag analyze`, which has to name the cause or leave it open, and accuse nothing else.
"""

from __future__ import annotations

import datetime as dt
import imaplib
import mailbox as mailboxes
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from pathlib import Path

import pytest
import requests
from imap_tools import AND, MailBox, MailboxLoginError
from imap_tools.errors import MailboxFolderSelectError

from diagnostics.findings import Confidence
from diagnostics.lab.server import Lab
from diagnostics.report import Report, build
from diagnostics.sources.transcript import read
from tests.lab.clients import login_url, sign_in
from tests.lab.foreign.programs import HOST, imap_port, mailbox, node_module, program, run, trust

Start = Callable[..., Lab]
REFUSED = "AUTHENTICATE failed"
NOT_CONNECTED = "User is authenticated but not connected"
BROKEN = [
    pytest.param("claims-roles-missing", REFUSED, id="no role"),
    pytest.param("exo-sp-not-registered", REFUSED, id="not registered"),
    pytest.param("perm-fullaccess-missing", NOT_CONNECTED, id="no FullAccess"),
    pytest.param("mailbox-imap-disabled", NOT_CONNECTED, id="IMAP disabled"),
]
FEW = [BROKEN[1], BROKEN[2]]
SUBJECTS = ["Order 4711", "Factura n.º 815 – marzo"]


@pytest.fixture
def full(start: Start) -> Lab:
    return start(shape="mailbox-with-mail")


@pytest.fixture
def token(http: requests.Session) -> Callable[[Lab], str]:
    return lambda lab: str(sign_in(lab, http)["access_token"])


Token = Callable[[Lab], str]


def subjects(folder: Path) -> list[str]:
    """Return the subjects of what lies in a Maildir."""
    found = mailboxes.Maildir(folder, create=False)
    return sorted(str(make_header(decode_header(str(message["Subject"])))) for message in found)


def judged(text: str) -> Report:
    """Return what `diag analyze` makes of a program's words."""
    return build(read([text.encode()], name="pasted"), command="diag analyze", started=dt.datetime.now(dt.UTC))


def certain(text: str) -> set[str]:
    return {cause.cause for cause in judged(text).diagnosis.causes if cause.confidence is Confidence.CERTAIN}


def named(text: str) -> set[str]:
    return {cause.cause for cause in judged(text).diagnosis.causes}


class TestCurl:
    @pytest.fixture
    def curl(self, token: Token) -> Callable[..., tuple[int, str]]:
        binary = program("curl", "Debian's curl")

        def call(lab: Lab, path: str, *more: str) -> tuple[int, str]:
            url = f"imaps://{HOST}:{imap_port(lab)}/{path}"
            access = ["--user", f"{mailbox(lab)}:", "--oauth2-bearer", token(lab)]
            return run([binary, "--silent", "--verbose", "--cacert", str(lab.ca_file), *access, url, *more], lab)

        return call

    def test_it_lists_searches_and_fetches(self, full: Lab, curl: Callable[..., tuple[int, str]]) -> None:
        assert '"/" "Sent Items"' in curl(full, "")[1]
        assert re.search(r"^\* SEARCH 2\r?$", curl(full, "INBOX?UNSEEN")[1], re.MULTILINE)
        code, text = curl(full, "INBOX;UID=1")
        assert (code, "20 cartridges" in text) == (0, True)
        assert (judged(text).exit_code, named(text)) == (0, set())
        assert "Subject: Order 4711" in curl(full, "INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)")[1]
        assert "is not simulated" in curl(full, "", "--request", "CREATE New")[1]

    @pytest.mark.parametrize(("scenario", "words"), BROKEN)
    def test_it_shows_what_is_wrong(
        self, start: Start, curl: Callable[..., tuple[int, str]], scenario: str, words: str
    ) -> None:
        code, text = curl(start(scenario, shape="mailbox-with-mail"), "INBOX;UID=1")
        assert code != 0
        assert words in text
        assert scenario in named(text)
        assert certain(text) <= {scenario}


class TestMbsync:
    @pytest.fixture
    def mbsync(self, tmp_path: Path, token: Token) -> Callable[[Lab], tuple[int, str]]:
        binary = program("mbsync", "Debian's isync")
        plugins = list(Path("/usr/lib").glob("*/sasl2/libkdexoauth2.so"))
        plugins += list(Path("/usr/lib").glob("*/sasl2/libxoauth2.so")) + list(
            Path("/usr/lib/sasl2").glob("libxoauth2*")
        )
        if not plugins:
            pytest.skip("mbsync has no XOAUTH2: Debian's libsasl2-modules-kdexoauth2")

        def call(lab: Lab) -> tuple[int, str]:
            (tmp_path / "token").write_text(token(lab))
            (tmp_path / "mail").mkdir(exist_ok=True)
            configuration = tmp_path / "mbsyncrc"
            configuration.write_text(f"""
IMAPAccount lab
Host {HOST}
Port {imap_port(lab)}
User {mailbox(lab)}
PassCmd "cat {tmp_path}/token"
AuthMechs XOAUTH2
SSLType IMAPS
CertificateFile {lab.ca_file}

IMAPStore far
Account lab

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/INBOX
SubFolders Verbatim

Channel lab
Far :far:
Near :near:
Patterns INBOX "Sent Items"
Sync Pull
Create Near
SyncState *
""")
            return run(
                [binary, "--debug", "--config", str(configuration), "lab"], lab, variables={"HOME": str(tmp_path)}
            )

        return call

    def test_it_pulls_two_folders_and_then_only_what_is_new(
        self, full: Lab, mbsync: Callable[[Lab], tuple[int, str]], tmp_path: Path
    ) -> None:
        code, text = mbsync(full)
        assert code == 0, text
        assert (judged(text).exit_code, named(text)) == (0, set())
        assert subjects(tmp_path / "mail/INBOX") == [SUBJECTS[1], SUBJECTS[0]]
        assert subjects(tmp_path / "mail/Sent Items") == ["Re: Order 4711"]
        full.setup.mailbox.folder().deliver(b"Subject: third\n\nHello\n")
        code, text = mbsync(full)
        assert code == 0, text
        assert subjects(tmp_path / "mail/INBOX") == [SUBJECTS[1], SUBJECTS[0], "third"]

    @pytest.mark.parametrize(("scenario", "words"), FEW)
    def test_it_shows_what_is_wrong(
        self, start: Start, mbsync: Callable[[Lab], tuple[int, str]], scenario: str, words: str
    ) -> None:
        code, text = mbsync(start(scenario))
        assert code != 0
        assert words in text
        assert scenario in named(text)
        assert certain(text) == set()


class TestImapTools:
    @staticmethod
    def box(lab: Lab) -> MailBox:
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        return MailBox(HOST, imap_port(lab), ssl_context=context)

    def test_it_reads_marks_and_deletes(self, full: Lab, token: Token) -> None:
        with self.box(full).xoauth2(mailbox(full), token(full)) as box:
            assert [folder.name for folder in box.folder.list()] == ["INBOX", "Sent Items", "Drafts", "Deleted Items"]
            messages = list(box.fetch(mark_seen=False))
            assert [message.subject for message in messages] == SUBJECTS
            assert messages[1].attachments[0].payload.startswith(b"position;amount")
            assert "factura" in messages[1].text
            assert [message.uid for message in box.fetch(AND(seen=False))] == ["2"]
            assert list(box.fetch(AND(seen=False))) == []
            box.flag("1", [r"\Flagged"], value=True)
            box.delete("1")
            assert box.folder.status("INBOX")["MESSAGES"] == 1
            assert [message.subject for message in box.fetch()] == SUBJECTS[1:]

    def test_it_is_told_when_mail_comes(self, full: Lab, token: Token) -> None:
        with self.box(full).xoauth2(mailbox(full), token(full)) as box:
            box.idle.start()  # type: ignore[no-untyped-call]
            full.setup.mailbox.folder().deliver(b"Subject: new\n\n")
            assert b"* 3 EXISTS" in box.idle.poll(timeout=5)
            box.idle.stop()  # type: ignore[no-untyped-call]

    @pytest.mark.parametrize(("scenario", "words"), BROKEN)
    def test_it_shows_what_is_wrong(self, start: Start, token: Token, scenario: str, words: str) -> None:
        lab = start(scenario)
        box = self.box(lab)
        with pytest.raises((MailboxLoginError, MailboxFolderSelectError, imaplib.IMAP4.error)) as refused:
            box.xoauth2(mailbox(lab), token(lab))
        assert words in str(refused.value)
        box.client.shutdown()


class TestOfflineImap:
    @pytest.fixture
    def offlineimap(self, tmp_path: Path, token: Token) -> Callable[[Lab], tuple[int, str]]:
        binary = program("offlineimap", "Debian's offlineimap3, or offlineimap of PyPI")

        def call(lab: Lab) -> tuple[int, str]:
            configuration = tmp_path / "offlineimaprc"
            configuration.write_text(f"""
[general]
accounts = Lab
metadata = {tmp_path}/state
socktimeout = 20
maxsyncaccounts = 1
[Account Lab]
localrepository = Local
remoterepository = Remote
[Repository Local]
type = Maildir
localfolders = {tmp_path}/mail
[Repository Remote]
type = IMAP
remotehost = {HOST}
remoteport = {imap_port(lab)}
remoteuser = {mailbox(lab)}
ssl = yes
starttls = no
sslcacertfile = {lab.ca_file}
auth_mechanisms = XOAUTH2
oauth2_access_token = {token(lab)}
readonly = True
maxconnections = 1
""")
            return run([binary, "-c", str(configuration), "-o", "-u", "basic"], lab, variables={"HOME": str(tmp_path)})

        return call

    def test_it_syncs_every_folder(
        self, full: Lab, offlineimap: Callable[[Lab], tuple[int, str]], tmp_path: Path
    ) -> None:
        code, text = offlineimap(full)
        assert code == 0, text
        assert subjects(tmp_path / "mail/INBOX") == [SUBJECTS[1], SUBJECTS[0]]
        assert subjects(tmp_path / "mail/Sent Items") == ["Re: Order 4711"]

    @pytest.mark.parametrize(("scenario", "words"), FEW)
    def test_it_shows_what_is_wrong(
        self, start: Start, offlineimap: Callable[[Lab], tuple[int, str]], scenario: str, words: str
    ) -> None:
        _code, text = offlineimap(start(scenario))
        assert words in text
        assert scenario in named(text)
        assert certain(text) == set()


class TestGetmail:
    @pytest.fixture
    def getmail(self, tmp_path: Path, token: Token) -> Callable[..., tuple[int, str]]:
        binary = program("getmail", "Debian's getmail6, or getmail6 of PyPI")

        def call(lab: Lab, *, delete: bool = False) -> tuple[int, str]:
            (tmp_path / "token").write_text(token(lab))
            (tmp_path / "getmailrc").write_text(f"""
[retriever]
type = SimpleIMAPSSLRetriever
server = {HOST}
port = {imap_port(lab)}
username = {mailbox(lab)}
password_command = ("/bin/cat", "{tmp_path}/token")
use_xoauth2 = True
ca_certs = {lab.ca_file}
mailboxes = ("INBOX",)
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat >> {tmp_path}/mail")
allow_root_commands = True
[options]
verbose = 2
delete = {delete}
""")
            command = [binary, "--getmaildir", str(tmp_path), "--rcfile", str(tmp_path / "getmailrc")]
            return run(command, lab, variables={"HOME": str(tmp_path)})

        return call

    def test_it_fetches_and_empties_the_inbox(
        self, full: Lab, getmail: Callable[..., tuple[int, str]], tmp_path: Path
    ) -> None:
        code, text = getmail(full, delete=True)
        assert code == 0, text
        delivered = (tmp_path / "mail").read_text()
        assert "20 cartridges" in delivered
        assert "cG9zaXRpb247" in delivered
        assert full.setup.mailbox.folder().messages == []

    @pytest.mark.parametrize(("scenario", "words"), FEW)
    def test_it_shows_what_is_wrong(
        self, start: Start, getmail: Callable[..., tuple[int, str]], scenario: str, words: str
    ) -> None:
        _code, text = getmail(start(scenario))
        assert words in text


IMAPFLOW = """
const { ImapFlow } = require('imapflow');
const [host, port, user, accessToken] = process.argv.slice(2);
const client = new ImapFlow({ host, port: Number(port), secure: true, auth: { user, accessToken }, logger: false });
client.on('error', () => {});
(async () => {
  await client.connect();
  console.log('folders', (await client.list()).map((folder) => `${folder.path}=${folder.specialUse || ''}`).join(','));
  const lock = await client.getMailboxLock('INBOX');
  for await (const message of client.fetch('1:*', { envelope: true, bodyStructure: true, source: true, flags: true })) {
    const parts = (message.bodyStructure.childNodes || []).length;
    console.log('message', message.uid, message.envelope.subject, parts, message.source.length);
  }
  console.log('found', await client.search({ seen: false }));
  await client.messageFlagsAdd({ uid: 2 }, ['\\\\Seen'], { uid: true });
  console.log('left', await client.search({ seen: false }));
  const download = await client.download('2', '2', { uid: true });
  let text = ''; for await (const chunk of download.content) text += chunk;
  console.log('attachment', text.split('\\n')[0]);
  lock.release();
  await client.logout();
})().catch((error) => { console.log('failed', error.responseText || error.response || error.message); process.exit(1); });
"""


class TestImapFlow:
    @pytest.fixture
    def imapflow(self, tmp_path: Path, token: Token) -> Callable[[Lab], tuple[int, str]]:
        modules = node_module("imapflow")
        script = tmp_path / "client.js"
        script.write_text(IMAPFLOW)

        def call(lab: Lab) -> tuple[int, str]:
            command = [program("node", "nodejs"), str(script), HOST, str(imap_port(lab)), mailbox(lab), token(lab)]
            return run(command, lab, variables={"NODE_PATH": str(modules)})

        return call

    def test_it_reads_marks_and_downloads(self, full: Lab, imapflow: Callable[[Lab], tuple[int, str]]) -> None:
        code, text = imapflow(full)
        assert code == 0, text
        assert (
            r"folders INBOX=\Inbox,Deleted Items=\Trash,Drafts=\Drafts,Sent Items=\Sent" in text
            or "Sent Items=\\Sent" in text
        )
        assert re.findall(r"^message (\d+) (.*) (\d) \d+$", text, re.MULTILINE) == [
            ("1", SUBJECTS[0], "0"),
            ("2", SUBJECTS[1], "2"),
        ]
        assert "found [ 2 ]" in text
        assert "left []" in text
        assert "attachment position;amount" in text

    @pytest.mark.parametrize(("scenario", "words"), FEW)
    def test_it_shows_what_is_wrong(
        self, start: Start, imapflow: Callable[[Lab], tuple[int, str]], scenario: str, words: str
    ) -> None:
        code, text = imapflow(start(scenario))
        assert code != 0
        assert words in text
        assert judged(text).exit_code == 1
        assert certain(text) == set()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as held:
        port = held.getsockname()[1]
    assert isinstance(port, int)
    return port


class TestEmailProxy:
    """simonrob/email-oauth2-proxy: signs in by client credentials for programs that know passwords only."""

    @pytest.fixture
    def through(self, tmp_path: Path) -> Iterator[Callable[[Lab], imaplib.IMAP4]]:
        binary = program("emailproxy", "emailproxy of PyPI")
        running: list[subprocess.Popen[bytes]] = []

        def connect(lab: Lab) -> imaplib.IMAP4:
            port = free_port()
            (tmp_path / "emailproxy.config").write_text(f"""
[IMAP-{port}]
local_address = {HOST}
server_address = {HOST}
server_port = {imap_port(lab)}

[{mailbox(lab)}]
token_url = {login_url(lab)}
oauth2_scope = https://outlook.office365.com/.default
oauth2_flow = client_credentials
client_id = {lab.ready["ids"]["application"]}
client_secret = {lab.env["DIAG_APPLICATION_SECRET"]}
redirect_uri = http://localhost
""")
            command = [binary, "--no-gui", "--debug", "--config-file", str(tmp_path / "emailproxy.config")]
            command += ["--log-file", str(tmp_path / "log"), "--cache-store", str(tmp_path / "cache")]
            variables = {"PATH": os.defpath, "HOME": str(tmp_path), **trust(lab)}
            running.append(
                subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            deadline = time.monotonic() + 20
            while True:
                try:
                    return imaplib.IMAP4(HOST, port, timeout=20)
                except OSError:
                    assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                    time.sleep(0.1)

        yield connect
        for process in running:
            process.terminate()
            process.wait(10)

    def test_a_password_opens_the_mailbox(self, full: Lab, through: Callable[[Lab], imaplib.IMAP4]) -> None:
        client = through(full)
        client.login(mailbox(full), "any password")
        assert client.select("INBOX", readonly=True) == ("OK", [b"2"])
        assert "20 cartridges" in str(client.fetch("1", "(BODY[TEXT])"))
        client.logout()

    def test_entras_refusal_is_passed_on(
        self, start: Start, through: Callable[[Lab], imaplib.IMAP4], tmp_path: Path
    ) -> None:
        lab = start("token-secret-expired")
        client = through(lab)
        with pytest.raises(imaplib.IMAP4.error, match="Login failed"):
            client.login(mailbox(lab), "any password")
        client.shutdown()
        assert "AADSTS7000222" in (tmp_path / "log").read_text()

    def test_a_mailbox_that_stays_shut_says_so(self, start: Start, through: Callable[[Lab], imaplib.IMAP4]) -> None:
        lab = start("perm-fullaccess-missing")
        client = through(lab)
        client.login(mailbox(lab), "any password")
        with pytest.raises(imaplib.IMAP4.error, match=NOT_CONNECTED):
            client.select("INBOX")
        client.shutdown()

"""Any text may be pasted, and any file be named: readers answer it, or refuse it by the exceptions that they document."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
from pathlib import Path

from hypothesis import strategies as st

from diagnostics import files
from diagnostics.changes import journal, planfile
from diagnostics.changes.mailboxes import BadList, read_list
from diagnostics.changes.plan import Application, Plan
from diagnostics.changes.steps import RegisterServicePrincipal
from diagnostics.evidence import Evidence, Provenance, Source
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId
from diagnostics.profile.complaints import ProfileError
from diagnostics.profile.loading import load_text
from diagnostics.redaction import Secret
from diagnostics.report import build
from diagnostics.report.structured import NotAReport, as_json, as_yaml, load_evidence
from diagnostics.report.table import render
from diagnostics.sources import collected
from diagnostics.sources.claims import decode_claims, secret_shape
from diagnostics.sources.transcript import NotText, read
from tests.core.sample import healthy
from tests.fuzz.mutations import literals, mutated, mutated_bytes, spoiled
from tests.fuzz.running import bounded, fuzz
from tests.transcript.texts import cases, noise

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
HERE = Provenance(Source.TEXT, "text:1")


def jwt(payload: str) -> str:
    """A token that nobody signed."""
    body = base64.urlsafe_b64encode(payload.encode("utf-8", "replace")).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{body}.x"


def judged(evidence: Evidence) -> str:
    """What is done with evidence: every check, the ranking, the screen and the saved form."""
    made = build(evidence, command="diag analyze text", started=NOW)
    return render(made, width=100, color=False) + as_json(made)


def test_pasted_texts() -> None:
    texts = [case.text for case in cases()] + [path.read_text("utf-8", "replace")[:20_000] for path in noise()]

    def check(text: bytes) -> None:
        with contextlib.suppress(NotText):
            bounded(lambda given: judged(read([given], name="text", judged_at=NOW)), text)

    damaged = mutated(texts, literals("sources/transcript"))
    fuzz(damaged.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=300), check)


def test_tokens() -> None:
    claims = {"aud": "https://outlook.office365.com", "appid": "a", "roles": ["IMAP.AccessAsApp"], "exp": 1709550000, "iat": 1709546400,
              "oid": "o", "tid": "t", "scp": "IMAP.AccessAsUser.All", "ver": "1.0", "iss": "https://sts.windows.net/x/"}  # fmt: skip

    def check(token: str) -> None:
        bounded(lambda given: decode_claims(given, HERE), token)
        bounded(lambda given: secret_shape(Secret(given), HERE), token)

    payload = json.dumps(claims)
    fuzz(spoiled(claims).map(json.dumps).map(jwt) | mutated([payload]).map(jwt) | mutated([jwt(payload)]), check)


def test_profiles() -> None:
    texts = [(ROOT / "profiles" / "example.yaml").read_text("utf-8")]
    texts.append("tenant: contoso.com\napplication:\n  id: x\n  secret: {env: S}\nmailboxes: [a@contoso.com]\n")
    words = literals("profile")

    def check(text: str) -> None:
        def loaded(given: str) -> str:
            try:
                return repr(load_text(given, Path("profile.yaml")).document)
            except ProfileError as error:
                return str(error)

        bounded(loaded, text)

    fuzz(mutated(texts, words), check)


def test_saved_reports() -> None:
    made = build(healthy(), command="diag permissions", started=NOW)
    tree = json.loads(as_json(made))

    def check(text: str) -> None:
        with contextlib.suppress(NotAReport):
            bounded(lambda given: judged(load_evidence(given)), text)

    other = spoiled(tree["evidence"]).map(lambda evidence: json.dumps({**tree, "evidence": evidence}))
    fuzz(mutated([as_yaml(made), as_json(made)]) | other, check)


def test_collected_files() -> None:
    content = (ROOT / "tests" / "ps_scripts" / "collected-1.json").read_bytes()
    tree = json.loads(content.decode("utf-8-sig"))

    def check(given: bytes) -> None:
        with contextlib.suppress(collected.CollectedUnusable):
            bounded(lambda data: judged(collected.read(data, "collected.json")), given)

    fuzz(mutated_bytes([content]) | spoiled(tree).map(lambda one: json.dumps(one).encode()), check)


def plan() -> Plan:
    application = Application(
        ApplicationId("11111111-2222-4333-8444-555555555555"),
        EnterpriseAppObjectId("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
        "ERP",
        "the token",
    )
    step = RegisterServicePrincipal(application.application_id, application.object_id, "ERP")
    return Plan("grant", "contoso.com", application, (step,), profile="p.yaml", made_at=NOW.isoformat())


def test_plans(tmp_path: Path) -> None:
    tree = planfile.plan_tree(plan())
    path = tmp_path / "plan.json"

    def check(content: bytes) -> None:
        def loaded(given: bytes) -> object:
            path.write_bytes(given)
            try:
                return planfile.load(path)
            except (planfile.BadPlan, files.FileUnusable) as refused:
                return str(refused)

        bounded(loaded, content)

    fuzz(
        mutated_bytes([json.dumps(tree, indent=2).encode()]) | spoiled(tree).map(lambda one: json.dumps(one).encode()),
        check,
    )


def test_journals(tmp_path: Path) -> None:
    real = tmp_path / "real.jsonl"
    with journal.Journal(real) as writer:
        writer.append("run", "r1", [{"operation": "grant", "plan": planfile.plan_tree(plan())}])
        writer.append("intent", "r1", [{"step": 0, "mailbox": "erp@contoso.com"}])
        writer.append("result", "r1", [{"step": 0, "outcome": "done"}])
        writer.append("end", "r1", [{"outcome": "done"}])
    path = tmp_path / "journal.jsonl"

    def check(content: bytes) -> None:
        def followed(given: bytes) -> object:
            path.write_bytes(given)
            try:
                return journal.load(path), journal.verify(path), list(journal.export(path))
            except journal.JournalUnusable as refused:
                return str(refused)

        bounded(followed, content)

    fuzz(mutated_bytes([real.read_bytes()]), check)


def test_lists_of_mailboxes(tmp_path: Path) -> None:
    texts = [
        "a@contoso.com\nb@contoso.com\n",
        '"PrimarySmtpAddress","Name"\r\n"a@contoso.com","A, B"\r\n',
        "mail;upn\na@x.de;b@x.de\n",
        "# c\na@x.de, b@x.de\n",
    ]
    path = tmp_path / "list.csv"

    def check(content: bytes) -> None:
        def listed(given: bytes) -> object:
            path.write_bytes(given)
            try:
                return read_list(path)
            except BadList as refused:
                return str(refused)

        bounded(listed, content)

    fuzz(
        mutated([*texts, *(text.encode("utf-16").decode("latin-1") for text in texts)]).map(
            lambda t: t.encode("utf-8", "replace")
        ),
        check,
    )

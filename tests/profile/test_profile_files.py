from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import jsonschema
import pytest
import yaml

from diagnostics import resources
from diagnostics.profile import Profile, ProfileError, complaints, load, load_text, target
from diagnostics.profile.finding import available, find
from diagnostics.profile.schema import text as schema_text
from diagnostics.profile.showing import render
from diagnostics.profile.wizard import NotWritten, Terminal, make

from .test_profile_loading import APPLICATION, HERE, MINIMAL, TENANT

SHIPPED = resources.profiles_folder()


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    assert (SHIPPED / "profile.schema.json").read_text("utf-8") == schema_text(), "diag profile schema > profiles/…"


def test_the_shipped_example_is_right_by_schema_and_checks() -> None:
    path = SHIPPED / "example.yaml"
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json.loads(schema_text()))
    assert complaints(load(path)) == ()


def test_the_schema_refuses_what_the_loader_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    for extra in ("tennant: x", "cloud: gcc", "imap: {port: 0}", "mailboxes: x", "application: {id: x, secret: s}"):
        assert not validator.is_valid(yaml.safe_load(f"tenant: x\napplication: {{id: x}}\n{extra}\n")), extra


def test_a_profile_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    here, user = tmp_path / "profiles", tmp_path / "config" / "diag" / "profiles"
    for folder in (here, user):
        folder.mkdir(parents=True)
    (user / "shop.yml").write_text(MINIMAL)
    if sys.platform.startswith("linux"):
        assert find("shop") == user / "shop.yml"
    (here / "shop.yaml").write_text(MINIMAL)
    assert find("shop") == Path("profiles/shop.yaml")
    assert find("profiles/shop.yaml") == Path("profiles/shop.yaml")
    assert find("example").parent == SHIPPED
    assert [name for name, _ in available()].count("shop") == 1


@pytest.mark.parametrize(
    ("name", "said"), [("exampel", "did you mean example?"), ("zzz", "diag profile new"), ("a/b.yaml", "no such file")]
)
def test_what_is_not_found_says_where_it_was_looked_for(name: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said) as caught:
        find(name)
    if "/" not in name:
        assert "config" in str(caught.value)


def test_show_says_where_each_value_comes_from() -> None:
    profile = load_text(
        f"{MINIMAL}  secret: {{env: DIAG_APPLICATION_SECRET}}\ncloud: us-dod\nmailboxes: [a@b.example]\n", HERE
    )
    lines = dict(line.split(": ", 1) for line in render(profile, origin=True).splitlines())
    assert lines["tenant"].startswith(TENANT)
    assert lines["tenant"].endswith("# shop.yaml:1:9")
    assert lines["application.secret"].startswith("*** (environment variable DIAG_APPLICATION_SECRET)")
    assert "cloud us-dod: unverified" in lines["imap.server"]
    assert lines["imap.port"].endswith("# default")
    assert lines["mailboxes.0"].startswith("a@b.example")
    assert "#" not in render(profile, origin=False)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Scripted:
    """Somebody who answers from a list, and hears everything that is said."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.answers: Iterator[str] = iter(answers)
        self.heard: list[str] = []

    def ask(self, question: str) -> str:
        self.heard.append(question)
        try:
            return next(self.answers)
        except StopIteration:
            raise NotWritten("the input ended") from None

    def say(self, text: str) -> None:
        self.heard.append(text)


def made(path: Path, *answers: str) -> tuple[Profile, str]:
    asker = Scripted(answers)
    written = make(path, asker)
    assert next(asker.answers, None) is None, "every answer was asked for"
    return load(written), "\n".join(asker.heard)


# fmt: off
PLAIN = (TENANT, "", APPLICATION, "", "", "", "", "erp@contoso.com", "", "", "", "")


def test_enter_takes_what_is_usual(tmp_path: Path) -> None:
    profile, _ = made(tmp_path / "sub" / "new.yaml", *PLAIN)
    about = target(profile)
    assert (about.tenant, about.application_id, about.mailboxes) == (TENANT, APPLICATION, ("erp@contoso.com",))
    assert profile.application.secret is not None
    assert profile.application.secret.env == "DIAG_APPLICATION_SECRET"
    assert profile.operator is not None
    assert profile.operator.sign_in == "device-code"
    assert profile.graph is True
    assert complaints(profile) == ()
    if sys.platform != "win32":
        assert stat.S_IMODE(profile.path.stat().st_mode) == 0o600
    assert names(profile.path.parent) == ["new.yaml"]


def test_each_value_is_judged_while_it_is_typed(tmp_path: Path) -> None:
    profile, heard = made(
        tmp_path / "new.yaml",
        "", "{{tenantid}}", TENANT[:-1], TENANT,
        "mars", "us-gov",
        f">{APPLICATION}", "y",
        "not-a-guid", "33333333-4444-4555-8666-777777777777",
        "",
        "f", "app secret.txt",
        "erp@contoso.com:993", "erp@contoso.com", "orders@contoso.com", "",
        "winrm", "outlook.office365.com", "mgmt.contoso.com", "admin@contoso.com", "", "env", "A B", "DIAG_WINRM_PASSWORD",
        "application", f" {TENANT} ", "", "keyring", "",
        "no",
    )
    for cause in ("input-placeholder-left-in-config", "input-tenant-guid-truncated", "input-mailbox-not-an-address"):
        assert f"[{cause}]" in heard
    assert "October 2023" in heard
    assert "it is no GUID" in heard
    assert "A B" not in heard
    assert profile.application.id == APPLICATION
    assert profile.mailboxes == ("erp@contoso.com", "orders@contoso.com")
    assert profile.exchange.host == "mgmt.contoso.com"
    assert profile.operator is not None
    assert profile.operator.application_id == TENANT
    assert profile.operator.secret is not None
    assert profile.operator.secret.keyring == "diag_operator_secret"
    assert profile.graph is False
    assert complaints(profile) == ()


def test_ids_that_do_not_fit_together_are_told_before_anything_is_written(tmp_path: Path) -> None:
    answers = (TENANT, "", TENANT, *PLAIN[3:])
    with pytest.raises(NotWritten, match="nothing was written"):
        make(tmp_path / "new.yaml", Scripted((*answers, "")))
    assert names(tmp_path) == []
    profile, heard = made(tmp_path / "new.yaml", *answers, "yes")
    assert "input-tenant-and-client-swapped-or-same" in heard
    assert profile.application.id == TENANT


def test_a_secret_typed_as_the_variables_name_is_not_repeated(tmp_path: Path) -> None:
    answers = [*PLAIN[:6], "Zz18Q~typed-by-mistake-0123456789abcdefgh", *PLAIN[6:]]
    _, heard = made(tmp_path / "new.yaml", *answers)
    assert "typed-by-mistake" not in heard
    assert "typed-by-mistake" not in (tmp_path / "new.yaml").read_text("utf-8")


def test_a_secret_or_an_alias_typed_as_mailbox_is_refused_and_not_repeated(tmp_path: Path) -> None:
    secret = "Zz18Q~typed-by-mistake-0123456789abcdefgh"
    profile, heard = made(tmp_path / "new.yaml", *PLAIN[:7], secret, "Passw0rd!x", "erp", *PLAIN[7:])
    assert profile.mailboxes == ("erp@contoso.com",)
    assert heard.count("[input-mailbox-not-an-address]") == 3
    assert "typed-by-mistake" not in heard
    assert "Passw0rd" not in heard


def test_an_object_id_that_is_the_application_id_is_told(tmp_path: Path) -> None:
    answers = (*PLAIN[:3], APPLICATION, *PLAIN[4:])
    with pytest.raises(NotWritten, match="nothing was written"):
        make(tmp_path / "new.yaml", Scripted((*answers, "")))
    _, heard = made(tmp_path / "new.yaml", *answers, "yes")
    assert "exo-sp-wrong-object-id" in heard


def test_a_blank_that_was_copied_along_is_told_and_left_out(tmp_path: Path) -> None:
    profile, heard = made(tmp_path / "new.yaml", f"{TENANT}\u00a0", "yes", *PLAIN[1:])
    assert profile.tenant == TENANT
    assert "[input-blank-copied-along]" in heard


def test_nothing_is_overwritten_and_nothing_left_half_written(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    with pytest.raises(NotWritten, match="ended"):
        make(path, Scripted(PLAIN[:5]))
    assert names(tmp_path) == []
    path.write_text("mine")
    with pytest.raises(NotWritten, match="exists already"):
        make(path, Scripted(()))
    assert path.read_text() == "mine"


def test_the_wizard_needs_a_terminal() -> None:
    with pytest.raises(NotWritten, match=r"example\.yaml"):
        Terminal()

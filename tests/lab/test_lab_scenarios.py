from __future__ import annotations

import itertools
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from imapclient.exceptions import IMAPClientError, LoginError

from diagnostics.lab.catalog import SHAPES, build
from diagnostics.lab.scenarios import registry
from diagnostics.lab.scenarios.registry import ScenarioError
from diagnostics.lab.server import Lab

from .clients import imap_client, profile, sign_in

REFUSED, UNCONNECTED, CONNECTED = "NO AUTHENTICATE failed", "not connected", "connected"

SEEN: dict[str, str | int] = {
    "input-secret-id-pasted": 7000215,
    "input-secret-wrong-value": 7000215,
    "input-secret-wrong-value/truncated": 7000215,
    "input-stray-character-in-client-id": 700016,
    "input-placeholder-left-in-config": "AADSTS900023",
    "input-placeholder-left-in-config/client-id": 700016,
    "input-tenant-guid-truncated": "AADSTS900023",
    "input-tenant-field-got-url": "AADSTS900023",
    "input-tenant-and-client-swapped-or-same": "AADSTS90002",
    "input-tenant-and-client-swapped-or-same/same": 700016,
    "input-mailbox-not-an-address": REFUSED,
    "input-client-id-not-a-guid": 700016,
    "input-configured-in-enterprise-applications": 7000215,
    "input-blank-copied-along": 700016,
    "input-blank-copied-along/tenant": "AADSTS900023",
    "input-blank-copied-along/secret": 7000215,
    "input-blank-copied-along/mailbox": REFUSED,
    "discovery-tenant-not-found": "AADSTS90002",
    "discovery-wrong-cloud": 900432,
    "token-app-not-in-tenant": 700016,
    "token-app-not-in-tenant/unknown": 700016,
    "token-sp-missing-home-tenant": 7000229,
    "token-app-disabled": 7000112,
    "token-app-disabled/by-microsoft": 7000112,
    "token-resource-sp-disabled": 500014,
    "token-resource-sp-not-found": 500011,
    "token-secret-expired": 7000222,
    "token-secret-old-one-sent": 7000222,
    "token-cert-assertion-invalid": 700027,
    "token-cert-assertion-invalid/clock": 700024,
    "token-single-tenant-via-common": 9001023,
    "token-ca-blocks-workload": 53003,
    "token-network-no-tls-or-proxy": "CERTIFICATE_VERIFY_FAILED",
    "consent-admin-consent-missing": REFUSED,
    "consent-multitenant-adminconsent-scope": REFUSED,
    "consent-graph-scope-id-under-exchange": REFUSED,
    "consent-resource-not-declared": REFUSED,
    "claims-roles-missing": REFUSED,
    "claims-roles-missing/without-graph": REFUSED,
    "claims-wrong-role-ews": REFUSED,
    "claims-role-pop-or-smtp-only": REFUSED,
    "claims-delegated-instead-of-application": REFUSED,
    "claims-permission-on-graph-not-exchange": REFUSED,
    "claims-token-expired": REFUSED,
    "claims-wrong-tenant-in-token": REFUSED,
    "operator-module-not-installed": CONNECTED,
    "operator-module-not-installed/too-new": CONNECTED,
    "operator-app-lacks-exchange-role": CONNECTED,
    "operator-app-lacks-exchange-role/permission": CONNECTED,
    "operator-certificate-unusable": CONNECTED,
    "operator-jump-host-refused": CONNECTED,
    "exo-sp-not-registered": REFUSED,
    "exo-sp-wrong-object-id": REFUSED,
    "exo-sp-wrong-object-id/resource": REFUSED,
    "exo-sp-wrong-object-id/unknown": REFUSED,
    "exo-sp-appid-and-objectid-swapped": REFUSED,
    "exo-sp-stale-after-recreation": REFUSED,
    "exo-sp-stale-after-recreation/enterprise-only": REFUSED,
    "exo-cmdlet-not-found": CONNECTED,
    "exo-rbac-for-apps-does-not-cover-imap": UNCONNECTED,
    "exo-application-access-policy-scope": UNCONNECTED,
    "mailbox-imap-disabled": UNCONNECTED,
    "mailbox-not-in-exchange-online": UNCONNECTED,
    "mailbox-on-premises-hybrid": UNCONNECTED,
    "mailbox-group-or-public-folder": UNCONNECTED,
    "mailbox-group-or-public-folder/distribution-list": UNCONNECTED,
    "mailbox-group-or-public-folder/public-folder": UNCONNECTED,
    "mailbox-licence-or-deleted": UNCONNECTED,
    "mailbox-alias-used-as-username": UNCONNECTED,
    "mailbox-upn-differs-from-smtp": UNCONNECTED,
    "mailbox-no-recipient-for-user": "NoADRecipient",
    "mailbox-shared-backslash-login": REFUSED,
    "mailbox-personal-account": UNCONNECTED,
    "perm-fullaccess-missing": UNCONNECTED,
    "perm-granted-to-wrong-object": UNCONNECTED,
    "perm-granted-to-wrong-object/user": UNCONNECTED,
    "perm-granted-to-wrong-object/orphan": UNCONNECTED,
    "perm-deny-entry": UNCONNECTED,
    "perm-readpermission-only": UNCONNECTED,
    "net-name-not-resolved": "gaierror",
    "net-no-greeting": "ConnectionResetError",
    "net-no-greeting/refused": "ConnectionRefusedError",
    "net-no-greeting/silent": "TimeoutError",
    "net-tls-to-plaintext-port": "WRONG_VERSION_NUMBER",
    "net-certificate-verify-failed": "CERTIFICATE_VERIFY_FAILED",
    "net-http-only-proxy-in-front": "HTTP/1.1 408",
    "server-is-not-exchange-online": REFUSED,
    "net-throttled": "Suggested Backoff Time: 178755 milliseconds",
    "auth-rejected-no-reason": REFUSED,
    "auth-not-exchange-server": "AUTHENTICATIONFAILED",
    "auth-21vianet-scope": REFUSED,
    "net-too-many-connections": UNCONNECTED,
    "propagation-change-still-spreading": REFUSED,
    "propagation-token-older-than-consent": REFUSED,
}
"""What an application sees first: an AADSTS code, or words of the IMAP server or of the network."""

WANTED = [
    "input-secret-id-pasted",
    "input-secret-wrong-value",
    "input-stray-character-in-client-id",
    "discovery-tenant-not-found",
    "token-app-not-in-tenant",
    "token-sp-missing-home-tenant",
    "token-app-disabled",
    "token-secret-expired",
    "claims-roles-missing",
    "claims-wrong-role-ews",
    "consent-admin-consent-missing",
    "exo-sp-not-registered",
    "exo-sp-wrong-object-id",
    "exo-sp-appid-and-objectid-swapped",
    "exo-sp-stale-after-recreation",
    "mailbox-imap-disabled",
    "mailbox-not-in-exchange-online",
    "mailbox-group-or-public-folder",
    "perm-fullaccess-missing",
    "perm-granted-to-wrong-object",
    "perm-deny-entry",
    "perm-readpermission-only",
]


def seen(lab: Lab, http: requests.Session) -> str | int:
    try:
        result = sign_in(lab, http)
    except (ValueError, requests.exceptions.SSLError) as error:
        return f"{error} {error.__context__}"
    except DeprecationWarning:  # MSAL warns of /common and would go on
        form = {"client_id": "x", "grant_type": "client_credentials", "scope": "https://outlook.office365.com/.default"}
        url = f"{lab.ready['endpoints']['login']}/common/oauth2/v2.0/token"
        result = http.post(url, data=form).json()
    if "access_token" not in result:
        (code,) = result["error_codes"]
        return int(code)
    try:
        with imap_client(lab) as client:
            client.oauth2_login(lab.ready["mailboxes"][0], result["access_token"])
            client.select_folder("INBOX", readonly=True)
    except (LoginError, IMAPClientError, OSError) as error:
        return f"{type(error).__name__} {error}".replace("b'AUTHENTICATE failed", REFUSED)
    return CONNECTED


def test_every_scenario_has_its_outcome_here() -> None:
    assert list(registry.scenarios()) == list(SEEN)
    assert set(WANTED) <= SEEN.keys()


def test_few_scenarios_have_rivals_and_none_of_those_that_must_be_first() -> None:
    with_rivals = {name for name, item in registry.scenarios().items() if item.rivals}
    assert len(with_rivals) <= 10
    assert not with_rivals & set(WANTED)
    assert all(reason for item in registry.scenarios().values() for reason in item.rivals.values())


@pytest.mark.parametrize("name", SEEN)
def test_each_scenario_shows_as_its_cause_does(start: Callable[..., Lab], http: requests.Session, name: str) -> None:
    lab = start(name)
    expected, found = SEEN[name], seen(lab, http)
    if isinstance(expected, int) or expected == CONNECTED:
        assert found == expected
    else:
        assert expected.replace(REFUSED, "AUTHENTICATE failed") in str(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_healthy(start: Callable[..., Lab], http: requests.Session, shape: str) -> None:
    lab = start(shape=shape)
    token = sign_in(lab, http)["access_token"]
    for mailbox in lab.ready["mailboxes"]:
        with imap_client(lab) as client:
            client.oauth2_login(mailbox, token)
            client.select_folder("INBOX", readonly=True)
    assert "access_token" in sign_in(lab, http, operator=True)
    assert "access_token" in sign_in(lab, http, operator=True, scope=f"{lab.world.cloud.graph}/.default")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SEEN)
def test_every_scenario_can_be_put_on_every_shape(name: str, shape: str) -> None:
    registry.apply(build(shape), [name])


def test_scenarios_combine_in_the_order_of_the_chain(start: Callable[..., Lab], http: requests.Session) -> None:
    lab = start("mailbox-imap-disabled", "exo-sp-wrong-object-id")
    assert [item.cause for item in lab.scenarios] == ["exo-sp-wrong-object-id", "mailbox-imap-disabled"]
    assert "AUTHENTICATE failed" in str(seen(lab, http))
    lab.setup.exchange_principal.object_id = lab.setup.enterprise.object_id
    assert UNCONNECTED in str(seen(lab, http))
    lab.setup.mailbox.imap_enabled = True
    assert seen(lab, http) == CONNECTED


def test_what_was_broken_before_a_recreation_stays_broken(start: Callable[..., Lab], http: requests.Session) -> None:
    assert seen(start("exo-sp-stale-after-recreation", "token-secret-expired"), http) == 7000222
    lab = start("exo-sp-stale-after-recreation", "consent-admin-consent-missing")
    token = sign_in(lab, http)["access_token"]
    assert not lab.tokens.verify(token, ["https://outlook.office365.com"]).roles


def test_scenarios_that_undo_each_other_are_refused() -> None:
    with pytest.raises(ScenarioError, match="cannot hold at once: both change the mailbox permission"):
        registry.apply(build("user-mailbox"), ["perm-deny-entry", "perm-fullaccess-missing"])


@pytest.mark.parametrize("name", ["", "perm", "PERM-DENY-ENTRY", "perm-deny-entry/"])
def test_an_unknown_scenario_is_named(name: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(repr(name))):
        Lab(scenarios=[name])


def test_an_unknown_shape_is_named() -> None:
    with pytest.raises(ValueError, match="there are user-mailbox"):
        Lab("palace")


def words_of(name: str) -> list[str]:
    """The slug, and its parts as far as they are no words that a tenant's objects have anyhow."""
    common = {
        "input",
        "token",
        "mailbox",
        "app",
        "tenant",
        "client",
        "secret",
        "id",
        "sp",
        "in",
        "of",
        "imap",
        "http",
        "certificate",
    }
    parts = re.split(r"[-/]", name)
    pairs = [f"{left}-{right}" for left, right in itertools.pairwise(parts)]
    return [name, *pairs, *(part for part in parts if part not in common and len(part) > 8)]


def written(lab: Lab) -> str:
    folder = Path(lab.ready["profile"]).parent
    files = "".join(f"{path.name}\n{path.read_text()}" for path in sorted(folder.iterdir()))
    return f"{folder}\n{files}\n{lab.ready}".lower()


@pytest.mark.parametrize("name", SEEN)
def test_nothing_that_is_written_names_the_scenario(start: Callable[..., Lab], name: str) -> None:
    lab, healthy = start(name), start()
    ours, theirs = written(lab), written(healthy)
    for word in words_of(name):
        assert ours.count(word) <= theirs.count(word), word


def test_nothing_that_is_served_names_the_scenario(start: Callable[..., Lab], http: requests.Session) -> None:
    for name in ("exo-sp-wrong-object-id", "perm-granted-to-wrong-object", "exo-rbac-for-apps-does-not-cover-imap"):
        lab = start(name)
        token = sign_in(lab, http, operator=True, scope="https://graph.microsoft.com/.default")["access_token"]
        text = ""
        for path in ("servicePrincipals", "applications", "users", "oauth2PermissionGrants", "organization"):
            answer = http.get(
                f"{lab.ready['endpoints']['graph']}/v1.0/{path}", headers={"Authorization": f"Bearer {token}"}
            )
            text += f"{answer.headers}{answer.text}".lower()
        assert not [word for word in words_of(name) if word in text]


def test_ids_are_new_each_time(start: Callable[..., Lab]) -> None:
    first, second = start().ready, start().ready
    assert not set(first["ids"].values()) & set(second["ids"].values()) - {"contoso.onmicrosoft.com"}
    assert not set(first["env"].values()) & set(second["env"].values())


def test_the_labs_folder_is_private_and_goes_with_it() -> None:
    with Lab(shape="certificate") as lab:
        folder = lab.profile.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert {path.name for path in folder.iterdir()} == {"ca.pem", "profile.yaml", "application.pem"}
    assert not folder.exists()
    lab.close()


def test_certificates_are_good_for_both_names(lab: Lab, http: requests.Session) -> None:
    port = lab.ready["endpoints"]["login"].rpartition(":")[2]
    path = f"{profile(lab)['tenant']}/v2.0/.well-known/openid-configuration"
    for host in ("localhost", "127.0.0.1"):
        assert http.get(f"https://{host}:{port}/{path}", verify=str(lab.ca_file)).status_code == 200
    assert ssl.create_default_context(cafile=str(lab.ca_file)).get_ca_certs()

"""Stage input: something was typed or pasted wrongly; the tenant is healthy."""

from __future__ import annotations

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import new_secret


def _another_secret(setup: Setup) -> str:
    hints = {credential.hint for credential in setup.registration.password_credentials}
    while (secret := new_secret())[:3] in hints:
        pass
    return secret


@scenario("input-secret-id-pasted", touches="application's secret")
def secret_id_pasted(setup: Setup) -> None:
    """The Secret ID stands where the secret's Value belongs."""
    setup.profile.certificate = None
    credentials = setup.registration.password_credentials
    setup.profile.secret = (
        credentials[-1].key_id if credentials else str(setup.registration.key_credentials[0]["keyId"])
    )


@scenario("input-secret-wrong-value", touches="application's secret")
def secret_wrong_value(setup: Setup) -> None:
    """The secret is none of this application's."""
    setup.profile.certificate = None
    setup.profile.secret = _another_secret(setup)


@scenario("input-secret-wrong-value/truncated", touches="application's secret")
def secret_truncated(setup: Setup) -> None:
    """The last characters of the secret were not copied."""
    setup.profile.certificate = None
    setup.profile.secret = (setup.profile.secret or _another_secret(setup))[:-4]


@scenario("input-stray-character-in-client-id", touches="client id")
def stray_character(setup: Setup) -> None:
    """A character of the surrounding text was pasted in front of the client id."""
    setup.profile.application_id = f">{setup.profile.application_id}"


@scenario("input-placeholder-left-in-config", touches="tenant")
def placeholder_tenant(setup: Setup) -> None:
    """The tenant is still the template's placeholder."""
    setup.profile.tenant = "{{tenantid}}"


@scenario("input-placeholder-left-in-config/client-id", touches="client id")
def placeholder_client(setup: Setup) -> None:
    """The client id is still the template's placeholder."""
    setup.profile.application_id = "YOUR_CLIENT_ID"


@scenario("input-tenant-guid-truncated", touches="tenant")
def tenant_truncated(setup: Setup) -> None:
    """The tenant id lost its last character."""
    setup.profile.tenant = setup.tenant.id[:-1]


@scenario("input-tenant-field-got-url", touches="tenant")
def tenant_url(setup: Setup) -> None:
    """A whole endpoint URL stands where the tenant belongs."""
    setup.profile.tenant = f"{setup.tenant.cloud.login}/{setup.tenant.id}/oauth2/v2.0/token"


@scenario("input-tenant-and-client-swapped-or-same", touches="tenant, client id")
def tenant_and_client_swapped(setup: Setup) -> None:
    """Tenant id and client id changed places."""
    setup.profile.tenant, setup.profile.application_id = setup.profile.application_id, setup.tenant.id


@scenario("input-tenant-and-client-swapped-or-same/same", touches="client id")
def tenant_and_client_same(setup: Setup) -> None:
    """The tenant id was pasted into both fields."""
    setup.profile.tenant = setup.profile.application_id = setup.tenant.id


@scenario("input-mailbox-not-an-address", touches="mailbox address")
def mailbox_not_an_address(setup: Setup) -> None:
    """The mailbox field holds the address and the client id together."""
    setup.profile.mailboxes[0] = f"{setup.profile.mailboxes[0]}:{setup.registration.app_id}"


@scenario("input-client-id-not-a-guid", touches="client id")
def client_id_not_a_guid(setup: Setup) -> None:
    """The application's name stands where its id belongs."""
    setup.profile.application_id = setup.registration.display_name


@scenario("input-configured-in-enterprise-applications", touches="application, application's secret")
def configured_in_enterprise_applications(setup: Setup) -> None:
    """There is an enterprise application, and no app registration behind it."""
    setup.tenant.registrations.remove(setup.registration)


@scenario("input-blank-copied-along", touches="client id")
def blank_behind_client_id(setup: Setup) -> None:
    """A blank was copied along behind the client id."""
    setup.profile.application_id = f"{setup.profile.application_id} "


@scenario("input-blank-copied-along/tenant", touches="tenant")
def blank_behind_tenant(setup: Setup) -> None:
    """A no-break space was copied along behind the tenant."""
    setup.profile.tenant = f"{setup.profile.tenant}\N{NO-BREAK SPACE}"


@scenario("input-blank-copied-along/secret", touches="application's secret")
def blank_before_secret(setup: Setup) -> None:
    """A blank was copied along in front of the secret."""
    setup.profile.certificate = None
    setup.profile.secret = f" {setup.profile.secret or _another_secret(setup)}"


@scenario("input-blank-copied-along/mailbox", touches="mailbox address")
def blank_behind_mailbox(setup: Setup) -> None:
    """A tab was copied along behind the mailbox's address."""
    setup.profile.mailboxes[0] = f"{setup.profile.mailboxes[0]}\t"

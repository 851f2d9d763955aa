"""Stage token: Entra refuses to sign the application in."""

from __future__ import annotations

import datetime as dt

from diagnostics.lab.assertion import key_credential
from diagnostics.lab.certificates import application_certificate
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, PasswordCredential, new_id, new_secret, utc_now


@scenario("token-app-not-in-tenant", touches="client id")
def app_not_in_tenant(setup: Setup) -> None:
    """The app registration's Object ID stands where the Application ID belongs."""
    setup.profile.application_id = setup.registration.object_id


@scenario("token-app-not-in-tenant/unknown", touches="client id")
def app_unknown(setup: Setup) -> None:
    """No application has the id that the profile names."""
    setup.profile.application_id = new_id()


@scenario("token-sp-missing-home-tenant", touches="application")
def sp_missing(setup: Setup) -> None:
    """The enterprise application was deleted; the app registration is still there."""
    setup.tenant.enterprise_applications.remove(setup.enterprise)
    setup.tenant.deleted_service_principals.append(setup.enterprise)


@scenario("token-app-disabled", touches="application")
def app_disabled(setup: Setup) -> None:
    """The enterprise application is not enabled for sign-in."""
    setup.enterprise.account_enabled = False


@scenario("token-app-disabled/by-microsoft", touches="application")
def app_disabled_by_microsoft(setup: Setup) -> None:
    """Microsoft has disabled the application."""
    setup.enterprise.disabled_by_microsoft_status = "DisabledDueToViolationOfServicesAgreement"


@scenario("token-resource-sp-disabled", touches="resource")
def resource_disabled(setup: Setup) -> None:
    """Office 365 Exchange Online itself is disabled in the tenant."""
    resource = setup.tenant.enterprise_application(EXCHANGE_ONLINE_APP_ID)
    assert resource is not None
    resource.account_enabled = False


@scenario("token-resource-sp-not-found", touches="resource")
def resource_not_found(setup: Setup) -> None:
    """The tenant has no Exchange Online at all."""
    tenant = setup.tenant
    tenant.enterprise_applications[:] = [
        application for application in tenant.enterprise_applications if application.app_id != EXCHANGE_ONLINE_APP_ID
    ]


def _only_secret(setup: Setup) -> PasswordCredential:
    """Return the secret that the application uses, after taking every other credential away."""
    secret = setup.profile.secret or new_secret()
    held = PasswordCredential(secret)
    setup.profile.secret, setup.profile.certificate = secret, None
    setup.registration.password_credentials[:] = [held]
    setup.registration.key_credentials.clear()
    return held


@scenario("token-secret-expired", touches="application's secret")
def secret_expired(setup: Setup) -> None:
    """The application's only secret has expired."""
    held = _only_secret(setup)
    held.start, held.end = utc_now() - dt.timedelta(days=370), utc_now() - dt.timedelta(days=5)


@scenario("token-secret-old-one-sent", touches="application's secret")
def secret_old_one_sent(setup: Setup) -> None:
    """There is a new secret, and the application still sends the old one."""
    secret_expired(setup)
    old = setup.registration.password_credentials[0]
    new = PasswordCredential(new_secret(), display_name="renewed", start=utc_now() - dt.timedelta(days=6))
    while new.hint == old.hint:
        new.secret = new_secret()
    setup.registration.password_credentials.append(new)


@scenario("token-cert-assertion-invalid", touches="application's secret")
def certificate_not_uploaded(setup: Setup) -> None:
    """The certificate that the application uses is not the one in its registration."""
    _, uploaded = application_certificate("mail-import")
    setup.registration.password_credentials.clear()
    setup.registration.key_credentials[:] = [key_credential(uploaded)]
    setup.profile.secret = None
    setup.profile.certificate, _ = application_certificate("mail-import")


@scenario("token-cert-assertion-invalid/clock", touches="application's secret")
def clock_behind(setup: Setup) -> None:
    """The clock of the application's machine is three hours behind Entra's, so its assertion has always expired."""
    private, certificate = application_certificate("mail-import")
    setup.registration.password_credentials.clear()
    setup.registration.key_credentials[:] = [key_credential(certificate)]
    setup.profile.secret, setup.profile.certificate = None, private
    setup.world.login_clock = dt.timedelta(hours=3)


@scenario("token-single-tenant-via-common", touches="tenant")
def via_common(setup: Setup) -> None:
    """The profile says `common` where the tenant belongs."""
    setup.profile.tenant = "common"


@scenario("token-ca-blocks-workload", touches="conditional access")
def conditional_access(setup: Setup) -> None:
    """A Conditional Access policy for workload identities blocks the application."""
    setup.tenant.blocked_by_conditional_access.add(setup.registration.app_id)


@scenario("token-network-no-tls-or-proxy", touches="sign-in endpoint")
def inspected_line(setup: Setup) -> None:
    """Something on the way to the sign-in endpoint signs its certificate again."""
    setup.world.login_certificate = "foreign"

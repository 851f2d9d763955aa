"""Where a domain's mail goes: its MX records. A mailbox elsewhere explains an Exchange that knows no such address."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnostics.evidence import Missing, Observed, Provenance, Source, Unavailable
from diagnostics.redaction import safe

if TYPE_CHECKING:
    from dns.resolver import Resolver


def mail_exchangers(
    domain: str, *, timeout: float = 5.0, server: str = "", resolver: Resolver | None = None
) -> Observed[tuple[str, ...]]:
    """Return the hosts that take mail for `domain`, in lower case, the preferred one first.

    `timeout` is in seconds; `server` is a name server as the profile has it (`1.1.1.1`, `[2001:db8::1]:53`), and the
    system's are asked where it is empty, unless there is a `resolver`.
    Empty when the domain exists without MX. A domain that is not in DNS is `Unavailable`, like any failure to ask: the
    name server at hand may be one that does not know it.
    """
    import dns.exception  # noqa: PLC0415 - not needed for offline work
    import dns.rdatatype  # noqa: PLC0415
    import dns.resolver  # noqa: PLC0415

    started, at = time.monotonic(), dt.datetime.now(dt.UTC)
    how = f"MX of {safe(domain)}"

    def here() -> Provenance:
        return Provenance(Source.DNS, how, at, time.monotonic() - started)

    try:
        asked = resolver or (_asking(server) if server else dns.resolver.get_default_resolver())
        answer = asked.resolve(domain, dns.rdatatype.MX, lifetime=timeout, search=False)
    except dns.resolver.NoAnswer as nothing:
        if all(
            found.rdtype in {dns.rdatatype.CNAME, dns.rdatatype.DNAME} for found in nothing.kwargs["response"].answer
        ):
            return ()
        return Unavailable(
            f"the name server answered something else than the MX of {safe(domain)}", Missing.UNEXPECTED, here()
        )
    except dns.resolver.NXDOMAIN:
        return Unavailable(f"the domain {safe(domain)} is not in DNS", Missing.UNEXPECTED, here())
    except dns.resolver.LifetimeTimeout:
        return Unavailable(f"no name server answered within {timeout:g} seconds", Missing.TIMED_OUT, here())
    except (dns.exception.DNSException, OSError, ValueError) as error:
        words = safe(str(error)) or type(error).__name__
        return Unavailable(f"the MX of {safe(domain)} could not be asked: {words}", Missing.UNREACHABLE, here())
    ordered = sorted(
        (int(record.preference), record.exchange.to_text(omit_final_dot=True).lower()) for record in answer
    )
    return tuple(host for _, host in ordered)


def _asking(server: str) -> Resolver:
    """Return a resolver for one name server. Raises ValueError for what is no address."""
    from dns.resolver import Resolver  # noqa: PLC0415 - not needed for offline work

    found = urlsplit(f"//{server}")
    resolver = Resolver(configure=False)
    resolver.nameservers = [found.hostname or ""]
    resolver.port = found.port or resolver.port
    return resolver

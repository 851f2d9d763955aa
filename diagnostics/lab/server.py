"""The whole lab: every endpoint on a free port of loopback, a certificate authority, a profile, and secrets.

with Lab(scenarios=["perm-fullaccess-missing"]) as lab:
    subprocess.run(["diag", "permissions", "--profile", lab.profile], env={**os.environ, **lab.env})
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from diagnostics import files
from diagnostics.lab import certificates
from diagnostics.lab.adminrest import AdminRestEndpoint
from diagnostics.lab.catalog import build
from diagnostics.lab.entra import EntraEndpoint
from diagnostics.lab.faults import CERTIFICATES, Faults
from diagnostics.lab.graph import GraphEndpoint
from diagnostics.lab.imap.server import ImapEndpoint
from diagnostics.lab.listener import LOOPBACK
from diagnostics.lab.powershell.session import HostProfile
from diagnostics.lab.powershell.winrm import WinRmEndpoint
from diagnostics.lab.scenarios import registry
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import World, new_secret
from diagnostics.lab.tokens import TokenAuthority

DEFAULT_SHAPE = "user-mailbox"
WINRM_USER = "operator"
APPLICATION_SECRET = "DIAG_APPLICATION_SECRET"  # noqa: S105 - the name of a variable
OPERATOR_SECRET = "DIAG_OPERATOR_SECRET"  # noqa: S105 - the name of a variable
WINRM_PASSWORD = "DIAG_WINRM_PASSWORD"  # noqa: S105 - the name of a variable
READY_FILE = "DIAG_LAB_READY_FILE"
MODULE_PATH = "PSModulePath"
TRANSPORTS = ("winrm", "rest", "local", "ssh")
MODULES = Path(__file__).parent / "exo_module"
"""The folder that holds the stand-in ExchangeOnlineManagement module, for PSModulePath of a real PowerShell."""


class Lab:
    """A simulated tenant that serves from `start()` (or `with`) until `close()`.

    `shape` is one of catalog.SHAPES, `scenarios` are names of the registry, `transport` is the Exchange transport that
    the profile names. Raises ValueError (ScenarioError for scenarios) before anything listens. What the lab is made of
    is in `setup` and `world`; a change there is seen by every endpoint at once.
    """

    def __init__(
        self, shape: str = DEFAULT_SHAPE, scenarios: Sequence[str] = (), *, transport: str = TRANSPORTS[0]
    ) -> None:
        if transport not in TRANSPORTS:
            raise ValueError(f"the lab has no transport {transport!r}; it has {' and '.join(TRANSPORTS)}")
        self.setup: Setup = build(shape)
        self.scenarios = registry.apply(self.setup, scenarios)
        self.tokens = TokenAuthority()
        self.transport = transport
        self.env: dict[str, str] = {}
        self._password = new_secret()
        self._open = contextlib.ExitStack()
        self._ready: dict[str, Any] | None = None

    @property
    def world(self) -> World:
        """The model behind every endpoint."""
        return self.setup.world

    @property
    def faults(self) -> Faults:
        """What goes wrong on the way to each endpoint, and how many requests each has seen."""
        return self.world.faults

    @property
    def ready(self) -> dict[str, Any]:
        """What another program needs to use the lab: endpoints, CA, ids, mailboxes, profile, variables."""
        if self._ready is None:
            raise RuntimeError("the lab has not been started")
        return self._ready

    @property
    def profile(self) -> Path:
        """The path of the profile that works against this lab."""
        return Path(self.ready["profile"])

    @property
    def ca_file(self) -> Path:
        """The path of the lab's certificate authority in PEM."""
        return Path(self.ready["ca_file"])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every endpoint and remove the lab's folder; safe to call twice."""
        self._open.close()

    def start(self) -> None:
        """Start every endpoint and write the profile."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        logging.getLogger("psrpcore").setLevel(logging.WARNING)  # at DEBUG it writes whole messages, tokens included
        folder = Path(tempfile.mkdtemp(prefix="diag-lab-"))
        self._open.callback(shutil.rmtree, folder, ignore_errors=True)
        authority = certificates.authority("Example lab")
        ca_file = folder / "ca.pem"
        files.write_new(ca_file, authority.cert_pem.bytes())
        endpoints = self._endpoints(authority)
        self.env = self._variables()
        profile = folder / "profile.yaml"
        text = yaml.safe_dump(self._profile(endpoints, ca_file, folder), sort_keys=False, allow_unicode=True)
        files.write_new(profile, f"# Made by diag lab for this run; it is removed when the lab ends.\n{text}".encode())
        self._ready = {
            "endpoints": endpoints,
            "ca_file": str(ca_file),
            "ids": self._ids(),
            "mailboxes": list(self.setup.profile.mailboxes),
            "module_path": str(MODULES),
            "profile": str(profile),
            "env": dict(self.env),
        }
        if self.transport in {"local", "ssh"}:
            own_ready_file = folder / "ready.json"
            self.env |= {MODULE_PATH: str(MODULES), READY_FILE: str(own_ready_file)}
            self._ready["env"] = dict(self.env)
            files.write_new(own_ready_file, json.dumps(self._ready).encode())

    def _endpoints(self, authority: Any) -> dict[str, str]:
        own = certificates.server_context(authority)
        foreign = certificates.server_context(certificates.authority("Example Web Gateway"))
        world, tokens = self.world, self.tokens
        managed = world.management
        winrm = WinRmEndpoint(
            world,
            tokens,
            own,
            username=WINRM_USER,
            password=self._password if managed.knows_the_password else new_secret(),
            host=HostProfile(managed.powershell_version, module_version=managed.module_version),
        )
        servers = {
            "login": EntraEndpoint(world, tokens, own, foreign),
            "graph": GraphEndpoint(world, tokens, own),
            "exchange": AdminRestEndpoint(world, tokens, own),
            "winrm": winrm,
        }
        for faults in vars(self.faults).values():
            if faults.onset is not None and faults.onset.fault.conduct in CERTIFICATES:
                faults.onset.tls = certificates.misissued(authority, faults.onset.fault.conduct)
        for server in servers.values():
            server.start()
            self._open.callback(server.close)
        return {**{name: server.url for name, server in servers.items()}, "imap": self._imap(own, foreign)}

    def _imap(self, own: Any, foreign: Any) -> str:
        if self.world.imap.transport == "refused":
            reserved = socket.socket()
            self._open.callback(reserved.close)
            reserved.bind((LOOPBACK, 0))  # never listens: whoever connects is refused, and nobody else gets the port
            port = reserved.getsockname()[1]
        else:
            server = ImapEndpoint(self.world, self.tokens, own, foreign)
            _, port = server.start()
            self._open.callback(server.close)
        return f"imaps://{LOOPBACK}:{port}"

    def _variables(self) -> dict[str, str]:
        variables = {
            OPERATOR_SECRET: self.setup.operator_registration.password_credentials[0].secret,
            WINRM_PASSWORD: self._password,
        }
        if self.setup.profile.secret is not None:
            variables[APPLICATION_SECRET] = self.setup.profile.secret
        return variables

    def _ids(self) -> dict[str, str]:
        setup = self.setup
        ids = {
            "tenant": setup.tenant.id,
            "organization": setup.tenant.initial_domain,
            "application": setup.registration.app_id,
            "operator_application": setup.operator_registration.app_id,
            "operator_enterprise_object_id": setup.operator_enterprise.object_id,
        }
        if setup.registration in setup.tenant.registrations:
            ids["registration_object_id"] = setup.registration.object_id
        if setup.enterprise in setup.tenant.enterprise_applications:
            ids["enterprise_object_id"] = setup.enterprise.object_id
        return ids

    def _profile(self, endpoints: dict[str, str], ca_file: Path, folder: Path) -> dict[str, Any]:
        values = self.setup.profile
        application: dict[str, Any] = {"id": values.application_id}
        if values.enterprise_object_id is not None:
            application["enterprise_object_id"] = values.enterprise_object_id
        if values.registration_object_id is not None:
            application["registration_object_id"] = values.registration_object_id
        if values.certificate is not None:
            certificate = folder / "application.pem"
            files.write_new(certificate, values.certificate)
            application["certificate"] = {"file": str(certificate)}
        else:
            application["secret"] = {"env": APPLICATION_SECRET}
        return {
            "version": 1,
            "tenant": values.tenant,
            "organization": self.setup.tenant.initial_domain,
            "cloud": values.cloud,
            "application": application,
            "mailboxes": list(values.mailboxes),
            "imap": {"server": values.imap_server or LOOPBACK, "port": _port(endpoints["imap"])},
            "exchange": self._exchange(endpoints),
            "operator": {
                "sign_in": "application",
                "application_id": self.setup.operator_registration.app_id,
                **self._operator_credential(folder),
            },
            "graph": values.graph,
            "ca_file": str(ca_file),
            "endpoints": {name: endpoints[name] for name in ("login", "graph", "exchange")},
            "timeouts": {"connect": 5, "operation": values.operation_seconds},
        }

    def _operator_credential(self, folder: Path) -> dict[str, Any]:
        if self.setup.profile.operator_certificate is None:
            return {"secret": {"env": OPERATOR_SECRET}}
        path = folder / "operator.pem"
        files.write_new(path, self.setup.profile.operator_certificate)
        return {"certificate": {"file": str(path)}}

    def _exchange(self, endpoints: dict[str, str]) -> dict[str, Any]:
        if self.transport in {"rest", "local"}:
            return {"transport": self.transport}
        if self.transport == "ssh":
            return {"transport": "ssh", "host": "localhost"}
        return {
            "transport": "winrm",
            "host": LOOPBACK,
            "port": _port(endpoints["winrm"]),
            "auth": "basic",
            "username": WINRM_USER,
            "password": {"env": WINRM_PASSWORD},
            "configuration": "Microsoft.PowerShell",
        }


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])

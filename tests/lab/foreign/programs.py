"""Other people's programs and libraries: where they are, how each is told of a lab, and what came back.

They are looked for on PATH, beside the Python that runs the tests, and in the folder that DIAG_CLIENTS names (a virtual
environment with `node_modules` in it, which `make clients` fills).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from diagnostics.lab.server import Lab
from tests.lab.clients import profile

HOST = "localhost"
SECONDS = 60


def folder() -> Path | None:
    named = os.environ.get("DIAG_CLIENTS")
    return Path(named).resolve() if named else None


def program(name: str, package: str) -> str:
    """Return the path of a program, or skip the test with the reason."""
    own = folder()
    places = [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent), *([f"{own}/bin"] if own else [])]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"{name} is not installed: {package}")
    return found


def node_module(name: str) -> Path:
    """Return the folder of node modules that has `name`, or skip the test with the reason."""
    own = folder()
    program("node", "Debian's nodejs")
    if own is None or not (own / "node_modules" / name).is_dir():
        pytest.skip(f"{name} is not installed: npm install --prefix $DIAG_CLIENTS {name}")
    return own / "node_modules"


def python_with(module: str) -> str:
    """Return the Python of DIAG_CLIENTS if it has `module`, or skip the test with the reason."""
    own = folder()
    reason = f"{module} is not installed: $DIAG_CLIENTS/bin/pip install {module}"
    if own is None or not (own / "bin/python").exists():
        pytest.skip(reason)
    python = str(own / "bin/python")
    if subprocess.run(
        [python, "-c", f"import {module.replace('-', '_')}"], capture_output=True, check=False
    ).returncode:
        pytest.skip(reason)
    return python


def run(
    command: Sequence[str], lab: Lab, *, variables: Mapping[str, str] | None = None, text: str | None = None
) -> tuple[int, str]:
    """Run a program that trusts the lab's authority and nothing else of this machine; return its code and its words."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **trust(lab), **(variables or {})},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def trust(lab: Lab) -> dict[str, str]:
    """Return the variables by which OpenSSL, requests and Node learn of an authority."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return dict.fromkeys(names, str(lab.ca_file))


def imap_port(lab: Lab) -> int:
    return int(profile(lab)["imap"]["port"])


def mailbox(lab: Lab) -> str:
    return str(lab.ready["mailboxes"][0])

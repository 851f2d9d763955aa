"""How fast pasted logs are read: `python benchmarks/transcript.py [MEGABYTES]`.

Four logs: a web and mail server's without a word of interest, a proxy's IMAP trace, a log full of refusals, and one line
of JSON. Times are processor time of this process; the largest resident memory is of the whole run.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator

from diagnostics.sources.transcript import read

MEGABYTE = 1_000_000
ENOUGH = 20  # megabytes a second, on one core


def web_and_mail(number: int) -> str:
    if number % 2:
        return (
            f'10.0.{number % 255}.{number % 200} - - [12/Mar/2024:10:00:{number % 60:02d} +0000] "GET /api/v1/users?id={number}'
            f' HTTP/1.1" 200 {number} "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"\n'
        )
    client = f"unknown[10.1.0.{number % 99}], session=<{number:x}>"
    return f"Mar 12 10:00:{number % 60:02d} mail postfix/smtpd[{number}]: connect from {client}\n"


def imap_trace(number: int) -> str:
    connection = (
        f"2024-04-29 13:00:{number % 60:02d}: IMAP (10.1.2.90:{number % 60000}-{{172.15.0.1:1993}}-outlook.office365.com:993;"
        f" user{number % 500}@contoso.com) "
    )
    return "".join(
        (
            f"{connection}--> b'{number:08d} AUTHENTICATE XOAUTH2 '\n",
            f"{connection}<-- b'{number:08d} OK AUTHENTICATE completed.\\r\\n'\n",
            f"{connection}--> b'{number:08d} SELECT INBOX\\r\\n'\n",
            f"{connection}<-- b'* {number} EXISTS\\r\\n* 0 RECENT\\r\\n{number:08d} OK [READ-WRITE] SELECT completed.\\r\\n'\n",
        )
    )


def refusals(number: int) -> str:
    tenant = f"{number * 7:08x}-0000-4000-8000-{number * 13:012x}"
    answer = (
        '{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.'
        f' Trace ID: {number:08x}-0000-4000-8000-000000000000 Timestamp: 2024-04-29 13:00:00Z","error_codes":[7000215]}}'
    )
    return f"2024-04-29 13:00:{number % 60:02d} ERROR worker-{number % 16} request for tenant_id={tenant} failed: {answer}\n"


def one_line(number: int) -> str:
    return f'{{"id":{number},"client_id":"{number * 77:x}","login":"user{number}@contoso.com","note":"nothing"}},'


def chunks(line: Callable[[int], str], megabytes: int) -> Iterator[bytes]:
    """Yield a log of this length, made while it is read."""
    number = size = 0
    while size < megabytes * MEGABYTE:
        block = "".join(line(n) for n in range(number, number + 500)).encode()
        number += 500
        size += len(block)
        yield block


def main() -> int:
    """Print the rate for each log; the exit code is 1 when one is slower than it has to be."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    slow = False
    for line in (web_and_mail, imap_trace, refusals, one_line):
        log = list(chunks(line, megabytes))
        size = sum(map(len, log)) / MEGABYTE
        begin = time.process_time()
        evidence = read(log, name="benchmark.log")
        rate = size / (time.process_time() - begin)
        slow = slow or rate < ENOUGH
        found = f"{len(evidence.entra_errors)} errors, {len(evidence.imap_sessions)} sessions"
        print(f"{line.__name__:14} {size:6.0f} MB {rate:6.1f} MB/s   {found}")
        del log
    print(
        f"largest resident memory, the log included: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB"
    )
    return int(slow)


if __name__ == "__main__":
    raise SystemExit(main())

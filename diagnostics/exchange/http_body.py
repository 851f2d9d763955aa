"""Reads the body of an HTTP answer within a deadline, also one that comes drop by drop.

requests' read time-out is for each packet, so that a peer which sends a byte now and then is waited for without end.
"""

from __future__ import annotations

import requests
import urllib3.exceptions

from diagnostics.exchange.waiting import Deadline

_CHUNK = 65536
_GRACE = 2.0
"""Seconds for an answer that a server gives just when the time is up."""
_LARGEST = 256 * 1024 * 1024


def read_whole(response: requests.Response, deadline: Deadline) -> bytes:
    """Return the body of a streamed response, decoded. Raises requests' ReadTimeout, ConnectionError."""
    data = bytearray()
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            data += chunk
            if deadline.overdue(_GRACE):
                response.close()
                raise requests.exceptions.ReadTimeout("the answer did not end in time")
            if len(data) > _LARGEST:
                response.close()
                raise requests.exceptions.ConnectionError("the answer has no end")
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.exceptions.ReadTimeout(error) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.exceptions.ConnectionError(error) from error
    return bytes(data)

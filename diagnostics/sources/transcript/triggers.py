"""Which bytes make a line of a long log worth reading, and how much around it is read.

A text up to `WHOLE` bytes is read as a whole. In a longer one only the surroundings of these words are, once for each
shape of line: the trigger and the bytes after it, without digits. Words are in lower case; they are looked for in a
lower-cased copy. The second column says how many bytes after the word tell one occurrence from another; the third how
many different shapes are read at most, so that a word which stands in every line cannot make the reader slow.
"""

from __future__ import annotations

from typing import Final

WHOLE: Final = 256 * 1024
LINES_BEFORE: Final = 25
LINES_AFTER: Final = 40
BYTES_BEFORE: Final = 8 * 1024
BYTES_AFTER: Final = 24 * 1024
REPEATS: Final = 2  # how often the same shape is read

FREQUENT: Final = (
    4000  # a weak word that stands in more lines than that is a word of this log's every line: no longer looked for
)
STRONG: Final = 2000
SINGLE: Final = 200  # of each AADSTS number
WEAK: Final = 60

FAILURES: Final[tuple[bytes, ...]] = tuple(
    word.encode()
    for word in (
        *(
            "fail",
            "error",
            "exception",
            "timed out",
            "timeout",
            "refused",
            "denied",
            "reject",
            "crash",
            "abort",
            "fatal",
        ),
        *(
            "unable to",
            "n't ",
            "connection reset",
            "connection lost",
            "unreachable",
            "unavailable",
            "traceback",
            "invalid",
            "incorrect",
            "giving up",
        ),
        *("fehler", "fehlgeschlagen", "nicht möglich", "falló", "no se pudo", "rechazad", "échec", "échoué", "falh"),
        *("impossib", "mislukt", "ошибк", "не удалось", "失敗", "エラー", "错误", "失败"),
    )
)
"""Words of lines that may say that something failed. In a long text the last of them is kept, and nothing around it."""
LAST: Final = 8
"""How many lines of each word are looked at from behind, since some only seem to say so ("0 failed")."""

TRIGGERS: Final[tuple[tuple[bytes, int, int], ...]] = (
    # Entra
    (b"aadsts", 60, SINGLE),
    (b"error_codes", 24, STRONG),
    (b"error?code=", 10, STRONG),
    (b"error code", 12, WEAK),
    (b"resulttype", 12, WEAK),
    (b"de error", 12, WEAK),
    (b"fehlercode", 12, WEAK),
    (b"d'erreur", 12, WEAK),
    (b"microsoftonline", 60, WEAK),
    (b"client_", 12, WEAK),
    (b"scope value with", 0, WEAK),
    (b"parameter 'scope'", 0, WEAK),
    (b"resource principal", 24, WEAK),
    (b"clientsecret", 0, WEAK),
    (b"tenant", 16, WEAK),
    # tokens and XOAUTH2 strings
    (b"eyj", 400, WEAK),
    (b"dxnlcj", 30, WEAK),
    (b'"aud"', 40, WEAK),
    (b"xoauth2", 12, WEAK),
    (b"auth=bearer", 4, WEAK),
    (b"accessas", 6, WEAK),
    (b"access_as_app", 0, WEAK),
    (b"token_endpoint", 0, WEAK),
    (b"#ext#", 0, WEAK),
    # IMAP, POP, SMTP
    (b"authenticate", 24, STRONG),
    (b"login failed", 8, WEAK),
    (b"is throttled", 4, WEAK),
    (b"service is ready", 0, WEAK),
    (b"logondenied", 30, STRONG),
    (b"noadrecipient", 0, WEAK),
    (b"command error. ", 2, WEAK),
    (b" 5.7.", 40, WEAK),
    (b" 5.5.124", 0, WEAK),
    (b"storedrv", 0, WEAK),
    (b"-err ", 24, WEAK),
    (b"retrieval using the imap4", 0, WEAK),
    (b"name is reserved", 0, WEAK),
    (b"could not select", 8, WEAK),
    # networks
    (b"outlook.office365", 24, WEAK),
    (b":993", 24, WEAK),
    (b"encrypted connection to", 0, WEAK),
    (b"http/1.1 4", 12, WEAK),
    (b"certificate verify failed", 0, WEAK),
    (b"wrong_version_number", 0, WEAK),
    (b"something went wrong", 0, WEAK),
    (b"verify ssl peers", 0, WEAK),
    # Exchange and Graph
    (b"appid", 16, WEAK),
    (b"couldn't ", 12, WEAK),
    (b"accesscheckresult", 12, WEAK),
    (b"allowbasicauth", 12, WEAK),
    (b"application mail", 12, WEAK),
    (b"serviceprincipal", 20, WEAK),
    (b"mailboxpermission", 20, WEAK),
    (b"accessrights", 0, WEAK),
    (b"imapenabled", 12, WEAK),
    (b"mailboxnotenabled", 0, WEAK),
    (b"requiredresourceaccess", 0, WEAK),
    (b"recipienttypedetails", 20, WEAK),
)

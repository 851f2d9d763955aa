"""What people write behind a server's sentence is not quoted as the server's words."""

from __future__ import annotations

import pytest

from diagnostics.sources.transcript import read

ANSWERS = {
    'Our connector logs "NO AUTHENTICATE failed." although the token is valid.': "AUTHENTICATE failed.",
    "We get NO AUTHENTICATE failed although the token is valid and all was set up": "AUTHENTICATE failed",
    "A1 NO AUTHENTICATE failed. Any ideas what we can do here?": "AUTHENTICATE failed.",
    "I see A3 BAD User is authenticated but not connected. and then it stops": "User is authenticated but not connected.",
    "Error: b'AUTHENTICATE failed.' (we use version 3)": "AUTHENTICATE failed.",
    "S: A1 NO AUTHENTICATE failed. [am0pr01ca0001.eurprd01.prod.outlook.com]": "AUTHENTICATE failed. [am0pr01ca0001.eurprd01.prod.outlook.com]",
}
DESCRIPTIONS = {
    "We see AADSTS7000215: Invalid client secret provided. in the log, what now?": "AADSTS7000215: Invalid client secret provided.",
    "AADSTS7000222: The provided client secret keys for app 'x' are expired. I renewed it yesterday": (
        "AADSTS7000222: The provided client secret keys for app 'x' are expired."
    ),
    "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'. This can happen if the application"
    " has not been installed by the administrator of the tenant. We are sure that it is installed.": (
        "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'. This can happen if the"
        " application has not been installed by the administrator of the tenant."
    ),
}


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_ends_where_the_servers_words_end(text: str) -> None:
    evidence = read([text.encode()], name="t")
    assert [step.text for session in evidence.imap_sessions for step in session.steps] == [ANSWERS[text]]


@pytest.mark.parametrize("text", DESCRIPTIONS)
def test_a_refusal_ends_where_entras_words_end(text: str) -> None:
    assert [error.description for error in read([text.encode()], name="t").entra_errors] == [DESCRIPTIONS[text]]

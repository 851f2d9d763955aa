r"""What people found out themselves and write beside the error, in several languages.

The same kind of table as `signatures`, applied in the same way. These are words of people: they suggest, and prove nothing.
Each row has sentences that are read and some that nearly say it in tests/field.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

from diagnostics.sources.transcript.signatures import Signature

_S = Signature
_ANOTHER = r"(?:an?other|(?:an?|the|some) (?:other|different|wrong)|different|wrong)"
_ACCOUNT = r"(?:account|user|person|mailbox|login)"
_OTRA = r"(?:(?:la|una|el|un|de|del|a|al) ){0,2}(?:otr[ao]|distint[ao]|diferente|equivocad[ao]) (?:cuenta|usuari[oa]|buz[oó]n|persona)|(?:cuenta|usuari[oa]) (?:distint[ao]|diferente|equivocad[ao])"
_ANDERES = r"(?:(?:ein|eine|einem|einen|eines|einer|das|dem|den|der|des|die) )?(?:ander|falsch)\w{1,3} (?:Konto|Kontos|Benutzers?|Postfach\w{0,2}|Accounts?|Person)"
_AUTRE = r"(?:(?:un|le) autre|le mauvais) (?:compte|utilisateur)|autre (?:compte|utilisateur)"
_ALTRO = r"(?:un )?(?:altr|sbagliat)[oa] (?:account|utente|casella)|(?:uma? )?outr[ao] (?:conta|usu[aá]rio|caixa)|account sbagliato|conta errada"
_OF_TOKEN = r"\b(?:token|jeton)s?\b(?![^\n.]{0,60}\b(?:not|nicht|never)\b)[^\n.]{0,60}?\b"  # noqa: S105 - a pattern
_SIGNED = r"\b(?:(?:signed|logged|authenticated|consented|authori[sz]ed)(?: in| on)?|signing in|logging in)\b[^\n.]{0,20}?\b(?:as|with|using|by|through|under) "
_365 = r"(?:(?:Microsoft|Office|MS) ?365|[MO]365)(?! (?:licen|subscription|plan|permission|app|service|admin|lizenz|abonn|suscrip|group|grup|list))"
_PERSONAL = r"(?<![\w.@-])@?(?:outlook\.com|hotmail\.(?:com|es|de|fr|it|co\.uk)|live\.(?:com|de|fr|it|nl)|msn\.com)"
_ADDRESS = r"(?:e-?mail )?(?:address|account|mailbox|inbox|direcci[oó]n|cuenta|buz[oó]n|adresse|konto|postfach|compte|bo[iî]te|indirizzo|casella|conta|caixa)"

EXPLANATIONS: tuple[Signature, ...] = (
    _S("said-token-of-another-account", rf"{_OF_TOKEN}(?:of|for|from|by|to|belong\w{{0,3}} to) {_ANOTHER} {_ACCOUNT}\b|{_SIGNED}{_ANOTHER} {_ACCOUNT}\b|{_OF_TOKEN}(?:{_OTRA})\b|\b(?:inici\w+ (?:la )?sesi[oó]n|autentic\w+|entr[eéóoa]\w{{0,4}}|acced\w+)\b[^\n.]{{0,40}}?\b(?:con|como) (?:{_OTRA})\b|{_OF_TOKEN}(?:f[uü]e?r|von|zu|auf|of) {_ANDERES}\b|{_OF_TOKEN}{_ANDERES}\b|\bmit {_ANDERES}\b[^\n.]{{0,30}}\bangemeldet\b|{_OF_TOKEN}(?:d'|pour |de )(?:{_AUTRE})\b|\bconnect\w{{1,3}} avec (?:{_AUTRE})\b|{_OF_TOKEN}(?:di|del|per|de|para|da) (?:{_ALTRO})\b", "odoo issue 44943; operators' reports", ("token", "jeton", "sign", "logg", "authenticated", "sesi", "angemeldet", "connect", "consented", "authori", "autentic", "entr", "acced"), of_others=True),
    _S("said-not-microsoft-365", rf"\b(?:is|are|was|were)(?: not|n't) (?:\w+ ){{0,3}}?{_365}\b|\b(?:not?|isn't) (?:an? |in |on |at |with |a domain of ){{0,2}}{_365}(?: domain| tenant| mailbox| account)?\b|\bno (?:es|est[aá]|usa|tiene|pertenece)\b[^\n.]{{0,30}}\b{_365}\b|\b(?:sin|sans|senza|sem|ohne|kein(?:e|en|er)?|nicht (?:bei|in|von|auf)) {_365}\b|\bn'est pas\b[^\n.]{{0,20}}\b{_365}\b|\bnon (?:è|e)\b[^\n.]{{0,20}}\b{_365}\b|\bn[aã]o [eé]\b[^\n.]{{0,20}}\b{_365}\b", "a public configuration repository; operators' reports", ("365",)),
    _S("user-type-personal", r"\bUserType ?[:=] ?<?Outlook", "imapsync issue 310; trr0019", ("usertype",)),
    _S("said-outlook-com-address", rf"\b{_ADDRESS}\b(?: \w+){{0,3}}? {_PERSONAL}(?![\w-]|\.\w)|{_PERSONAL}[ -]{_ADDRESS}\b", "oauth2ms issue 28; imapsync issue 476", ("outlook.com", "hotmail.", "live.", "msn.com"), unless=r"\b(?:send|sent|writ\w+|post(?:ing|ed)?|ask\w*|contract|reply)\b"),
)  # fmt: skip

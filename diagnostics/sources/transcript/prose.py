"""What a sentence that quotes a server tells: that it happens, that it happened once, or what may happen in general.

A README that lists error codes, a knowledge-base article, a changelog and a solved incident quote the same sentences as
a log. The tables here tell them apart, in the languages in which people write tickets; `events` decides with them.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_SERVERS = (
    r"(?:servers?|servidor|serveur|Server|exchange(?:\ online)?|microsoft|entra(?:\ id)?|office\ ?365|azure(?:\ ad)?)"
)
_GENERAL = re.compile(
    rf"""
      \b(?:if|when|whenever|should|in\ case|once)\ (?:you|your|users?|they|an?\ (?:user|admin\w*|client|application))\b[^.]{{0,40}}
        \b(?:see|sees|get|gets|receive|receives|encounter|encounters|got|run\ into|face|notice)\b
     |\byou(?:'ll|\ may|\ might|\ can|\ could|\ will|\ would|\ should|\ probably)?(?:\ also|\ then|\ probably)?\ (?:see|get|receive|encounter|find)\b
     |\b(?:clients?|users?|applications?)\ (?:will\ |would\ |may\ |then\ )?(?:get|see|receive)\b
     |\b(?:this|the|these|that|such|an?|each|every)\ (?:\w+\ ){{0,2}}(?:error|message|code|response|status|answer|reply|failure)s?
        \ (?:\S+\ ){{0,2}}?(?:means?|indicates?|happens?\ (?:when|if)|occurs?\ (?:when|if)|appears?\ (?:when|if)|is\ (?:returned|raised|thrown|caused|shown|sent|reported|written)|can\ be|may\ be|usually|typically)\b
     |(?:^|[.:]\s+)(?:If|When)\ (?:the|your|an?|it|this|there|that|IMAP|Exchange|Entra)\b
     |\b(?:means|indicates)\ that\b|[\"'”’`)]\ (?:means?|indicates?|stands\ for)\b|\d\ means\b|\bis\ due\ to\ (?:a|an|the)\ (?!request\ using)|^\s*(?:Q|R\d*|A)\.\s
     |\b(?:is|are|was)\ (?:returned|raised|thrown|sent)\ (?:when|if|by|for)\b|\b(?:raised|thrown|returned)\ (?:when|if|on)\b
     |\bresults?\ in\ (?:an?\ |the\ )?[`'"]?(?:AADSTS|error|NO\b|BAD\b|\d{{3}}\ )
     |\b(?:for\ (?:example|instance)|e\.\ ?g\.|such\ as)|\b(?:messages?|errors?|codes?|answers?)\ like\b|\bin\ (?:that|this|such\ a)\ case\b
     |\b(?:error\ (?:code\ )?reference|error\ codes?\ (?:table|list))\b
     |\b(?:unlike|instead\ of|rather\ than)\ [`'"]?(?:AADSTS|NO\b|BAD\b)
     |\b(?:fix|fixes|fixed|fixing|resolves?|solves?|handles?|handling|mitigates?|avoids?|prevents?|detects?|catch(?:es)?|retry\ on|do\ not|tell)\b[^.:]{{0,50}}(?:AADSTS|['"`“]|NO\ AUTH|BAD\ User|errors?\b)
     |\b{_SERVERS}\ (?:will\ |would\ |may\ |then\ |simply\ |usually\ |often\ |just\ )?(?:answers?|repl(?:y|ies)|returns?|responds?|rejects?|refuses?)\b
     |^\s*[-*+•]\s+(?:Support|Handl|Retry|Retries|Improv|Fix|Add|Remov|Chang|Mak|Us|Allow|Detect|Show|Report|Recogni[sz]|Drop|Crash|Do\ not)\w{{0,3}}\b
     |\b{_SERVERS}\ (?:responde|contesta|devuelve|rechaza|antwortet|meldet|répond|renvoie|rifiuta)\b
     |\b(?:usually|typically|normally|normalmente|normalerweise|meistens|généralement|di\ solito)\b|\bthis\ (?:pull\ request|PR|change|commit|patch|release|version)\b|\bcloses\ \#\d
     |\b(?:ohne|without|sin|sans|senza|sem)\ (?:dies\w+|this|that|these|est[eao]s?|cett?e?|quest[oa]|ess[ea])\b
     |\b(?:expected\ (?:result|behaviou?r|outcome|answer)|test\ case|resultado\ esperado|erwartetes\ ergebnis)\b
     |\b(?:else|otherwise|sonst|de\ lo\ contrario|sinon|altrimenti)\b[^.]{{0,20}}\b(?:get|gets|comes|see|kommt|sale|aparece)\b
     |\bwhat\ (?:does|do|is)\b[^?]*\?|\bwhy\ (?:do|does|would)\ (?:I|we|you|one)\b[^?]*\?|\bunder\ (?:which|what)\ circumstances\b
     |\b(?:qué|que)\ (?:significa|quiere\ decir|vuol\ dire)\b|\bwas\ (?:bedeutet|heißt)\b|\bbedeutet\b|\bsignifica\ que\b|\bche\ cosa\ (?:significa|vuol\ dire)\b|\bque\ (?:signifie|veut\ dire)\b|\bo\ que\ significa\b
     |\b(?:wenn|falls|sobald)\ (?:Sie|man|der|die|das|ein\w*)\b|\b(?:si|cuando)\ (?:recibe|aparece|ve|usted|el|la|los|se)\b|\b(?:si|lorsque|quand)\ (?:vous|le|la|les|un|une)\b|\bse\ (?:viene|si|il|la)\b
     |\b(?:documentation|docs|manual|article|guide|documentación|Dokumentation|Handbuch|Doku)\b[^.:]{{0,30}}\b(?:says?|states?|lists?|mentions?|explains?|dice|sagt|steht|quotes?)\b|\b(?:according\ to|says)\ the\ (?:documentation|docs|manual|vendor|guide)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SUPPOSES = re.compile(  # what a server would answer under a condition
    rf"""^(?=.*\b(?:if|should|unless|without|when|whenever|for\ (?:every|each|any)|wenn|falls|si|cuando|lorsque|sans|ohne|sin)\b)
       .*\b(?:{_SERVERS}|it)\ (?:will\ |would\ |may\ |then\ |simply\ |usually\ |always\ |often\ )?(?:answers?|repl(?:y|ies)|returns?|responds?|responde|devuelve|antwortet|meldet|répond|renvoie)(?:\ with)?\b[^.]*:\s*$
     |^(?=.*\b(?:wenn|falls|si|cuando)\b).*\b(?:antwortet|meldet|responde|devuelve)\b[^.]*\b{_SERVERS}\b[^.]*:\s*$
     |\byou(?:'ll|\ may|\ might|\ could|\ would)(?:\ also|\ then)?\ (?:see|get|receive|encounter|find)\b[^.]*:\s*$
     |\b(?:sample|example|typical)\ (?:answers?|responses?|repl(?:y|ies)|outputs?|errors?|conversations?)\b[^.]*:\s*$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PRESENT = re.compile(
    r"""\b(?:I|we|I'm|we're|I've|we've|they|he|she|(?:the|our|my)\ (?:customer|client|user)s?)\b(?:\ (?!had\b)\w+){0,4}?\ (?:get|gets|getting|see|sees|seeing|receive|receives|receiving|have|has|face|facing|keep|keeps)\b
     |\b(?:now|today|currently|still|this\ morning|since|tonight|yesterday|right\ now|every\ time)\b
     |\b(?:jetzt|heute|aktuell|immer\ noch|seit|nun|gestern)\b|\b(?:ahora|hoy|todavía|sigue|desde|ayer|actualmente)\b|\b(?:maintenant|aujourd'hui|encore|depuis|toujours)\b
     |\b(?:adesso|oggi|ancora|da\ ieri)\b|\b(?:agora|hoje|ainda)\b|\b(?:nu|vandaag|nog\ steeds|sinds)\b
     |\b(?:me|nos)\ (?:sale|da|aparece|devuelve|muestra)|\b(?:obtengo|obtenemos|recibo|recibimos|tengo|tenemos)\b
     |\b(?:ich|wir)\b(?:\ \w+){0,3}\ (?:bekomme|bekommen|erhalte|erhalten|sehe|sehen|habe|haben)\b|\b(?:bekomme|bekommen|erhalte|erhalten|sehe|sehen|haben?)\ (?:ich|wir)\b|\bbei\ (?:uns|mir)\b
     |\b(?:j'ai|nous\ avons|je\ reçois|nous\ recevons|j'obtiens)\b|\b(?:ricevo|riceviamo|abbiamo|ottengo)\b|\b(?:recebo|recebemos|temos|tenho)\b|\b(?:krijg|krijgen|wij\ zien|ik\ zie)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:I|we|I'm|we're|I've|we've)\b(?:\ \w+){0,4}?\ (?:get|gets|getting|got|see|seeing|saw|receive|received|receiving|have|had|face|facing|run|use|start)\b"
    r"|\b(?:my|our|ours|us|me|unser\w{0,2}|mein\w{0,2}|uns|mir|nuestr[oa]s?|mi|notre|mon|nostr[oa]|noss[oa]|onze)\b"
    r"|\bunable\ to\ (?:log|sign|connect|authenticate)",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:I|we|I'm|we're|I've|we've)\b(?:\ \w+){0,4}?\ (?:get|gets|getting|got|see|seeing|saw|receive|received|receiving|have|had|face|facing|run|use|start)\b"
    r"|\b(?:my|our|unser\w{0,2}|mein\w{0,2}|nuestr[oa]s?|mi|notre|mon|nostr[oa]|noss[oa]|onze)\b|\bunable\ to\ (?:log|sign|connect|authenticate)",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"""\b(?:fails?|failed|failing|failure|stops?|stopped|throws?|threw|shows?|logs?|logged|says?|said|reports?|gives?|gave|ends?|ended|crash\w*|appears?|occurs?|comes|came|refused|rejected|aborted
      |could\ not|couldn't|cannot|can(?:'|no)t|unable|error\ while|problem|issue|broken|see\ below|trouble
      |falla|fallan|fallo|sale|da|muestra|aparece|devuelve|dice|detiene|termina|no\ (?:se\ )?pud[oe]|no\ puede|problema
      |schlägt|scheitert|bricht|meldet|zeigt|erscheint|kommt|steht|endet|liefert|konnte|kann\ nicht|fehler|fehlermeldung|abbruch
      |échoue|affiche|apparaît|renvoie|impossible|fallisce|mostra|compare|impossibile|falha|retorna|faalt|mislukt|toont|verschijnt|meldt|fout)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = r"(?:\d+|one|two|three|a\ few|several|un|una|dos|tres|ein|einem|einer|zwei|drei|deux|trois|due|tre)"
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_PAST = re.compile(
    rf"""\b(?:last\ (?:year|month|spring|summer|autumn|winter|{_MONTH})|(?:years?|months?)\ ago|back\ in\ \d{{4}}|in\ the\ past|used\ to|once\ (?:saw|had|got)|previously|formerly|in\ those\ days|at\ (?:his|her|their|my)\ former
       |until\ (?:\w+day|now|last|version|then)|had\ been\ (?:fixed|solved)|in\ version\ [\d.]+)\b
     |\b(?:d?el\ (?:año|mes)\ pasado|hace\ {_NUMBER}\ (?:años?|mes(?:es)?)|antes\ de\ la\ versión)\b
     |\b(?:im\ (?:letzten|vorigen)\ (?:Jahr|Monat)|letztes\ Jahr|voriges\ Jahr|vor\ {_NUMBER}\ (?:Jahr|Monat)\w*|damals|früher)\b
     |\b(?:l'an(?:née)?\ (?:dernière|passée|dernier)|il\ y\ a\ {_NUMBER}\ (?:ans?|mois)|l'anno\ scorso|no\ ano\ passado|vorig\ jaar)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_OTHERS = re.compile(
    r"""\b(?:another|a\ different|other|some\ other)\ (?:customers?|compan(?:y|ies)|clients?\ of|tenants?\ of|teams?|departments?|people|users?)\b|\b(?:a|one)\ (?:colleague|friend)(?:\ of\ mine)?\ (?:told|once|said|saw|mentioned|had|got|at)\b|\bsomeone\ else\b|\bhis\ former\b
     |\botr[oa]\ (?:cliente|empresa|compañero)\b|\bun\ (?:compañero|colega|amigo)\ (?:me|nos|tuvo|vio|dice|dijo)\b|\b(?:ein|einem|einen)\ (?:anderer?n?|anderen)\ (?:Kunden?|Firma)\b|\bein\ (?:Kollege|Bekannter)\ (?:hatte|sah|sagte|erzählte|meinte)\b
     |\bun\ (?:autre\ client|altro\ cliente|outro\ cliente)\b|\been\ andere\ klant\b""",
    re.VERBOSE | re.IGNORECASE,
)
_TOO = re.compile(r"\b(?:too|also|as\ well|auch|también|aussi|anche|também|ook)\b", re.VERBOSE | re.IGNORECASE)
_SETTLED = re.compile(
    r"""(?<!not\ )(?<!never\ )(?<!be\ )(?<!get\ )(?<!un)\b(?:was|were|got|has\ been|have\ been|had\ been|is|are|been)\ (?:then\ |since\ |meanwhile\ |now\ |finally\ )?(?:fixed|solved|resolved|corrected|closed|repaired|sorted\ out)\b
     |\b(?:fixed|solved|resolved|repaired)\ (?:by|with|in|on|after|through)\b|\bworks\ (?:again|now|fine\ now)\b|\bit\ works\ now\b|\b(?:problem|issue)\ solved\b
     |\bno\ longer\ (?:occurs|happens|appears)\b|\b(?:has|have)\ been\ (?:running|flowing|working|fine)\b|\bit\ works\ without\b|\bworks\ without\ errors\b
     |\bse\ (?:resolvió|solucionó|arregló|corrigió)\b|\b(?<!no\ )(?:resuelt[oa]|solucionad[oa])\b|\bya\ (?:funciona|está\ resuelto)\b
     |\b(?<!nicht\ )(?:gelöst|behoben)\ (?:durch|mit|am|indem)\b|\b(?:ist|wurde|war)\ (?:inzwischen\ |damit\ )?(?:gelöst|behoben|erledigt)\b|\bläuft\ (?:jetzt\ |nun\ )?(?:wieder|alles)\b
     |\bcorrigé\ (?:par|en)\b|\brésolu\b|\brisolto\b|\bresolvido\b|\bopgelost\b
     |\b(?:since\ then|ever\ since|seitdem|seither|desde\ entonces|depuis\ lors|da\ allora|desde\ então|sindsdien)\b[^.]{0,40}\b(?:works?|runs?|running|flowing|fine|well|no\ (?:more|longer|errors?)|never|läuft|funktioniert|keine?|nicht\ mehr|funciona|no\ ha\ vuelto|fonctionne|funziona|werkt)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_CLOSED = re.compile(
    r"\bstatus:\s*(?:closed|solved|resolved)|\((?:solved|resolved|closed)\)|\bclosed\ as\b|\bcaso\ cerrado\b|\b(?:incidencia|caso|ticket|incident)\ (?:cerrad[oa]|resuelt[oa]|closed|geschlossen|clos)\b|\bpost-?mortem\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"""^\W*(?:can|could|may|shall|should)\ (?:I|we|one)\b|\bbefore\ (?:I|we)\ (?:do|try|move|start)\b|\bnext\ (?:week|month|year)\b|\bwe\ plan\b|\bplanned\ for\b|\b(?:never|do\ not|don't)\ (?:create|use|register|take|copy)\b
     |\b(?:puedo|podemos|podría)\b[^.]*\?|\b(?:la\ semana\ que\ viene|el\ mes\ que\ viene|próxim[oa]\ (?:semana|mes))\b|^\W*(?:kann\ ich|können\ wir|darf\ ich)\b|\bnächste[nr]?\ (?:Woche|Monat)\b|^\W*(?:puis-je|pouvons-nous|posso|possiamo|podemos)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_CHRONICLE = re.compile(
    r"""^\s*(?:\#{1,4}\s*)?(?:\**(?:change\s?log|release\ notes?|what's\ new|version\ history|notas\ de\ la\ versión|novedades|registro\ de\ cambios|versionshinweise|änderungsprotokoll|änderungen|notes\ de\ version|note\ di\ rilascio|notas\ de\ versão)\b.{0,40}$
     |\#{1,4}\s*\[?v?\d+\.\d+(?:\.\d+)?\]?.{0,30}$|commit\ [0-9a-f]{7,40}\b|[a-z][a-z0-9.+-]+\ \(\d[\w.:~+-]*\)\ \w+;\ urgency=)""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_HEADINGS = {
    "symptom": r"symptoms?|what you see|qué se ve|síntomas?|symptome?|symptômes?|sintom[io]|sintomas?|symptomen|symptoom",
    "cause": r"(?:root )?causes?|what it means|qué significa|causas?|ursachen?|cause|oorzaak|motivo",
    "cure": r"resolutions?|workarounds?|solutions?|fix|how to (?:fix|mend|prove|avoid|solve|resolve|prevent)|more information|solución|soluciones|lösung|abhilfe|soluzion[ei]|soluç(?:ão|ões)|oplossing"
    r"|cómo (?:comprobarlo|corregirlo|evitarlo)|sources?|fuentes",
}
_ARTICLE = tuple(
    re.compile(rf"^\s{{0,3}}(?:#{{1,6}}\s+)?(?:\d+[.)]\s*)?\**(?:{words})\**(?:\s?:.*|[^\n:]{{0,20}})$", re.IGNORECASE)
    for words in _HEADINGS.values()
)
_MARKDOWN = re.compile(
    rf"^\s{{0,3}}#{{1,6}}\s+(?:\d+[.)]\s*)?(?P<kind>{'|'.join(_HEADINGS.values())})\b[^\n]{{0,20}}$", re.IGNORECASE
)
_QUESTIONS = re.compile(r"^\s*(?:Q|A|F|P|R|Question|Answer|Frage|Antwort|Pregunta|Respuesta|Domanda|Risposta)\s?[:.]\s")
_ARTICLE_HEADINGS = 3
_REMEMBERED = 256  # lines: many matches may stand on one, and each asks the same of it
_HEADING = re.compile(r"^\s*#{1,6}\s+\S")
_UNDERLINE = re.compile(r"^\s*([=\-~^\"'*+#.])\1{3,}\s*$")
_TABLE_ROW = re.compile(r"^\s*\|(?:[^|\n]*+\|){2,}+\s*$")


@lru_cache(_REMEMBERED)
def is_general(sentence: str) -> bool:
    """Say whether a sentence explains, documents or asks what may happen, and is not about the writer's own run."""
    return _GENERAL.search(sentence) is not None and _OWN.search(sentence) is None


@lru_cache(_REMEMBERED)
def is_first_person(sentence: str) -> bool:
    """Say whether a sentence speaks of the writer's own: "our log", "I get"."""
    return _FIRST_PERSON.search(sentence) is not None


@lru_cache(_REMEMBERED)
def is_present(sentence: str) -> bool:
    """Say whether a sentence tells of what happens now."""
    return _PRESENT.search(sentence) is not None and not is_settled(sentence)


def is_report(sentence: str) -> bool:
    """Say whether a sentence tells that something failed or was shown."""
    return _REPORTS.search(sentence) is not None


def is_of_others(sentence: str) -> bool:
    """Say whether a sentence tells of the past or of somebody else."""
    if _PAST.search(sentence):
        return True
    return _OTHERS.search(sentence) is not None and _TOO.search(sentence) is None


def is_settled(text: str) -> bool:
    """Say whether a text tells that what it speaks of was solved."""
    return _SETTLED.search(text) is not None or is_closed(text)


def is_closed(text: str) -> bool:
    """Say whether a text is a ticket that was closed."""
    return _CLOSED.search(text) is not None


def is_planned(sentence: str) -> bool:
    """Say whether a sentence asks for leave, plans or warns: nothing of it has happened."""
    return _PLANNED.search(sentence) is not None


def supposes(sentence: str) -> bool:
    """Say whether a sentence introduces what a server would answer under a condition, which nobody says was met."""
    return _OWN.search(sentence) is None and _SUPPOSES.search(sentence) is not None


def is_article(lines: Sequence[str]) -> bool:
    """Say whether a text is an article about a fault: Markdown with headings for its symptom, its cause and its cure."""
    headings = (_MARKDOWN.match(line) for line in lines)
    return len({heading["kind"].lower() for heading in headings if heading}) >= _ARTICLE_HEADINGS


def is_document(lines: Sequence[str]) -> bool:
    """Say whether a text is release notes, a list of questions and answers, or an article on symptom, cause and cure."""
    if any(_CHRONICLE.match(line) for line in lines):
        return True
    few = 2
    if sum(bool(_QUESTIONS.match(line)) for line in lines) >= few:
        return True
    return all(any(heading.match(line) for line in lines) for heading in _ARTICLE)


@lru_cache(_REMEMBERED)
def _is_row(line: str) -> bool:
    return _TABLE_ROW.match(line) is not None


def is_listed(lines: Sequence[str], index: int) -> bool:
    """Say whether a line is a heading, or a row of a table with bars, as documents have and logs don't."""
    if _HEADING.match(lines[index]) or _is_row(lines[index]):
        return True
    after = lines[index + 1] if index + 1 < len(lines) else ""
    return bool(_UNDERLINE.match(after)) and len(after.strip()) >= len(lines[index].strip()) - 3

"""The fixed words of the table, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostics.comparison import Relation
from diagnostics.findings import Confidence, Outcome
from diagnostics.report.translation import translate
from diagnostics.verdict import Kind, Request, Verdict

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "checks": "Checks",
        "link": "Link",
        "result": "Result",
        "found": "What was found",
        "first_cause": "First cause",
        "others": "Also possible",
        "more": "Further causes",
        "because": "Because",
        "fix": "To fix it",
        "consequences": "Follows from it",
        "ask_for": "Ask the customer for what this text does not show ({stages})",
        "script": "What Exchange holds, all at once: {command} writes a PowerShell script for the customer, who needs no Python.",
        "live": "With rights in the tenant, {command} looks at the whole chain. Or one by one:",
        "not_ready_application": "Not ready, application",
        "not_ready_operator": "Not ready, operator",
        "left_out": "Left out",
        "note": "Note",
        "fault": "A part of diag failed, please report it",
        "explain": "More: {command}",
        "reason": "reason",
        "profile": "Profile",
        "tenant": "Tenant",
        "application": "Application",
        "mailboxes": "Mailboxes",
        "others_too": "and {count} more",
        "is_not": "is not",
    },
    "es": {
        "checks": "Comprobaciones",
        "link": "Eslabón",
        "result": "Resultado",
        "found": "Lo que se encontró",
        "first_cause": "Primera causa",
        "others": "También es posible",
        "more": "Otras causas",
        "because": "Porque",
        "fix": "Para corregirlo",
        "consequences": "Consecuencias",
        "ask_for": "Pida al cliente lo que este texto no muestra ({stages})",
        "script": "Lo que contiene Exchange, de una vez: {command} escribe un script de PowerShell para el cliente, que no "
        "necesita Python.",
        "live": "Con permisos en el inquilino, {command} mira toda la cadena. O por partes:",
        "not_ready_application": "Falta algo, aplicación",
        "not_ready_operator": "Falta algo, operador",
        "left_out": "No se ha mirado",
        "note": "Nota",
        "fault": "Ha fallado una parte de diag; por favor, comuníquelo",
        "explain": "Más: {command}",
        "reason": "motivo",
        "profile": "Perfil",
        "tenant": "Inquilino",
        "application": "Aplicación",
        "mailboxes": "Buzones",
        "others_too": "y {count} más",
        "is_not": "no es",
    },
}

OUTCOMES: Mapping[str, Mapping[Outcome, str]] = {
    "en": {Outcome.PASS: "pass", Outcome.FAIL: "FAIL", Outcome.UNKNOWN: "unknown", Outcome.SKIPPED: "skipped"},
    "es": {Outcome.PASS: "bien", Outcome.FAIL: "FALLO", Outcome.UNKNOWN: "no se sabe", Outcome.SKIPPED: "omitido"},
}

CONFIDENCES: Mapping[str, Mapping[Confidence, str]] = {
    "en": {Confidence.CERTAIN: "certain", Confidence.LIKELY: "likely", Confidence.POSSIBLE: "possible"},
    "es": {Confidence.CERTAIN: "seguro", Confidence.LIKELY: "probable", Confidence.POSSIBLE: "posible"},
}

RELATIONS: Mapping[str, Mapping[Relation, str]] = {
    "en": {
        Relation.EQUAL: "=",
        Relation.DIFFERENT: "≠",
        Relation.OPEN: "?",
        Relation.BEFORE: "before",
        Relation.AFTER: "after",
        Relation.CONTAINS: "contains",
        Relation.LACKS: "does not contain",
        Relation.ONE_OF: "one of",
        Relation.NONE_OF: "none of",
    },
    "es": {
        Relation.EQUAL: "=",
        Relation.DIFFERENT: "≠",
        Relation.OPEN: "?",
        Relation.BEFORE: "antes de",
        Relation.AFTER: "después de",
        Relation.CONTAINS: "contiene",
        Relation.LACKS: "no contiene",
        Relation.ONE_OF: "uno de",
        Relation.NONE_OF: "ninguno de",
    },
}

VERDICTS: Mapping[str, Mapping[Kind, str]] = {
    "en": {
        Kind.CAUSE: "First cause: {cause} ({confidence})",
        Kind.UNEXPLAINED: "A check failed, and what it saw fits no known cause.",
        Kind.WELL: "No fault found: the mailbox opens, {passed} checks passed.",
        Kind.PART_WELL: "Nothing wrong in what was looked at: {passed} checks passed. "
        "Whether the mailbox opens was not looked at.",
        Kind.NOT_READY: "Nothing is known yet of {unknown} of the required checks: they wait for what is missing above. "
        "{passed} passed.",
        Kind.UNDECIDED: "Not decided: {unknown} of the required checks could not be judged, {passed} passed.",
        Kind.ENTRA_SAYS: "Entra answered, and none of the causes here explains it: {reason}",
        Kind.SAYS_FAILED: "Something failed, and the text does not show why: {where} says “{line}”.",
        Kind.PART: "Nothing wrong in what is here, which is only a part of the chain: {covered}. "
        "Nothing in it shows that the mailbox opens.",
        Kind.NOTHING: "Nothing in it could be judged.",
    },
    "es": {
        Kind.CAUSE: "Primera causa: {cause} ({confidence})",
        Kind.UNEXPLAINED: "Una comprobación ha fallado y lo que se vio no corresponde a ninguna causa conocida.",
        Kind.WELL: "No se ha encontrado ningún fallo: el buzón se abre, {passed} comprobaciones correctas.",
        Kind.PART_WELL: "Nada incorrecto en lo que se ha mirado: {passed} comprobaciones correctas. "
        "No se ha mirado si el buzón se abre.",
        Kind.NOT_READY: "Todavía no se sabe nada de {unknown} de las comprobaciones necesarias: esperan a lo que falta más "
        "arriba. {passed} son correctas.",
        Kind.UNDECIDED: "Sin decidir: {unknown} de las comprobaciones necesarias no se han podido juzgar, "
        "{passed} son correctas.",
        Kind.ENTRA_SAYS: "Entra respondió, y ninguna de las causas de aquí lo explica: {reason}",
        Kind.SAYS_FAILED: "Algo ha fallado y el texto no muestra por qué: {where} dice «{line}».",
        Kind.PART: "Nada incorrecto en lo que hay, que es solo una parte de la cadena: {covered}. "
        "Nada en ello muestra que el buzón se abra.",
        Kind.NOTHING: "No contiene nada que se pueda juzgar.",
    },
}

REQUESTS: Mapping[str, Mapping[Request, str]] = {
    "en": {
        Request.SETTINGS: "the application's settings: tenant, Application ID, IMAP server, port, mailbox; never the secret",
        Request.TOKEN: "the answer to the token request: the AADSTS error whole, or of the token its aud, roles, appid, oid "
        "and tid; never the token",
        Request.CONSENT: "the API permissions of the App registration, with the column “Status”",
        Request.SERVICE_PRINCIPALS: "the registration in Exchange",
        Request.MAILBOX: "what the mailbox is, and whether IMAP is on",
        Request.PERMISSIONS: "who may open the mailbox",
        Request.IMAP_LOG: "the application's IMAP log, from the connection to the error, without the line that follows "
        "AUTHENTICATE",
    },
    "es": {
        Request.SETTINGS: "la configuración de la aplicación: inquilino, Id. de aplicación, servidor IMAP, puerto, buzón; "
        "nunca el secreto",
        Request.TOKEN: "la respuesta a la petición del token: el error AADSTS completo, o del token su aud, roles, appid, oid "
        "y tid; nunca el token",
        Request.CONSENT: "los permisos de API del registro de la aplicación, con la columna «Estado»",
        Request.SERVICE_PRINCIPALS: "el registro en Exchange",
        Request.MAILBOX: "qué es el buzón y si IMAP está activado",
        Request.PERMISSIONS: "quién puede abrir el buzón",
        Request.IMAP_LOG: "el registro IMAP de la aplicación, desde la conexión hasta el error, sin la línea que sigue a "
        "AUTHENTICATE",
    },
}


def sentence(found: Verdict, language: str) -> str:
    """Return a verdict in words."""
    values = {**found.values, "covered": ", ".join(found.covered)}
    if "confidence" in values:
        values["confidence"] = CONFIDENCES[language][Confidence(values["confidence"])]
    if "reason" in values:
        values["reason"] = translate(values["reason"], language)
    return VERDICTS[language][found.kind].format(**values)

"""The fixed words of the table, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostics.comparison import Relation
from diagnostics.findings import Confidence, Outcome

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "all_well": "No fault found: {passed} checks passed.",
        "nothing": "Nothing in it could be judged.",
        "nothing_hint": "Useful are: the AADSTS error, the IMAP log of the application, `Get-ServicePrincipal | Format-List`, "
        "`Get-MailboxPermission -Identity MAILBOX | Format-List`, `Get-CASMailbox -Identity MAILBOX | fl ImapEnabled`.",
        "undecided": "No fault found, but {unknown} of the required checks could not be judged.",
        "failed": "A check failed, and what it saw fits no known cause.",
        "checks": "Checks",
        "link": "Link",
        "result": "Result",
        "found": "What was found",
        "first_cause": "First cause",
        "others": "Also possible",
        "more": "Further causes",
        "because": "Because",
        "mend": "To mend it",
        "consequences": "Follows from it",
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
        "all_well": "No se ha encontrado ningún fallo: {passed} comprobaciones correctas.",
        "nothing": "No contiene nada que se pueda juzgar.",
        "nothing_hint": "Sirven: el error AADSTS, el registro IMAP de la aplicación, `Get-ServicePrincipal | Format-List`, "
        "`Get-MailboxPermission -Identity BUZÓN | Format-List`, `Get-CASMailbox -Identity BUZÓN | fl ImapEnabled`.",
        "undecided": "No se ha encontrado ningún fallo, pero {unknown} de las comprobaciones necesarias no se han podido juzgar.",
        "failed": "Una comprobación ha fallado y lo que se vio no corresponde a ninguna causa conocida.",
        "checks": "Comprobaciones",
        "link": "Eslabón",
        "result": "Resultado",
        "found": "Lo que se encontró",
        "first_cause": "Primera causa",
        "others": "También es posible",
        "more": "Otras causas",
        "because": "Porque",
        "mend": "Para corregirlo",
        "consequences": "Consecuencias",
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

"""Exchange has this application registered, under its AppId and the *Enterprise Application's* Object ID.

Exchange validates neither id (michev.info 4027), so the App registration's Object ID is taken as readily as the right one, and
IMAP then answers `NO AUTHENTICATE failed.` without a reason. The row is looked for among all rows: Get-ServicePrincipal with
an unknown -Identity returns everything (office-docs-powershell, Get-ServicePrincipal.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.access import rightly_registered
from diagnostics.checks import Check
from diagnostics.checks._ids import (
    expected_application_id,
    expected_object_id,
    is_cut_off,
    is_guid,
    is_same,
    may_be_same,
)
from diagnostics.comparison import Comparison, compare, listed
from diagnostics.evidence import (
    DirectoryObjectKind,
    Evidence,
    ExchangeServicePrincipal,
    Missing,
    Observed,
    TokenClaims,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Known, KnownApplication, KnownObjectId
from diagnostics.ids import NO_APPLICATION_ID

_PRINT_WHOLE = "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId,ServiceId,Sid"
_ALL = (
    "exo-sp-not-registered",
    "exo-sp-wrong-object-id",
    "exo-sp-appid-and-objectid-swapped",
    "exo-sp-stale-after-recreation",
)
_GONE = {DirectoryObjectKind.NOTHING, DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Find the application's row and compare both of its ids."""
    rows = evidence.exchange.service_principals
    if isinstance(rows, Unavailable):
        yield unknown("The service principals of Exchange could not be read", rows)
        return
    application_id, object_id = expected_application_id(evidence), expected_object_id(evidence)
    cut = [row for row in rows if is_cut_off(row.app_id) or is_cut_off(row.object_id) or _lost_its_id(row)]
    twice = _twice(rows, application_id, object_id)
    if twice is not None:
        yield twice
        return
    if application_id is None:
        if rows and not cut and isinstance(object_id, Known):
            yield _by_object_id(rows, object_id)
        else:
            yield _nothing_to_compare(rows, cut)
        return
    mine = [row for row in rows if is_same(row.app_id, application_id.value)]
    swapped = None if _right(mine, object_id) else _swapped(rows, application_id, object_id)
    if swapped is not None:
        yield swapped
        return
    if mine:
        yield _judge_row(evidence, mine, application_id, object_id)
    elif any(may_be_same(row.app_id, application_id.value) for row in cut if row.app_id):
        row = next(row for row in cut if row.app_id and may_be_same(row.app_id, application_id.value))
        yield _judge_cut(row, application_id, object_id)
    elif unread := [row for row in cut if not row.app_id or (evidence.live and _lost_its_id(row))]:
        yield _without_app_id(unread, application_id, live=evidence.live)
    else:
        yield _not_registered(evidence, rows, application_id, object_id)


def _right(
    mine: Sequence[ExchangeServicePrincipal], object_id: Observed[KnownObjectId]
) -> tuple[ExchangeServicePrincipal, ...]:
    """Return those of the application's rows that have its ObjectId, too; whatever stands beside them does no harm."""
    if isinstance(object_id, Unavailable):
        return ()
    return rightly_registered(mine, NO_APPLICATION_ID, object_id.value)


def _lost_its_id(row: ExchangeServicePrincipal) -> bool:
    """Say whether a row has no whole AppId: a terminal or a mail program wrapped it, or it is no row as Exchange has it."""
    return not is_guid(row.app_id)


def _without_app_id(cut: Sequence[ExchangeServicePrincipal], app: KnownApplication, *, live: bool) -> Judgement:
    said = f"{cut[0].provenance.how}: a row without a readable AppId, none with {app.value}"
    why = Unavailable(
        "a row has no readable AppId" if live else "the table was wrapped or cut, so that a row lost its AppId",
        Missing.UNEXPECTED if live else Missing.CUT_OFF,
        hint=f"Print it whole: {_PRINT_WHOLE}",
    )
    suspects = (
        Suspect("exo-sp-wrong-object-id", Confidence.POSSIBLE, (said,)),
        Suspect("exo-sp-not-registered", Confidence.POSSIBLE, (said,)),
    )
    return unknown("Whether Exchange has the application registered cannot be read", why, *suspects)


def _nothing_to_compare(rows: Sequence[ExchangeServicePrincipal], cut: Sequence[ExchangeServicePrincipal]) -> Judgement:
    if not rows:
        said = "Get-ServicePrincipal returned no row at all"
        return failed(said, Suspect("exo-sp-not-registered", Confidence.LIKELY, (said,)))
    shown = listed([f"AppId {row.app_id}, {_object_label(row)} {row.object_id}" for row in rows], 3, "; ")
    if cut:
        why = Unavailable(
            "Format-Table has cut a value off, which can show a mismatch but never a match",
            Missing.CUT_OFF,
            hint=f"Print it whole: {_PRINT_WHOLE}",
        )
    else:
        why = Unavailable(
            "the text does not say which Application ID is expected",
            Missing.CUT_OFF,
            hint="Give the expected ids with --profile.",
        )
    return unknown(f"Exchange has {shown}", why)


def _by_object_id(rows: Sequence[ExchangeServicePrincipal], object_id: KnownObjectId) -> Judgement:
    """Judge whole rows where only the Object ID is known: with one row it is that row's application that is meant."""
    right = next((row for row in rows if is_same(row.object_id, object_id.value)), None)
    shown = (right,) if right is not None else rows[:5]
    compared = tuple(
        compare(f"{_object_label(row)} in Exchange", row.object_id, object_id.source, object_id.value) for row in shown
    )
    if right is not None:
        return passed(f"Exchange has this Object ID registered, under AppId {right.app_id}", *compared)
    row = rows[0]
    said = f"{row.provenance.how}: {compared[0].left_name} is {row.object_id}, {object_id.source} is {object_id.value}"
    if len(rows) == 1:
        suspect = Suspect(
            "exo-sp-wrong-object-id", Confidence.LIKELY, (said,), _values(row), ("exo-sp-not-registered",)
        )
        return failed("Exchange holds another Object ID than the Enterprise Application's", suspect, compared=compared)
    none = f"{row.provenance.how}: {len(rows)} rows, none has Object ID {object_id.value}"
    suspects = (
        Suspect("exo-sp-not-registered", Confidence.LIKELY, (none,)),
        Suspect("exo-sp-wrong-object-id", Confidence.POSSIBLE, (none,)),
    )
    return failed("No row in Exchange has the Enterprise Application's Object ID", *suspects, compared=compared)


def _object_label(row: ExchangeServicePrincipal) -> str:
    return "ServiceId" if row.names_service_id else "ObjectId"


def _twice(
    rows: Sequence[ExchangeServicePrincipal], app: KnownApplication | None, object_id: Observed[KnownObjectId]
) -> Judgement | None:
    """Find the row that has one id in both places: whichever it is, it is right in one of them at most."""
    if app is not None and _right([row for row in rows if is_same(row.app_id, app.value)], object_id):
        return None
    known = [one.value for one in (app, object_id) if isinstance(one, Known)]
    row = next(
        (
            row
            for row in rows
            if is_guid(row.app_id)
            and is_same(row.app_id, row.object_id)
            and (not known or any(is_same(row.app_id, one) for one in known))
        ),
        None,
    )
    if row is None:
        return None
    said = f"{row.provenance.how}: AppId and {_object_label(row)} are both {row.app_id}"
    compared = compare("AppId in Exchange", row.app_id, f"{_object_label(row)} in Exchange", row.object_id)
    suspect = Suspect(
        "exo-sp-wrong-object-id", Confidence.CERTAIN, (said,), _values(row), instead_of=("exo-sp-not-registered",)
    )
    return failed("Exchange holds the same id as AppId and as Object ID", suspect, compared=(compared,))


def _swapped(
    rows: Sequence[ExchangeServicePrincipal],
    app: KnownApplication,
    object_id: Observed[KnownObjectId],
) -> Judgement | None:
    for row in rows:
        by_object = is_same(row.object_id, app.value)
        by_app = isinstance(object_id, Known) and is_same(row.app_id, object_id.value)
        if by_object or by_app:
            compared: tuple[Comparison, ...] = (
                compare(f"{_object_label(row)} in Exchange", row.object_id, app.source, app.value),
            )
            if isinstance(object_id, Known):
                compared = (compare("AppId in Exchange", row.app_id, object_id.source, object_id.value), *compared)
            said = f"{row.provenance.how}: AppId {row.app_id} and {_object_label(row)} {row.object_id} are in each other's place"
            suspect = Suspect(
                "exo-sp-appid-and-objectid-swapped",
                Confidence.CERTAIN,
                (said,),
                _values(row),
                instead_of=("exo-sp-not-registered", "exo-sp-wrong-object-id"),
            )
            return failed(
                "AppId and ObjectId were swapped when the service principal was made", suspect, compared=compared
            )
    return None


def _values(row: ExchangeServicePrincipal) -> dict[str, str]:
    return {"exchange_object_id": row.object_id, "exchange_app_id": row.app_id, "display_name": row.display_name}


def _judge_row(
    evidence: Evidence,
    mine: Sequence[ExchangeServicePrincipal],
    app: KnownApplication,
    object_id: Observed[KnownObjectId],
) -> Judgement:
    row = mine[0]
    of_app = compare("AppId in Exchange", row.app_id, app.source, app.value)
    if isinstance(object_id, Unavailable):
        why = Unavailable(object_id.reason, Missing.BLOCKED if evidence.live else Missing.CUT_OFF, hint=object_id.hint)
        return unknown(
            f"Exchange has AppId {row.app_id} with {_object_label(row)} {row.object_id}", why, compared=(of_app,)
        )
    right = next(iter(_right(mine, object_id)), None)
    if right is not None:
        of_object = compare(f"{_object_label(right)} in Exchange", right.object_id, object_id.source, object_id.value)
        return passed(
            f"Exchange has the application registered as “{right.display_name or right.object_id}”",
            of_app,
            of_object,
            rules_out=_ALL,
        )
    if is_cut_off(row.object_id) and may_be_same(row.object_id, object_id.value):
        return _judge_cut(row, app, object_id)
    if evidence.live and not (is_guid(row.object_id) or is_cut_off(row.object_id)):
        why = Unavailable(
            "the row has no readable Object ID", Missing.UNEXPECTED, hint=f"Print it whole: {_PRINT_WHOLE}"
        )
        return unknown(f"Exchange has AppId {row.app_id} with {_object_label(row)} {row.object_id}", why)
    of_object = compare(f"{_object_label(row)} in Exchange", row.object_id, object_id.source, object_id.value)
    return _wrong_object_id(evidence, row, (of_app, of_object))


def _wrong_object_id(evidence: Evidence, row: ExchangeServicePrincipal, compared: tuple[Comparison, ...]) -> Judgement:
    wrong = compared[-1]
    said = [f"{row.provenance.how}: {wrong.left_name} is {wrong.left}, {wrong.right_name} is {wrong.right}"]
    kind, name = _what_is(evidence, row.object_id)
    if name:
        said.append(f"{row.object_id} is {name}")
    if kind in _GONE and kind is DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION:
        cause, summary = (
            "exo-sp-stale-after-recreation",
            "Exchange still holds the Object ID of a deleted Enterprise Application",
        )
    else:
        cause, summary = "exo-sp-wrong-object-id", "Exchange holds another Object ID than the Enterprise Application's"
    suspects = [
        Suspect(
            cause,
            Confidence.CERTAIN,
            tuple(said),
            _values(row),
            instead_of=("exo-sp-not-registered",),
        )
    ]
    if cause == "exo-sp-wrong-object-id" and kind is DirectoryObjectKind.NOTHING:
        why = f"{row.object_id} is nothing in this directory: it may be the Object ID of an earlier application"
        suspects.append(Suspect("exo-sp-stale-after-recreation", Confidence.POSSIBLE, (why,), _values(row)))
    return failed(summary, *suspects, compared=compared)


def _what_is(evidence: Evidence, object_id: str) -> tuple[DirectoryObjectKind | None, str]:
    """Return what an id turns out to be, by Graph or by the profile."""
    if is_same(object_id, evidence.target.app_registration_object_id):
        return DirectoryObjectKind.APP_REGISTRATION, "the App registration's Object ID, which the profile names"
    registration = evidence.graph.registration
    if is_same(object_id, getattr(registration, "object_id", "")):
        return DirectoryObjectKind.APP_REGISTRATION, "the App registration's Object ID (Graph)"
    for thing in evidence.graph.objects:
        if is_same(thing.id, object_id):
            called = f" “{thing.display_name}”" if thing.display_name else ""
            return thing.kind, f"{thing.kind}{called} (Graph)"
    return None, ""


def _judge_cut(row: ExchangeServicePrincipal, app: KnownApplication, object_id: Observed[KnownObjectId]) -> Judgement:
    compared = [compare("AppId in Exchange", row.app_id, app.source, app.value)]
    if isinstance(object_id, Known) and not is_cut_off(row.object_id):
        of_object = compare(f"{_object_label(row)} in Exchange", row.object_id, object_id.source, object_id.value)
        compared.append(of_object)
        if not of_object.equal:
            said = f"{row.provenance.how}: {of_object.left_name} is {of_object.left}, {of_object.right_name} is {of_object.right}"
            suspect = Suspect("exo-sp-wrong-object-id", Confidence.CERTAIN, (said,), _values(row))
            return failed("Exchange holds another Object ID than expected", suspect, compared=tuple(compared))
    why = Unavailable(
        "Format-Table has cut a value off, which can show a mismatch but never a match",
        Missing.CUT_OFF,
        hint=f"Print it whole: {_PRINT_WHOLE}",
    )
    return unknown("The registration agrees as far as it can be read", why, compared=tuple(compared))


def _not_registered(
    evidence: Evidence,
    rows: Sequence[ExchangeServicePrincipal],
    app: KnownApplication,
    object_id: Observed[KnownObjectId],
) -> Judgement:
    said = f"{rows[0].provenance.how if rows else 'Get-ServicePrincipal'}: {len(rows)} rows, none has AppId {app.value}"
    compared = tuple(compare("AppId in Exchange", row.app_id, app.source, app.value) for row in rows[:5])
    by_object = next((r for r in rows if isinstance(object_id, Known) and is_same(r.object_id, object_id.value)), None)
    if by_object is not None:
        why = f"{said}; ObjectId {by_object.object_id} is there under AppId {by_object.app_id}"
        suspect = Suspect(
            "exo-sp-stale-after-recreation",
            Confidence.LIKELY,
            (why,),
            _values(by_object),
            instead_of=("exo-sp-not-registered",),
        )
        return failed("Exchange has the Object ID under another AppId", suspect, compared=compared)
    stale = _namesake(evidence, rows)
    if stale is not None:
        held = f"AppId {stale.app_id} and {_object_label(stale)} {stale.object_id}"
        why = f"{said}, but “{stale.display_name}” is there with {held}"
        suspect = Suspect(
            "exo-sp-stale-after-recreation",
            Confidence.CERTAIN,
            (why,),
            _values(stale),
            instead_of=("exo-sp-not-registered", "perm-granted-to-wrong-object", "perm-fullaccess-missing"),
        )
        return failed("Exchange still holds an earlier application of the same name", suspect, compared=compared)
    suspect = Suspect(
        "exo-sp-not-registered",
        Confidence.CERTAIN,
        (said,),
        instead_of=("perm-fullaccess-missing", "perm-granted-to-wrong-object"),
    )
    return failed("Exchange does not know the application", suspect, compared=compared)


def _namesake(evidence: Evidence, rows: Sequence[ExchangeServicePrincipal]) -> ExchangeServicePrincipal | None:
    token = evidence.token()
    names = {
        getattr(evidence.graph.enterprise_application, "display_name", ""),
        getattr(evidence.graph.registration, "display_name", ""),
    }
    if isinstance(token, TokenClaims):
        names.add(token.app_display_name)
    wanted = {name.casefold() for name in names if name}
    return next((row for row in rows if row.display_name and row.display_name.casefold() in wanted), None)


CHECK = Check(
    id="exchange-service-principal",
    stage=Stage.EXCHANGE_SP,
    title="Exchange has the application registered with the right Object ID",
    causes=_ALL,
    judge=judge,
    order=20,
)

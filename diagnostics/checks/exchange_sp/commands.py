"""The commands that somebody ran, as a text shows them, carry the right id in each place.

`New-ServicePrincipal` takes any GUID (michev.info 4027), so what was typed there is what Exchange holds now; and
`Add-MailboxPermission -User` gives the mailbox to whatever its id names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._said import something_fails
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, Remark, SettingName
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.identity import Known, application_id_of, object_id_of
from diagnostics.ids import is_guid, is_same

_WRONG, _SWAPPED = "exo-sp-wrong-object-id", "exo-sp-appid-and-objectid-swapped"
_GRANTED, _PLACEHOLDER = "perm-granted-to-wrong-object", "input-placeholder-left-in-config"
_STAND_IN = re.compile(
    r"(?:SP_?|ENTERPRISE_?(?:APP_?)?)?(?:OBJECT_?ID|OBJETO_?ID|ID_?(?:DE_?)?OBJETO|SERVICE_?ID)", re.IGNORECASE
)
_EXPLAINED = ("auth-rejected-no-reason", "perm-fullaccess-missing")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each command of a pasted text; a live run reads Exchange itself."""
    for remark in () if evidence.live else evidence.remarks:
        if remark.kind == "command-new-service-principal":
            yield from _registered(remark, evidence)
        elif remark.kind == "command-add-mailbox-permission":
            yield from _granted(remark, evidence)


def _registered(remark: Remark, evidence: Evidence) -> Iterator[Judgement]:
    values = dict(remark.values)
    app_id, given = values.get("app_id", ""), values.get("object_id", "")
    application, object_id = application_id_of(evidence), object_id_of(evidence)
    if not (is_guid(app_id) and is_guid(given)):
        return
    where = remark.provenance.how
    filled = {"exchange_app_id": app_id, "exchange_object_id": given}
    if is_same(app_id, given):
        said = f"{where}: -AppId and -ObjectId are both {given}"
        suspect = Suspect(_WRONG, Confidence.CERTAIN, (said,), filled, _EXPLAINED)
        yield failed(
            "The same id was given twice",
            suspect,
            compared=(compare("AppId in the command", app_id, "ObjectId in the command", given),),
        )
        return
    if not isinstance(object_id, Known):
        return
    compared = compare("ObjectId in the command", given, object_id.source, object_id.value)
    if isinstance(application, Known) and is_same(given, application.value) and is_same(app_id, object_id.value):
        said = f"{where}: AppId {app_id} and ObjectId {given} are in each other's place"
        suspect = Suspect(_SWAPPED, Confidence.CERTAIN, (said,), filled, _EXPLAINED)
        yield failed("AppId and ObjectId were swapped in the command", suspect, compared=(compared,))
    elif isinstance(application, Known) and not is_same(app_id, application.value):
        return  # of another application
    elif compared.equal:
        yield passed("New-ServicePrincipal was given the Enterprise Application's Object ID", compared)
    else:
        said = f"{where}: {compared.left_name} is {given}, {compared.right_name} is {object_id.value}"
        sure = Confidence.CERTAIN if isinstance(application, Known) else Confidence.LIKELY
        what = _what(given, evidence)
        suspect = Suspect(_WRONG, sure, (said, *((what,) if what else ())), filled, _EXPLAINED)
        yield failed("New-ServicePrincipal was given another Object ID", suspect, compared=(compared,))


def _granted(remark: Remark, evidence: Evidence) -> Iterator[Judgement]:
    values = dict(remark.values)
    user, mailbox = values.get("user", ""), values.get("mailbox", "")
    where = remark.provenance.how
    if _STAND_IN.fullmatch(user):
        if not (evidence.exchange.errors or something_fails(evidence)):
            return  # a guide itself
        said = f"{where}: -User is {user}, as a guide has it"
        yield failed(
            "A guide's word stands where the Object ID belongs", Suspect(_PLACEHOLDER, Confidence.LIKELY, (said,))
        )
        return
    object_id, what = object_id_of(evidence), _what(user, evidence)
    if not is_guid(user) or not (what or isinstance(object_id, Known)):
        return
    compared = (
        compare("User in the command", user, object_id.source, object_id.value)
        if isinstance(object_id, Known)
        else None
    )
    shown = (compared,) if compared else ()
    if compared is not None and compared.equal:
        yield passed("The mailbox was given to the Enterprise Application", compared, subject=mailbox)
    elif what:
        said = f"{where}: -User is {user}"
        suspect = Suspect(_GRANTED, Confidence.LIKELY, (said, what), {"principal": user}, ("perm-fullaccess-missing",))
        yield failed("The mailbox was given to another object", suspect, compared=shown, subject=mailbox)
    elif compared is not None:
        said = f"{where}: {compared.left_name} is {user}, {compared.right_name} is {compared.right}"
        suspect = Suspect(_GRANTED, Confidence.POSSIBLE, (said,), {"principal": user})
        yield failed("The mailbox was given to another id", suspect, compared=shown, subject=mailbox)


def _what(given: str, evidence: Evidence) -> str:
    """Say in words which other id it is, where the text names that one; nothing where it is none."""
    names = {
        SettingName.APPLICATION_ID: "the Application ID",
        SettingName.APP_REGISTRATION_OBJECT_ID: "the App registration's Object ID",
        SettingName.TENANT: "the tenant's id",
    }
    typed = (setting for setting in evidence.settings if is_same(setting.raw, given))
    name = next((names[setting.name] for setting in typed if setting.name in names), "")
    return f"{given} is {name}" if name else ""


CHECK = Check(
    id="pasted-commands",
    stage=Stage.EXCHANGE_SP,
    title="The commands that were run carry the right ids",
    causes=(_WRONG, _SWAPPED, _GRANTED, _PLACEHOLDER),
    judge=judge,
    required=False,
    order=30,
)

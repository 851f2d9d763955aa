r"""Sentences in which people, settings files and other tools report what no mail server says.

The same kind of table as `signatures`, applied in the same way: a row says which sentence it is, never what causes it.
Kinds that begin with `said-` are words of people or facts that prove nothing alone. Each row has a sentence that is read
and one that nearly says it in tests/field.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

from diagnostics.sources.transcript.signatures import Signature

_S = Signature
_GROUPS = r"(?:Microsoft 365|Office 365|M365|O365|unified|distribution|dynamic distribution|mail-enabled security)"
_COMMAND = r"(?:New|Get|Add|Set)-(?:ServicePrincipal|MailboxPermission|CASMailbox)"

REPORTS: tuple[Signature, ...] = (
    # --- how Exchange knows the application
    _S("said-used-wrong-object-id", r"\b(?:used|using|took|taken|had|have|was|were|with|entered|copied|registered)\b[^\n.]{0,40}\b(?:wrong|incorrect)\b[^\n.]{0,20}\b(?:Object|Service)[ -]?IDs?\b|not using the one which is shown in the (?:Azure )?Portal", "php-imap2 issue 42; piler issue 49", ("object", "service id", "serviceid", "shown in the")),
    _S("said-nothing-registered", r"\b(?:done|did|do) nothing (?:in|with|via) (?:any )?(?:Exchange (?:Online )?)?Power ?shell\b|\b(?:have(?: not|n't)|did(?: not|n't)|never) (?:yet )?(?:run|ran|executed|registered|created|added)\b[^\n.]{0,40}\b(?:New-ServicePrincipal|service principals?)\b", "php-imap2 issue 42", ("nothing", "serviceprincipal", "service principal")),
    _S("said-cmdlet-unavailable", rf"\b{_COMMAND}\b[^\n.]{{0,40}}\b(?:does(?: not|n't) work|not (?:available|working|there|recogni[sz]ed)|unavailable|missing)\b|\bcommand is available only after you connected\b", "MailKit issue 1126", ("serviceprincipal", "mailboxpermission", "casmailbox", "command is available")),
    # --- the mailbox
    _S("said-no-ad-recipient", r"\b(?:NoADRecipient|TooManyADRecipients)\b|\bAuthResultFromPopImapEnd=8\b", "EmailMC v1.1.7 and v1.1.9 notes", ("adrecipient", "authresultfrompopimap"), anywhere=True),
    _S("said-upn-differs", r"\bUPN\b[^\n.]{0,60}\b(?:differs?|different|not the same|does(?: not|n't) match|mismatch\w*|is not|isn't)\b[^\n.]{0,60}\b(?:SMTP|e-?mail|address)|\b(?:SMTP|e-?mail) address\b[^\n.]{0,40}\b(?:differs?|different|not the same|does(?: not|n't) match|is not|isn't)\b[^\n.]{0,40}\b(?:UPN|user ?principal ?name)\b", "operators' reports", ("upn", "principal")),
    _S("said-backslash-login", r"(?<![\w.+\\/-])[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\\{1,2}(?![rnt](?:\\|[A-Z]|$))(?:[\w.+-]+@[\w.-]+|[A-Za-z][\w.-]{3,40})(?![\w\\/])", "freescout issue 764; mautic issue 10995; imapsync issue 395", ("\\",)),
    _S("said-group", rf"\b(?:is|was|to|of|for|called|a) (?:an? )?{_GROUPS} (?:group|list)\b(?! ?policy)|\bis an? (?:mail-enabled )?public folder\b", "imapsync FAQ.Office365 (public folders)", ("group", "list", "public folder"), unless=r"\bor (?:an? )?(?:shared|user|ordinary)? ?mailbox\b"),
    _S("said-mx-elsewhere", r"\b(?:mail exchanger = |\bIN\s+MX\s+\d+\s+)(?!\S*(?:protection\.(?:partner\.)?outlook\.c|\.mx\.microsoft))(?P<host>[\w-]+(?:\.[\w-]+)+)", "nslookup and dig; facts of the domain's MX", ("mail exchanger", "mx")),
    _S("mailbox-plan-withdrawn", r"\"capabilityStatus\"\s*:\s*\"(?P<status>Deleted|Suspended|LockedOut)\"\s*,\s*\"service\"\s*:\s*\"exchange\"(?![\s\S]{0,4000}\"capabilityStatus\"\s*:\s*\"Enabled\"\s*,\s*\"service\"\s*:\s*\"exchange\")", "Graph user.assignedPlans", ("capabilitystatus",), anywhere=True),
    # --- permissions
    _S("said-deny-overrides", r"\bdeny permissions override allow permissions\b|\bDeny entr(?:y|ies) overrides?\b", "Get-MailboxPermission.md", ("deny",), anywhere=True),
    # --- the way to the server
    _S("hosts-file-entry", r"(?:^|(?<=\n))[ ]*(?P<address>\d{1,3}(?:\.\d{1,3}){3})[ ]+(?P<host>outlook\.office365\.(?:com|us)|partner\.outlook\.cn)[ ]*(?=\n|$|#)", "OfficeDocs-Support incorrect-settings.md", ("office365.", "partner.outlook.cn")),
    # --- the sign-in
    _S("mailkit-authentication-failed", r"\bMailKit\.Security\.AuthenticationException\b[\s\S]{0,120}?\bAuthentication failed\b|\bAuthentication failed\b[\s\S]{0,160}?\bMailKit\.Net\.Imap\.ImapClient\b", "MailKit issues 1593, 1811; IMAP-OAuth-2.0-Example issue 2", ("mailkit",)),
    _S("imap-plain-retried", r"\bRetrying PLAIN authentication after AUTHENTICATE failed\b", "php-imap issue 726; freescout issues 764, 1992", ("retrying plain",)),
    _S("imap-login-failed-data", r"\bb['\"]LOGIN failed\.?['\"]", "robotframework-imaplibrary issue 32; imap_tools issue 259", ("login failed",)),
    _S("smtp-reply-in-a-tuple", r"\(\s*(?P<code>501|530|535|550|554)\s*,\s*b?['\"](?P<status>5\.\d\.\d{1,3})\b(?P<said>[^\n'\"]{0,160})", "Python's smtplib", ("5.",)),
    # --- after the sign-in
    _S("said-now-and-then", r"\b(?:same \w+ )?(?:works?|worked|succeeds?|connects?|fails?) (?:only )?(?:for )?(?:sometimes|intermittently|sporadically|now and then|from time to time|most of the time)\b|\b(?:sometimes|intermittently|sporadically) (?:it |this )?(?:works|fails|connects|succeeds|happens)\b|\b(?:intermittent|sporadic) (?:errors?|failures?|problems?)\b|\bI get this a lot\b", "node-imap issues 523, 689", ("sometimes", "intermittent", "sporadic", "now and then", "time to time", "most of the time", "this a lot")),
    _S("said-many-at-once", r"\b(?:\d{1,4}|many|several|multiple|parallel) (?:parallel |concurrent |simultaneous )?(?:workers|threads|connections|sessions|processes|jobs)\b[^\n.]{0,30}\b(?:parallel|at once|same time|simultaneous\w*|concurrent\w*)|\bwith (?:only )?(?:one|a) single connection\b", "node-imap issues 523, 689", ("workers", "threads", "connection", "sessions", "processes", "jobs")),
    _S("said-personal-mailbox", r"\b(?:personal|free|consumer|public|private)\b[^\n.]{0,20}\b(?:outlook\.com|hotmail|live\.com|e-?mail domain|Microsoft accounts?)|\b(?:outlook\.com|hotmail(?:\.com)?|live\.com)\b[^\n.]{0,20}\b(?:personal|free|consumer|public)\b", "oauth2ms issue 28; imapsync issue 476", ("outlook.com", "hotmail", "live.com", "mail domain", "microsoft account"), unless=r"\b(?:send|sent|writ\w+|post(?:ing|ed)?|ask\w*|contract|reply)\b|\b(?:not|no) (?:an? )?(?:personal|free)"),
)  # fmt: skip

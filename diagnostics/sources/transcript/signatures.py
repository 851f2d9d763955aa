"""Sentences of servers, libraries and people that fit no richer type, as a table to be audited line by line.

A row says which sentence it is, never what causes it. Kinds that begin with `said-` are somebody's words about what they
saw, not a server's answer: they suggest, and prove nothing. Named groups become the remark's values. `source` says where
the sentence was read.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field

from diagnostics.patterns import any_blank

_NEAR = 160  # characters before and behind a match: its sentence and the next


@dataclass(frozen=True, slots=True)
class Signature:
    """One sentence: its kind, how it is recognised, where it was read; `words` are needed in the text, in lower case."""

    kind: str
    pattern: str
    source: str
    words: tuple[str, ...]
    anywhere: bool = False  # also where a sentence explains it: documentation itself is the evidence
    near: str = ""  # what must stand near it, so that it speaks of mail and not of something else
    unless: str = ""  # what near it shows that it speaks of something else
    of_others: bool = False  # the sentence itself names somebody else, so that it may speak of others
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(any_blank(self.pattern), re.IGNORECASE))

    def fits(self, text: str, start: int, end: int) -> bool:
        """Say whether what stands around a match is what its sentence speaks of."""
        around = text[max(start - _NEAR, 0) : end + _NEAR]
        return (not self.near or re.search(self.near, around, re.IGNORECASE) is not None) and not (
            self.unless and re.search(self.unless, around, re.IGNORECASE)
        )


_S = Signature
_MAIL = r"imap|mailbox|inbox|outlook|office ?365|exchange|\b(?:NO|BAD|BYE) "
SIGNATURES: tuple[Signature, ...] = (
    # --- IMAP answers with a reason in them
    _S("logon-denied", r"LogonDenied(?:-(?P<detail>[\w<>:-]+))?", "phinit.de 2025-12-23; learn.microsoft.com answers 112837", ("logondenied",)),
    _S("basic-auth-blocked", r"BasicAuthBlocked(?:-<UserType:(?P<user_type>\w+)>)?", "imapsync issue 310; trr0019", ("basicauthblocked",)),
    _S("no-ad-recipient", r"\b(?P<reason>NoADRecipient|TooManyADRecipients)\b", "EmailMC v1.1.7 notes", ("adrecipient",)),
    _S("auth-result-from-pop-imap", r"AuthResultFromPopImapEnd=(?P<number>\d+)", "EmailMC v1.1.7 notes", ("authresultfrompopimap",)),
    _S("imap-throttled", r"Request\s+is\s+throttled\.?\s*Suggested\s+Backoff\s+Time:?\s*(?P<milliseconds>\d+)\s*milliseconds", "imapsync FAQ.Office365; imapflow 142", ("throttled",)),
    _S("imap-command-error", r"\bCommand (?:Argument )?Error\.? (?P<number>\d+)", "FairEmail FAQ; civicrm issue 3601", ("error",)),
    _S("too-many-connections", r"too many (?:simultaneous |concurrent |open )?(?:imap )?(?:connections|sessions)\b|maximum number of (?:concurrent |simultaneous )?(?:imap )?connections|MaxConnections?(?:Exceeded|PerUser)|isMaxConnections", "node-imap issues 523, 689; FairEmail", ("connections", "sessions", "maxconnection"), near=_MAIL),
    _S("retrieval-failed", r"Retrieval using the IMAP4 protocol failed for the following message", "zammad common-errors.rst", ("retrieval using the imap4",)),
    _S("sasl-json-challenge", r"\beyJzdGF0dXMiOi[A-Za-z0-9+/]{8,}={0,2}|\{\"status\":\s?\"40\d\",\s?\"schemes\":\s?\"[Bb]earer", "node-imap issue 233; laravel-imap issue 390", ("eyjzdgf0dxmi", "schemes")),
    _S("imap-disabled-or-not-granted", r"IMAP protocol access to mailbox is disabled or permission not granted", "ThisandThat Get-IMAPAccessToken.ps1", ("permission not granted",)),
    _S("folder-name-reserved", r"Folder name is reserved", "imapsync FAQ.Office365", ("name is reserved",)),
    _S("folder-not-selected", r"(?:folder\s+(?P<folder>[\w./ -]{1,60}):\s*)?Could not (?:select|examine):?|(?:mailbox|folder) (?:['\"](?P<name>[^'\"]{1,80})['\"] )?(?:does(?: not|n't) exist|not found)\b.{0,20}(?:IMAP|SELECT|EXAMINE)|(?:SELECT|EXAMINE)\b.{0,80}\b(?:does(?: not|n't) exist|NONEXISTENT|not found)", "imapsync issue 402", ("could not", "exist", "not found"), near=r"imap|folder|mailbox|inbox|host[12]", unless=r"database|schema|\bsql|mysql"),
    # --- POP
    _S("pop-auth-refused", r"-ERR Authentication failure\b|\bunknown user name or bad password", "email-oauth2-proxy issues 244, 238", ("authentication failure", "unknown user name or bad"), near=r"-ERR|\bpop"),
    _S("pop-logon-failure", r"-ERR (?:Logon failure|\[AUTH\]|AUTH failed)[^\n]{0,80}", "office-developer-exchange-docs, POP protocol exchange", ("-err",)),
    _S("pop-auth-one-line", r"(?:(?<=^)|(?<=[>:'\"\s]))AUTH XOAUTH2 [A-Za-z0-9+/=*\[<.]{4,}(?=[\s\S]{0,600}?-ERR\b)", "office-developer-exchange-docs, POP protocol exchange", ("auth xoauth2 ",)),
    # --- SMTP
    _S("smtp-535-5.7.3", r"(?<![\d.])(?:535[ :-]{1,3})?5\.7\.3\b[^\n]{0,30}Authentication unsuccessful", "office-developer-exchange-docs; zammad common-errors.rst", ("5.7.3",)),
    _S("smtp-5.7.139-tenant-disabled", r"5\.7\.139\b[^\n]{0,40}SmtpClientAuthentication is disabled for the (?P<scope>Tenant|Mailbox)", "mustang issue 137", ("smtpclientauthentication",)),
    _S("smtp-5.7.139-credentials", r"5\.7\.139\b[^\n]{0,40}the user credentials were incorrect", "OfficeDocs-Support cannot-connect-mailbox-pop-imap-outlook.md", ("5.7.139",)),
    _S("smtp-5.7.139-basic-auth-disabled", r"5\.7\.139\b[^\n]{0,40}basic authentication is disabled", "OfficeDocs-Support cannot-connect-mailbox-pop-imap-outlook.md", ("5.7.139",)),
    _S("smtp-5.7.139-security-policy", r"5\.7\.139\b[^\n]{0,60}(?:did not meet the criteria|security defaults|locked by your organization|conditional access)", "email-oauth2-proxy issue 295", ("5.7.139",)),
    _S("smtp-5.7.139", r"535[ :-]{1,3}5\.7\.139\b(?![^\n]{0,60}(?:SmtpClientAuthentication|credentials were|basic authentication|criteria|security defaults|locked by|conditional))", "email-oauth2-proxy issue 295", ("5.7.139",)),
    _S("smtp-530-5.7.57", r"530[ :-]{1,3}5\.7\.57\b[^\n]{0,40}(?:Client )?not authenticated", "email-oauth2-proxy issue 295", ("5.7.57",)),
    _S("smtp-501-5.5.124", r"501[ :-]{1,3}5\.5\.124\b(?:[^\n]{0,60}auth data[ -]*(?P<detail>[^\n.]{0,80}))?", "sasl-xoauth2 issue 110", ("5.5.124",)),
    _S("smtp-storedrv-logon-failure", r"STOREDRV[.;][^\n]{0,60}(?:mailbox logon failure|Submission\.Exception|MapiExceptionLogonFailed)|MapiExceptionLogonFailed", "email-oauth2-proxy issue 271", ("storedrv", "mapiexceptionlogonfailed")),
    _S("smtp-send-as-denied", r"(?:5\.7\.60|5\.2\.252)\b[^\n]{0,40}(?:SendAsDenied|Client does not have permissions to send as)", "office-developer-exchange-docs, Add-RecipientPermission note", ("sendasdenied", "send as")),
    # --- Graph and REST about the mailbox
    _S("mailbox-not-enabled-for-rest", r"MailboxNotEnabledForRESTAPI|REST API is not yet supported for this mailbox|mailbox is either inactive, soft-deleted, or is hosted on-premise", "zammad issue 3230", ("restapi", "rest api", "soft-deleted")),
    _S("mailbox-soft-deleted", r"\b(?:IsSoftDeletedBy(?:Remove|Disable)|WhenSoftDeleted)\s*:\s*(?P<value>True|\d\S*)|\b(?:is|was|has been|are) soft[- ]deleted\b|\bIsInactiveMailbox\s*:\s*True", "office-docs-powershell Get-Mailbox.md", ("softdeleted", "soft deleted", "soft-deleted", "inactivemailbox")),
    _S("said-without-licence", r"(?:does(?: not|n't) have|has no|without|no|missing|expired) (?:an? )?(?:valid |active )?(?:Exchange(?: Online)? |Office ?365 |Microsoft 365 )?(?:licen[sc]e)s?\b|licen[sc]e (?:was |has been |is )?(?:removed|expired|missing)", "FairEmail FAQ 139", ("licen",), near=r"mailbox|\buser|account|exchange|365", unless=r"\bshared mailbox|\b(?:needs?|requires?|required|without needing|MIT|GPL|Apache|BSD|antivirus|driver|product|software|key)\b"),
    # --- switches and tests whose output is misread
    _S("policy-allows-basic-auth-imap", r"\bAllowBasicAuthImap\b['\"]?\s*[:=]\s*(?P<value>True)", "imapsync issue 310; trr0019", ("allowbasicauthimap",)),
    _S("application-access-policy-test", r"\bAccessCheckResult\s*:\s*(?P<result>\w+)|\bTest-ApplicationAccessPolicy\b", "New-ApplicationAccessPolicy.md", ("accesscheckresult", "test-applicationaccesspolicy")),
    _S("application-access-policy-created", r"\bNew-ApplicationAccessPolicy\s+-\w+", "New-ApplicationAccessPolicy.md", ("new-applicationaccesspolicy",)),
    _S("rbac-authorization-test", r"\bTest-ServicePrincipalAuthorization\b|^\s*InScope\s*:\s*(?P<in_scope>True|False)", "Entra-MailSend-SharedMailbox-RBAC-GUI", ("test-serviceprincipalauthorization", "inscope")),
    _S("rbac-application-role", r"\bApplication (?P<role>Mail\.(?:Read|ReadWrite|Send|ReadBasic)|Mail Full Access|SMTP\.SendAsApp|Exchange Full Access|EWS\.AccessAsApp)\b", "trr0019, role table", ("application mail", "application smtp", "application exchange", "application ews")),
    _S("portal-not-granted", r"\b(?-i:Not granted for) (?P<tenant>\S[^\n\"<]{0,60})", "office-developer-exchange-docs, admin consent", ("not granted for",)),
    _S("imapsync-oauthdirect", r"--oauthdirect1[ =]\S+", "imapsync issues 375, 250", ("oauthdirect1",)),
    _S("imapsync-oauthaccesstoken", r"--oauthaccesstoken1[ =]\S+", "imapsync issue 375", ("oauthaccesstoken1",)),
    _S("guest-account", r"#EXT#@", "MailKit issue 1553", ("#ext#",)),
    _S("command-new-service-principal", r"\bNew-ServicePrincipal\b(?=[^\n|;]{0,600}-AppId[ :]+[\"']?(?P<app_id>[0-9a-f]{8}-[0-9a-f-]{27}))(?=[^\n|;]{0,600}-(?:ObjectId|ServiceId)[ :]+[\"']?(?P<object_id>[0-9a-f]{8}-[0-9a-f-]{27}))", "New-ServicePrincipal.md", ("new-serviceprincipal",)),
    _S("portal-permission", r"\b(?P<permission>(?:IMAP|POP|SMTP|EWS)\.\w+(?:\.All)?)\s+(?P<type>Delegated|Application)\b", "the portal's list of API permissions, as IMAP-OAuth-2.0-Example issue 2 and openillumi.com 64834 show it", ("delegated", "application")),
    _S("adminconsent-scope", r"/adminconsent\?(?:(?!/adminconsent\?)[^\s\"'<>]|<[\w -]{1,30}>)*?\bscope=(?P<scope>[^&\s\"'<>]+)", "office-developer-exchange-docs, consent of multi-tenant applications", ("/adminconsent?",)),
    _S("token-lifetime-over", r"Lifetime validation failed[.,] The token is expired|\bIDX10223\b|\bAccessTokenExpired\b|error_category=\"?invalid_lifetime|\b(?:access )?token (?:has )?expired\b[^\n]{0,40}\b(?:UTC|exp\b|ago|at \d)", "Exchange's x-ms-diagnostics; Microsoft.IdentityModel IDX10223", ("lifetime", "idx10223", "expired"), unless=r"refresh|renew|new (?:access )?token|fetching|requesting|acquiring"),
    _S("portal-permissions-of-graph", r"\bMicrosoft Graph(?: ?\(\d+\))?: ?(?:[\w.]+, ?){0,12}?(?P<permission>(?:IMAP|POP)\.AccessAsUser\.All)\b", "IMAP-OAuth-2.0-Example issue 2: permissions as people write them down", ("microsoft graph",)),
    _S("delegated-permissions-listed", r"\bDelegated permissions?:? ?\(? ?(?:[\w.]+ ?, ?){0,8}?(?P<permission>(?:IMAP|POP)\.AccessAsUser\.All)\b", "imapsync issue 250", ("delegated perm",)),
    _S("said-used-expired-token", r"\b(?:use|used|using|uses|with|sent|had) (?:an?|the|my|our) expired (?:access )?token\b", "Webklex php-imap issue 369", ("expired",)),
    _S("imap-connection-setup-failed", r"\bconnection setup failed\b", "Webklex php-imap issues 50, 369", ("connection setup failed",), near=r"imap|mail|webklex|ConnectionFailedException"),
    _S("foreign-cloud-host", r"(?<![\w@-])(?<![\w-]\.)(?P<host>(?:[\w-]+\.)*(?:(?:vault|management|database|core|graph)\.(?:azure|microsoftazure|chinacloudapi|usgovcloudapi)\.(?:cn|us|net)|login\.microsoftonline\.(?:us|de)|login\.partner\.microsoftonline\.cn|(?:login|graph|management|microsoftgraph)\.chinacloudapi\.cn|partner\.outlook\.cn|outlook(?:-dod)?\.office365\.us))\b", "azure-cli issue 22145; external-secrets issue 428", ("azure.", "chinacloudapi", "usgovcloudapi", "microsoftonline.", "partner.outlook.cn", "office365.us")),
    _S("token-without-permissions", r"The token contains no permissions, or permissions can ?not be understood", "Exchange's x-ms-diagnostics 2000008", ("contains no permissions",)),
    _S("token-audience-refused", r"The audience claim value is invalid|Access token validation failure\. Invalid audience", "Exchange's x-ms-diagnostics 2000003; office-developer-exchange-docs issue 87", ("audience",), near=r"2000003|x-ms-diag|outlook|exchange|office|imap|smtp|pop3|InvalidAuthenticationToken|'aud'"),
    _S("client-access-rule", r"\b(?:blocked|denied|rejected) by (?:a |the )?client access rule|\bClientAccessRule\w*\b[^\n]{0,60}(?:block|deny|denied)|\bAction\s*:\s*DenyAccess\b", "FairEmail FAQ 139; Get-ClientAccessRule.md", ("access rule", "accessrule", "denyaccess")),
    _S("service-abuse-mode", r"service abuse mode", "freescout issue 5101", ("service abuse",)),
    # --- token answers
    _S("said-no-refresh-token", r"\bno refresh[_ ]token\b|refresh[_ ]token (?:is |was )?(?:missing|not (?:returned|found|present|issued)|null|None|undefined)|did not (?:return|contain|include) an? refresh[_ ]token", "email-oauth2-proxy emailproxy.config; azure-docs issue 41925", ("refresh token", "refresh_token"), unless=r"client[ _-]credential|app(?:lication)?-only|daemon|acquire_?token_?for_?client|needs? no|not need"),
    # --- what people say they saw
    _S("said-works-in-script", r"\b(?:powershell|python|test|sample|Microsoft's) script\b(?:[^\n.]|\.(?=\w)){0,80}\b(?:works|succeeds|returns|connects|logs in|lists)\b[^\n.]{0,80}|\bscript\b(?:[^\n.]|\.(?=\w)){0,80}\b(?:works|succeeds|logs in)\b[^\n.]{0,80}|\bworks? (?:fine |perfectly |ok )?(?:in|with|from) (?:the |a |my |microsoft's )?(?:powershell|python|test|Get-IMAPAccessToken)[^\n.]{0,40}", "imapsync issues 375, 250", ("script", "get-imapaccesstoken", "powershell")),
    _S("said-guest-account", r"\bis an external account\b[^\n.]{0,60}\bdirectory\b|\b(?:invited|added) (?:as|to)\b[^\n.]{0,40}\b(?:guest|external user|default directory)\b|\b(?:as|is) a guest (?:user|account)\b", "MailKit issue 1553", ("external account", "guest", "external user", "default directory")),
    _S("said-asks-again-after-an-hour", r"\b(?:works?|valid|runs|connected)\b[^\n.]{0,30}\b(?:about|around|for|only|approximately|roughly|~)\s*(?:an|one|1|60)[ -]?(?:hour|h|min)[^\n.]{0,120}(?:sign|log|authenticat|authoriz|authoris|expire|stop|again|password|consent)|\b(?:after|every) (?:about |around |approximately |~)?(?:an|one|1|60)[ -]?(?:hour|min(?:ute)?)s?\b[^\n.]{0,80}(?:sign[- ]?in|log[- ]?in|re-?auth|asks?|prompt|expire|stops?)", "email-oauth2-proxy emailproxy.config", ("hour", "60")),
    _S("said-approval-required", r"\bapproval required\b|\bneeds? admin(?:istrator)? (?:approval|consent)\b|\brequires? admin(?:istrator)? (?:approval|consent)\b|\bonly an admin can grant\b", "zammad common-errors.rst", ("approval", "admin"), near=r"\bapp\b|application|permission|consent|azure|entra|sign|log ?in|scope|access|grant|prompt"),
    _S("said-protocol-follows-user", r"protocol access follows the authenticated user rather than the mailbox", "OfficeDocs-Support pop3-imap-owa-activesync-office-365.md", ("follows the authenticated user",), anywhere=True),
    _S("said-rbac-not-in-claims", r"RBAC for Applications\b[^\n]{0,60}\b(?:roles? )?(?:are|is) not included\b|\bRBAC for Applications\b[^\n]{0,80}\b(?:IMAP|POP)\b", "trr0019", ("rbac for applications",), anywhere=True),
    _S("said-rbac-cache", r"(?:Application-?RBAC|RBAC for Applications?|Test-ServicePrincipalAuthorization)[^\n]{0,160}(?:cach|verz(?:ö|oe)ger|delay|propagat)|(?:cach|verz(?:ö|oe)gert)[^\n]{0,140}(?:Application-?RBAC|RBAC for Applications?|Test-ServicePrincipalAuthorization)", "Entra-MailSend-SharedMailbox-RBAC-GUI README", ("rbac", "test-serviceprincipalauthorization"), anywhere=True),
    _S("said-access-policy-restricts", r"New-ApplicationAccessPolicy cmdlet to restrict or deny access", "New-ApplicationAccessPolicy.md", ("new-applicationaccesspolicy cmdlet",), anywhere=True),
    _S("said-replication-delay", r"replication delays? for app role assignments|(?:can|may|might|could) take (?:up to )?(?:\d+|a few|several|some) (?:minutes|hours)[^\n.]{0,60}(?:propagat|effect|replicat)|(?:propagat|replicat)[^\n.]{0,70}(?:\d+ ?(?:-|to|–) ?\d+|\d+) (?:minutes|hours)", "serviceprincipal-list-approleassignments.md; operators' reports", ("replication", "propagat", "take effect", "replicat"), anywhere=True),
    _S("said-waited-for-propagation", r"\b(?:waited|waiting|(?:I|we|have|had|did) (?:\w+ )?wait)\b[^\n.]{0,60}\b(?:propagat\w*|replicat\w*|(?:take|took) effect)|\bwaited (?:for )?(?:more than |over |about )?(?:\d+ (?:minutes|hours)|overnight|a day|24 ?h)", "operators' reports", ("wait",)),
    _S("said-just-changed", r"\b(?:just|minutes? ago|right after|immediately after)\b[^\n.]{0,40}\b(?:granted|created|added|consented|registered|ran|changed|New-ServicePrincipal|Add-MailboxPermission)\b|\b(?:granted|created|added|consented|registered|ran|changed)\b[^\n.]{0,40}\b(?:minutes?|min) ago\b", "operators' reports", ("just", "ago", "after")),
    _S("said-newer-secret", r"\b(?:I|we|they|have|has|had|already|just|was|were)\b[^\n.]{0,30}\b(?:renewed|rotated|created|added|generated|made)\b[^\n.]{0,40}\bsecret\b|\bsecret\b[^\n.]{0,80}\b(?:valid|good|expires?|runs?) (?:until|till|to|in|on) (?:\d|the year|next)|\bnew(?:er)? (?:client )?secret (?:is|was|has been|exists)\b", "letsencrypt-siteextension issue 358", ("secret",)),
    _S("said-cached-token", r"\b(?:cached|cache of|old|stale|same|previous) (?:access )?tokens?\b|\btokens? (?:is|are|was|were) (?:still )?cached\b", "serviceprincipal-list-approleassignments.md; operators' reports", ("token",)),
    _S("said-token-without-roles", r"\b(?:token|JWT)\b[^\n.]{0,40}\b(?:without|no|lacks|missing)\b[^\n.]{0,12}\broles?\b|\broles? claim\b[^\n.]{0,20}\b(?:absent|missing|not (?:there|present|in)|empty)", "Stack Overflow answer 78418440", ("roles",)),
    _S("said-short-mail-scopes", r"(?<![\w/.])(?:offline_access|openid|profile),? (?:IMAP|POP)\.AccessAsUser\.All\b|(?<![\w/.])(?:IMAP|POP)\.AccessAsUser\.All,? (?:offline_access|SMTP\.Send|openid)\b", "mustang issue 137; office-developer-exchange-docs issue 87", ("accessasuser.all",), unless=r"\bscp\b|(?:permissions?|permisos?|berechtigungen|autorisations?)\b[^\n]{0,40}:\s*(?:IMAP|POP|offline_access|openid)"),
    _S("said-alias-as-user-name", r"\b(?:only|just|merely|simply) an alias (?:of|for)\b|\bis an alias (?:of|for) \S+@|\b(?:with|using) (?:an|the|its|their) alias\b|\balias (?:address )?(?:as|for) (?:the )?(?:user ?name|login)\b", "FairEmail FAQ 139; zammad common-errors.rst", ("alias",), unless=r"keystore|certificate|private key|java|shell|bash|column|\bSQL"),
    _S("said-granted-to-wrong-object", r"\b(?:gave|given|granted|assigned|added)\b[^\n.]{0,50}\b(?:Full ?Access|(?:mailbox )?permissions?)\b[^\n.]{0,80}\b(?:instead of|rather than|and not (?:to )?)\b|\bdifferent IDs? ha(?:ve|d|s) to be used\b[^\n]{0,160}\bmailbox permissions?", "BohrenAn/GitHub_PowerShellScripts; office-developer-exchange-docs pull 332", ("access", "permission")),
    _S("said-recreated-application", r"\b(?:re-?created|deleted and (?:re-?created|created)|created (?:a )?new(?=[^\n]{0,160}\b(?:old|deleted|lost|again|instead|previous|former|replac\w+)\b)|(?<=deleted)[^\n.]{0,60}\bcreated (?:a )?new|re-?registered)\b[^\n.]{0,40}\b(?:app(?:lication)?(?: registration)?|enterprise app\w*|service principal)\b", "redmine_oauth issue 3", ("created", "registered")),
    _S("said-object-id-confusion", r"\b(?:wrong|incorrect|different) (?:Object|Service|Principal)[ -]?IDs?\b|\bdifferent IDs? (?:ha(?:ve|s|d)|(?:are|is|was|were) (?:used|needed))\b|\bObject ?ID\b[^\n.]{0,80}\b(?:not the|is not|isn't|wrong|instead of|different)\b|not using the one which is shown in the (?:Azure )?Portal", "office-developer-exchange-docs pulls 304, 332; piler issue 49", ("object id", "objectid", "service id", "serviceid", "ids have", " id", "shown in the")),
    _S("said-overview-object-id", r"\bfind (?:these|this|it|them)\b[^\n.]{0,40}\bOverview\b", "geekmungus.co.uk 4427", ("overview",)),
    _S("said-permissions-only-on-graph", r"\b(?:permissions?|Mail\.Read\w*)\b[^\n.]{0,50}\b(?:on|under|of|in) (?:the )?Microsoft Graph\b|\b(?:not|no|n't|nothing|cannot|missing|instead of|forgot)\b[^\n.]{0,60}APIs my organization uses|APIs my organization uses[^\n.]{0,60}\b(?:not|nothing|missing|empty|no)\b", "redmine_oauth issue 3", ("microsoft graph", "apis my organization"), unless=r"\b(?:another|other) app|different app"),
    _S("said-error-in-api-permissions", r"\b(?:error|mistake|wrong|problem)\b[^\n.]{0,30}\bAPI permissions?\b", "redmine_oauth issue 3", ("api permission",)),
    _S("said-no-secrets-page", r"\b(?:no|not (?:see|find|have|show)|missing|without|can(?:not|'t) (?:see|find))\b[^\n.]{0,40}\"?Certificates (?:&|and) secrets\"?|\bunder \"?Enterprise applications?\"?\b[^\n.]{0,60}\b(?:created|registered|set ?up|configured|instead)\b|\b(?:created|registered|configured|set up)\b[^\n.]{0,60}\b(?:under|in) \"?Enterprise applications?\"?", "the administrators' guide; entra-docs, application objects", ("certificates", "enterprise app"), unless=r"\bObject ?ID|\bcopy\b|\bnever\b|\bdo(?: not|n't) (?:create|register)"),
    _S("said-internal-server-error", r"\b500: We're sorry, but something went wrong", "zammad common-errors.rst", ("something went wrong",)),
    _S("said-wrong-account-signed-in", r"\bwrong account\b|\b(?:signed|logged|logging|signing) in(?:to)? (?:as|with|using) (?:the |my |an |another |a different )?(?:tenant |global |Office ?365 |Azure )?admin\w*|\b(?:using|with|under|through) (?:the |my |our |an? )?(?:tenant|global|Office ?365|Azure)[ -]admin\w* (?:login|credentials|browser|session)\b|\btokens? (?:is|are|was|were|belongs? to) (?:the |for the |of the )?(?:tenant )?admin\w*|\badmin(?:istrator)?'s (?:token|browser|session|browser session)\b|\bin the (?:tenant )?admin\w*'s browser\b", "getmail6 issue 221; FairEmail FAQ 139", ("account", "admin"), unless=r"power ?shell|Connect-Exchange|consent|admin cent|portal"),
    _S("said-hardcoded-settings", r"hard-?coded (?:service )?(?:settings|IP|address)|\bhosts file\b[^\n.]{0,60}\b(?:outlook|imap|entry)|\b(?:outlook|imap)\S*\b[^\n.]{0,40}\bhosts file\b", "OfficeDocs-Support incorrect-settings.md", ("hardcoded", "hard-coded", "hosts file"), anywhere=True),
    _S("said-http-proxy-in-front", r"\bIMAP\b[^\n.]{0,60}\b(?:does(?: not|n't) work|won't work|not (?:supported|possible|work))[^\n.]{0,30}\b(?:through|via|over|behind|with) (?:it|(?:the |a |an )?(?:proxy|cloudflare|cdn|http))|\b(?:cloudflare|http(?:-only)? proxy|forward proxy|cdn)\b[^\n.]{0,80}\b(?:993|imap)\b|\b(?:993|imap)\b[^\n.]{0,80}\b(?:cloudflare|http(?:-only)? proxy|forward proxy|cdn)\b", "operators' reports", ("imap", "993")),
    _S("said-vpn-or-location", r"\b(?:VPN|location policy|client access rules?|named location)\b[^\n.]{0,60}\b(?:block|disabl|cut|authenticated|refus|drop|den(?:y|ied)|fail)\w*|\b(?:only|works?|connects?|connected)\b[^\n.]{0,40}\b(?:with|through|without|outside|off|behind|via|on)\b[^\n.]{0,12}\bVPN\b|\bVPN\b[^\n.]{0,30}\b(?:connect\w*|IMAP)\b(?=[^\n]{0,80}\b(?:works?|fails?|only|but)\b)", "FairEmail FAQ 139", ("vpn", "location", "access rule")),
    _S("said-personal-accounts", r"\bpersonal (?:Outlook|Microsoft|Hotmail|Live)(?:\.com)? accounts?\b|\b(?:is|are|it's|uses?|using|with|for) (?:an? |my |our |the )?(?:personal|consumer) accounts?\b|\bOutlook\.com (?:personal )?accounts?\b|\((?:personal|consumer) accounts?\)", "imapflow issue 314", ("account",), near=r"outlook|hotmail|live\.com|microsoft|imap|mailbox|token|not connected", unless=r"\b(?:send|sent|writ\w+|post(?:ing|ed)?|ask\w*|contract|reply|portal|browser|website)\b|\b(?:not|no) (?:an? )?personal"),
)  # fmt: skip

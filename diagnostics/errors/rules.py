"""Which kind of refusal an error is: a table to be read line by line, each line with the record it comes from.

Live errors and pasted ones are judged by the same lines. Error ids come before messages, since texts change and are
translated; in pasted texts, class names, numbers and what stands in quotes outlive the language.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.evidence import ErrorKind
from diagnostics.patterns import any_blank


class Part(enum.Enum):
    """Which part of an error a rule looks at."""

    ID = "id"
    TYPE = "exception type"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` is searched for in one part of the error, in any case; the first rule that fits decides.

    `words`, in lower case, make it a rule for pasted texts, too: one of them is needed in the text. There `needs` must
    stand near the sentence, since other programs write it as well; `near` must, or else nothing shows that it is about
    Exchange PowerShell (`CmdletError.in_context`).
    """

    kind: ErrorKind
    part: Part
    pattern: str
    source: str
    words: tuple[str, ...] = ()
    needs: str = ""
    near: str = ""
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)
    needed: re.Pattern[str] = field(init=False, repr=False, compare=False)
    context: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(any_blank(self.pattern), re.IGNORECASE))
        object.__setattr__(self, "needed", re.compile(self.needs, re.IGNORECASE))
        object.__setattr__(self, "context", re.compile(self.near, re.IGNORECASE))

    def fits(self, parts: Mapping[Part, str]) -> bool:
        """Say whether this rule describes the error."""
        return self.compiled.search(parts[self.part]) is not None


_K, _P = ErrorKind, Part
CMDLET = r"(?P<cmdlet>[A-Z][A-Za-z]{1,20}-\w{1,60})"
_CONNECTING = r"(?P<cmdlet>Connect-(?:ExchangeOnline|IPPSSession|EXOPSSession)|Get-ConnectionInformation|Disconnect-ExchangeOnline)"
_QUOTE = "['\"‘’‚‹›“”„«»`]"
_NOT_KNOWN = (
    r"(?:(?:is not|isn.t|was not) recogni[sz]ed|nicht als Name|no se reconoce|n.est pas reconnu|non (?:è |e' )?(?:stato )?riconosciuto"
    r"|n[ãa]o (?:é|e|foi) reconhecido|niet herkend|nie (?:jest|został[ao]?) rozpozna|känns inte igen|genkendes ikke|gjenkjennes ikke"
    r"|nebyl rozpozn|nem ismerhető fel|не распозна|tanınm|認識されません|识别为|識別為|辨識為|인식되지)"
)
"""How PowerShell's resources say it in the languages that it has."""


def _unknown(name: str) -> str:
    return rf"{_QUOTE}\s?{name}\s?{_QUOTE}.{{0,70}}?{_NOT_KNOWN}"


_OTHER_SHELL = r"(?:is not recognized as an internal or external command|command not found|no se reconoce como un comando interno|n.est pas reconnu en tant que commande interne|non è riconosciuto come comando interno|não é reconhecido como um comando interno|ist entweder falsch geschrieben)"
_NOT_LOADED = r"(?:was not loaded|nicht geladen|no se (?:ha )?carg|pas été chargé|non è stato caricato|impossibile caricare|não foi carregado|niet geladen|nie został|not loaded|読み込まれ|загружен|未能加载|未加载)"
_EXO = r"Connect-(?:ExchangeOnline|IPPSSession|EXOPSSession)|New-ExoPSSession|ExchangeOnlineManagement|ExoPowershell|EXO App-?Only|Exchange Online (?:Power ?Shell|Management)"
_APP_ONLY = r"-(?:ManagedIdentity|AppId|Certificate\w{0,20})\b|managed identit|app-?only|service principal|runbook|x-ms-diagnostics"
_SHELL = rf"{_EXO}|PowerShell|\.psm1\b|CategoryInfo|FullyQualifiedErrorId|Import-Module|\bConnect-[A-Z]\w+|PSVersion|Microsoft365DSC|OperationStopped"
_WSMAN = (
    r"wsman|win-?rm\b|(?<!\d)598[56](?!\d)|psrp|PSSession|PSRemoting|remote server \S+ failed|management host|jump host"
)
_ASSEMBLY = r"(?:Microsoft\.Identity(?:Model)?(?:\.\w+){0,4}|System\.IdentityModel\.Tokens\.Jwt|Azure\.(?:Core|Identity)(?:\.\w+)?|Microsoft\.OData\.\w+)"
_LOADING = r"(?:load|laden|Datei oder Assembly|cargar|charger|caricare|carregar|ładow|読み込|加载|загруз)"

OPERATOR_RULES: tuple[Rule, ...] = (
    Rule(_K.APP_LACKS_ROLE, _P.MESSAGE, r"role assigned to application \S.{0,400}?\s(?:isn.t|is not) supported in this scenario", "office-docs-powershell issue 11332; Microsoft365DSC issue 4530: app role without directory role", ("supported in this scenario",)),
    Rule(_K.APP_LACKS_ROLE, _P.MESSAGE, r"\b(?:application|app|service principal)\b.{0,120}? isn.t assigned to any management roles", "Exchange RBAC, of an application", ("any management roles",)),
    Rule(_K.APP_LACKS_ROLE, _P.MESSAGE, r"(?:(?<=\s)(?-i:UnAuthorized)|\bConnect-(?:ExchangeOnline|IPPSSession) ?: (?-i:UnAuthorized|Unauthorized)|(?<=\n)(?-i:Unauthorized))\.?(?=[ ]*(?:\n|$))", "a bare UnAuthorized after the token was issued, in Microsoft365DSC threads", ("unauthorized",), needs=r"Connect-(?:ExchangeOnline|IPPSSession)", near=_APP_ONLY),
    Rule(_K.APP_LACKS_ROLE, _P.MESSAGE, r"\badminapi/beta/[^\n]{0,300}\n(?:[^\n]{0,500}\n){0,6}?[^\n]{0,60}\b403\b[^\n]{0,60}|\b403\b[^\n]{0,200}\badminapi/beta/", "admin REST: 403 for an application without a directory role", ("adminapi/beta",), near=_APP_ONLY),
    Rule(_K.APP_LACKS_ROLE, _P.MESSAGE, r"The application does not have the required role|app(?:lication)? (?:is )?missing (?:the )?Exchange\.ManageAsApp", "x-ms-diagnostics of the admin REST", ("required role", "manageasapp")),
    Rule(_K.MODULE_MISSING, _P.ID, r"^(?:Modules_ModuleNotFound|Modules_InsufficientPowerShellVersion|ScriptRequiresMissingModules|NoMatchFoundForCriteria)\b", "PowerShell engine 7.6.9; PowerShellGet, NoMatchFoundForCriteria"),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, r"ExchangeOnlineManagement (?:[\d.]{3,12} )?(?:needs|requires) (?:Windows )?PowerShell [\d.]{1,10}|ExchangeOnlineManagement[\w\\/.]{0,80}['\"’”»]? requires a minimum PowerShell version", "Import-Module; `diag connect`: a module that is too new for this PowerShell", ("exchangeonlinemanagement",)),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"{_LOADING}.{{0,60}}?System\.[\w.]{{3,40}}, Version=(?:[6-9]|1[0-9])\.", "prowler issue 12644: a module made for a newer PowerShell", ("version=",), needs=_EXO, near=r"requires a minimum PowerShell version"),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"(?:command not found|unknown command): {_CONNECTING}\b", "zsh, fish: a cmdlet typed outside of PowerShell", ("connect-",), near=r"PowerShell"),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"{_QUOTE}?\b{_CONNECTING}\b{_QUOTE}?:? .{{0,20}}?{_OTHER_SHELL}", "cmd.exe, bash, zsh: a cmdlet typed outside of PowerShell", ("connect-",), near=r"PowerShell"),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, _unknown(_CONNECTING), "PowerShell 5.1 and 7, in its languages; office-docs-powershell issue 8091", ("connect-", "-exchangeonline", "-connectioninformation")),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"\b{_CONNECTING}\b.{{0,40}}CommandNotFoundException", "PowerShell's record, in any language", ("commandnotfound",)),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"ExchangeOnlineManagement.{{0,60}}?{_NOT_LOADED}", "Import-Module in PowerShell's languages; office-docs-powershell issue 8091", ("exchangeonlinemanagement",)),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, rf"{_NOT_LOADED}.{{0,60}}?ExchangeOnlineManagement", "Import-Module in PowerShell's languages", ("exchangeonlinemanagement",)),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, r"ExchangeOnlineManagement.{0,80}?Modules_ModuleNotFound|#requires.{0,120}?\bmissing: .{0,80}?ExchangeOnlineManagement|No match was found for .{0,80}?ExchangeOnlineManagement|module 'ExchangeOnlineManagement' is not (?:installed|loaded|available)", "PowerShell's records; PowerShellGet", ("exchangeonlinemanagement",)),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, r"\b(?P<cmdlet>Connect-(?:ExchangeOnline|IPPSSession))\b['\"]?(?: cmdlet| command)? (?:is |was )?(?:not found|not available|unavailable|not recogni[sz]ed)", "people's words", ("connect-",), near=r"CommandNotFoundException"),
    Rule(_K.MODULE_CONFLICT, _P.MESSAGE, r"['\"‘“„«][^'\"\n]{0,200}?\bMicrosoft\.Identity\.Client\.[^\n]{0,160}?\b(?:With\w{1,40}|\.ctor)\(", "Method not found: … WithLogging, WithBroker; msgraph-sdk-powershell issues 3331, 3394; maester issue 876", ("microsoft.identity",), near=_EXO),
    Rule(_K.MODULE_CONFLICT, _P.MESSAGE, rf"{_LOADING}.{{0,60}}?{_ASSEMBLY}(?:, Version=|['\"’”»])", "FileLoadException and TypeLoadException in .NET's languages; Microsoft365DSC issue 6106", ("microsoft.identity", "identitymodel", "azure.core", "azure.identity", "microsoft.odata"), needs=_SHELL, near=_EXO),
    Rule(_K.MODULE_CONFLICT, _P.MESSAGE, rf"{_ASSEMBLY}, Version=.{{0,200}}?(?:0x8013[0-9a-f]{{4}}|0x8007000[2B]|\w{{4,11}}(?:Load|NotFound)Exception)", "HRESULTs of assembly loading", ("microsoft.identity", "identitymodel", "azure.core", "azure.identity", "microsoft.odata"), needs=_SHELL, near=_EXO),
    Rule(_K.MODULE_MISSING, _P.MESSAGE, r"A parameter cannot be found that matches parameter name '(?:AccessToken|ManagedIdentity|DisableWAM|SkipLoadingFormatData)'", "a module that is older than the parameter: 3.1.0, 3.0.0, 3.7.2 (Connect-ExchangeOnline.md)", ("parameter cannot be found",), needs=_EXO),
    Rule(_K.MODULE_CONFLICT, _P.MESSAGE, r"command was found in the module 'ExchangeOnlineManagement', but the module could not be loaded", "PowerShell, CouldNotAutoloadMatchingModule: it does not say why", ("could not be loaded",), near=r"Microsoft\.Identity|assembly"),
    Rule(_K.MODULE_CONFLICT, _P.MESSAGE, r"Assembly with same name is already loaded", "Import-Module, FileLoadException", ("same name is already loaded",), needs=_SHELL, near=_EXO),
    Rule(_K.NEEDS_WINDOW, _P.MESSAGE, r"window handle must be configured|msal-net-wam#|parent-window-handles", "MSAL's broker; module 3.7.0 and later", ("window handle", "msal-net-wam", "parent-window"), near=_SHELL),
    Rule(_K.NEEDS_WINDOW, _P.MESSAGE, r"0x(?:f{8})?80070520\b|(?<!\d)-2147023584\b|specified log-?on session does not exist", "ERROR_NO_SUCH_LOGON_SESSION from the broker; module 3.7.0 and later", ("80070520", "2147023584", "session does not exist"), needs=rf"{_EXO}|Acquiring Token|WAM\b|broker|MSAL", near=_EXO),
    Rule(_K.NEEDS_WINDOW, _P.MESSAGE, r"Showing a modal dialog box or form when the application is not running in UserInteractive mode|\bUnable to load DLL .msalruntime|linux_xdg_open_failed|Unable to open a web page using xdg-open", "Windows Forms; MSAL's native broker; MSAL on Linux", ("userinteractive", "msalruntime", "xdg"), near=_EXO),
    Rule(_K.CERTIFICATE_UNUSABLE, _P.MESSAGE, r"Could not use the certificate for signing|Failed to load the Certificate, this can be because|Missing or invalid CertificatePassword", "MSAL; New-ExoPSSession of module 2.0.5", ("certificate",), near=_EXO),
    Rule(_K.CERTIFICATE_UNUSABLE, _P.MESSAGE, r"specified network password is (?:not correct|incorrect)|angegebene Netzwerkkennwort ist (?:falsch|nicht)|contraseña de red especificada no es|mot de passe réseau spécifié (?:est|n.est)|password di rete specificata non è|senha de rede especificada não (?:está|é)|netwerkwachtwoord is|0x80070056\b|certificate data cannot be read with the provided password", ".NET's CryptographicException for a pfx (ERROR_INVALID_PASSWORD)", ("network password", "netzwerkkennwort", "contraseña de red", "mot de passe r", "password di rete", "senha de rede", "netwerkwachtwoord", "80070056", "provided password"), needs=rf"{_EXO}|pfx|p12|certificat|X509", near=_EXO),
    Rule(_K.CERTIFICATE_UNUSABLE, _P.MESSAGE, r"Keyset does not exist|Keyset as registered is invalid|Invalid provider type specified|0x8009001[469]\b|certificate[^.\n]{0,40} does not have a private key|(?:cannot|could not|unable to) find (?:a |the )?certificate (?:with|by|matching)[^.\n]{0,20}thumbprint|Der Schlüsselsatz ist nicht vorhanden|El conjunto de claves no existe|Le jeu de clés n.existe pas|Keyset non esistente|O conjunto de chaves não existe", "CryptoAPI: NTE_BAD_KEYSET, NTE_BAD_PROV_TYPE; MSAL, cert_without_private_key", ("keyset", "provider type", "80090014", "80090016", "80090019", "private key", "thumbprint", "schlüsselsatz", "conjunto de claves", "jeu de cl", "conjunto de chaves"), needs=_EXO, near=_EXO),
    Rule(_K.CERTIFICATE_UNUSABLE, _P.MESSAGE, r"\b(?:Windows)?CryptographicException\b", "the exception's class, in any language", ("cryptographicexception",), needs=r"Connect-(?:ExchangeOnline|IPPSSession)\b[^|\n]{0,200}-Certificate"),
    Rule(_K.BASIC_OFF, _P.MESSAGE, r"Basic authentication is currently disabled in the client configuration|Standardauthentifizierung ist (?:zurzeit|derzeit|momentan) in der Clientkonfiguration|autenticación básica (?:está|se encuentra) (?:actualmente )?deshabilitada en la configuración del cliente|authentification de base est (?:actuellement )?désactivée dans la configuration du client|autenticazione di base è (?:attualmente )?disabilitata nella configurazione del client|autenticação básica est(?:á|a) (?:atualmente )?(?:desabilitada|desativada)[^.\n]{0,20} na configuração do cliente|basisverificatie is[^.\n]{0,30}uitgeschakeld in de clientconfiguratie|0x803380DF\b|-2144108321\b", "WinRM's client, ERROR_WSMAN_CLIENT_BASIC_AUTHENTICATION_DISABLED", ("client configuration", "clientkonfiguration", "configuración del cliente", "configuration du client", "configurazione del client", "configuração do cliente", "clientconfiguratie", "803380df", "2144108321"), near=rf"{_EXO}|WinRM|PSSession|remote server|Remoteserver|servidor remoto|serveur distant|server remoto"),
    Rule(_K.BASIC_OFF, _P.MESSAGE, r"Create Powershell Session is failed using OAuth", "New-ExoPSSession of module 2.0.x; office-docs-powershell issue 9219: mostly Basic, not always", ("create powershell session",), near=r"Basic auth\w+ (?:is|was|seems|being)?[^.\n]{0,20}(?:disabled|off)"),
    Rule(_K.HOST_REFUSED, _P.MESSAGE, r"Server not found in Kerberos database|KDC_ERR_S_PRINCIPAL_UNKNOWN|Minor \(2529638919\)|Cannot (?:find|contact any) KDC for realm|Client (?:'[^'\n]{1,100}' )?not found in Kerberos database|authGSSClientInit\(\) failed|0x80090322\b|0x8009030e\b", "pypsrp issue 65; pywinrm; SEC_E_WRONG_PRINCIPAL, SEC_E_NO_CREDENTIALS", ("kerberos database", "authgss", "kdc", "2529638919", "80090322", "8009030e"), needs=rf"{_WSMAN}|authGSSClientStep", near=_WSMAN),
    Rule(_K.HOST_REFUSED, _P.MESSAGE, r"Failed to authenticate the user .{1,200}? with (?:kerberos|ntlm|negotiate|credssp|basic|certificate)\b|the specified credentials were rejected by the server|Bad HTTP response returned from server\. Code 40[13]|Server did not response? with a CredSSP token|\b40[13]\b[^\n]{0,80}:598[56]/wsman|:598[56]/wsman[^\n]{0,120}\b40[13]\b|\brefuses the account '[^'\n]{1,200}' with (?:negotiate|ntlm|kerberos|basic|credssp|certificate)\b", "pypsrp and pywinrm, AuthenticationError and InvalidCredentialsError", ("failed to authenticate the user", "rejected by the server", "bad http response", "credssp token", "/wsman", "refuses the account"), needs=rf"{_WSMAN}|Management host", near=_WSMAN),
    Rule(_K.HOST_REFUSED, _P.MESSAGE, r"Permission denied \((?:publickey|password|keyboard-interactive|gssapi)|Host key verification failed", "OpenSSH's client, to the jump host"),
    Rule(_K.HOST_REFUSED, _P.MESSAGE, r"Connecting to remote server (?!outlook\.|ps\.)\S{1,200} failed with the following error message ?: ?(?:Access is denied|The user name or password is incorrect|WinRM cannot process the request\. The following error)|(?:AccessDenied|ServerNotTrusted|LogonFailure),PSSessionStateBroken|must be added to the TrustedHosts", "Enter-PSSession and New-PSSession of Windows PowerShell", ("remote server", "pssessionstatebroken", "trustedhosts")),
)  # fmt: skip
"""The way to Exchange PowerShell itself; they come first, since their sentences are the longer ones."""

RULES: tuple[Rule, ...] = (
    *OPERATOR_RULES,
    Rule(_K.PRINCIPAL_NOT_FOUND, _P.ID, r"^Ex94914C$", "seen: Add-MailboxPermission with an unknown -User"),
    Rule(_K.NOT_FOUND, _P.ID, r"^Ex6F9304$", "seen: REST error texts of Get-Mailbox and Get-MailboxPermission"),
    Rule(_K.COMMAND_NOT_FOUND, _P.ID, r"^CommandNotFoundException\b", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.PROMPT, _P.ID, r"^(HostException|InvokeMethodOnNull.{0,100}Prompt)\b", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.PROMPT, _P.MESSAGE, r"command that prompts the user failed", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.PARAMETER, _P.ID, r"^(NamedParameterNotFound|PositionalParameterNotFound|MissingMandatoryParameter|MissingArgument|AmbiguousParameter|ParameterAlreadyBound|ParameterArgument\w*|CannotConvertArgument\w*|InputObjectNotBound|AmbiguousParameterSet)", "PowerShell engine 7.6.9, ParameterBindingException ids, recorded"),
    Rule(_K.ENTRY_ABSENT, _P.MESSAGE, r"ACE doesn.t exist on the object|Can.t remove the access control entry on the object", "Remove-MailboxPermission, as reported", ("access control entr",)),
    Rule(_K.LIMIT, _P.MESSAGE, r"reached the limit of maximum allowed access control entries", "thextrabit.com, limit of 500 entries", ("access control entr",)),
    Rule(_K.PRINCIPAL_NOT_FOUND, _P.MESSAGE, r"Couldn.t find object ['\"](?P<object>[^'\"\n]{0,400})['\"]\. Please make sure(?: that it was spelled correctly)?", "seen: Add-MailboxPermission with an unknown -User", ("find object",)),
    Rule(_K.NOT_FOUND, _P.MESSAGE, r"(?:The operation couldn.t be performed because )?object ['\"](?P<object>[^'\"\n]{0,400})['\"] couldn.t be found on", "seen: Get-Mailbox and Get-MailboxPermission", ("be found on",)),
    Rule(_K.NOT_FOUND, _P.MESSAGE, rf"{_QUOTE}(?P<object>[^'\"„“”«»\n]{{3,200}}){_QUOTE}[^'\"„“”«»\n]{{0,80}}{_QUOTE}[\w.-]{{3,60}}\.OUTLOOK\.COM{_QUOTE}", "the same in the shell's language: the class and the server's name stay", ("managementobjectnotfound", "ex6f9304"), needs=r"ManagementObjectNotFoundException|Ex6F9304"),
    Rule(_K.PRINCIPAL_NOT_FOUND, _P.MESSAGE, rf"Ex94914C\|[^|\n]{{0,200}}\|[^'\"„“”«»\n]{{0,120}}{_QUOTE}(?P<object>[^'\"„“”«»\n]{{1,200}}){_QUOTE}", "the same in the shell's language: the id stays", ("ex94914c",)),
    Rule(_K.NOT_FOUND, _P.TYPE, r"ManagementObjectNotFoundException", "seen: details[0].message of the admin REST"),
    Rule(_K.COMMAND_NOT_FOUND, _P.MESSAGE, rf"cmdlet ['\"]?(?:{CMDLET} ?|\w{{1,40}})?['\"]? ?is not present in the role definition of the current user", "Exchange RBAC, seen in support threads", ("role definition",)),
    Rule(_K.NO_RIGHTS, _P.MESSAGE, r"insufficient access rights|you don.t have sufficient permissions|InsufficientPermissions", "Exchange task errors, seen in support threads"),
    Rule(_K.NOT_SIGNED_IN, _P.MESSAGE, r"must call the Connect-ExchangeOnline cmdlet before|^UnAuthorized$|access token (has )?(expired|is invalid)|lifetime validation failed|\bAADSTS\d+", "module texts seen in issues; 401 of the admin REST"),
    Rule(_K.NO_RIGHTS, _P.TYPE, r"UnauthorizedAccessException", ".NET: the caller lacks the permission"),
    Rule(_K.NO_RIGHTS, _P.MESSAGE, r"\bAccess is denied to the requested resource|The user .{0,80} isn.t assigned to any management roles", "Connect-ExchangeOnline of module 2.0.x", ("access is denied to the requested", "any management roles")),
    Rule(_K.COMMAND_NOT_FOUND, _P.MESSAGE, _unknown(CMDLET), "PowerShell 5.1 and 7, in its languages; office-docs-powershell issue 7970: a missing Exchange role shows so", ("-",)),
    Rule(_K.COMMAND_NOT_FOUND, _P.MESSAGE, rf"\b{CMDLET}\b.{{0,40}}CommandNotFoundException", "PowerShell's record, in any language", ("commandnotfound",)),
    Rule(_K.COMMAND_NOT_FOUND, _P.MESSAGE, r"(?P<cmdlet>(?:New|Get|Remove|Set)-ServicePrincipal|(?:Add|Get|Remove)-MailboxPermission|(?:Get|Set)-CASMailbox)['\"]? ?(?:cmdlet |command )?(?:is |was )?(?:not found|not available|unavailable|isn.t available|not recogni[sz]ed)", "MailKit issue 1126: people's words", ("not found", "available", "not recogni"), near=r"CommandNotFound|The term"),
    Rule(_K.PARAMETER, _P.MESSAGE, r"A parameter cannot be found that matches parameter name|Cannot bind (argument|parameter)|Cannot process argument transformation", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.THROTTLED, _P.MESSAGE, r"maximum number of concurrent requests|too many (concurrent )?requests|\bthrottl|micro.?delay", "admin REST 429 as plain text, seen; module texts"),
    Rule(_K.TIMED_OUT, _P.MESSAGE, r"operation (has )?timed out|request was canceled due to the configured HttpClient\.Timeout|Gateway Time-?out", "HttpClient and admin REST 504"),
    Rule(_K.CONNECTION, _P.MESSAGE, r"underlying connection was closed|unable to connect to the remote server|No such host is known|remote name could not be resolved|Connection refused|An error occurred while sending the request", "HttpClient and HttpWebRequest texts"),
)  # fmt: skip


def classify(error_id: str, exception_type: str, message: str, otherwise: ErrorKind = ErrorKind.OTHER) -> ErrorKind:
    """Return what an error means for the operator, by the first rule that fits."""
    parts = {Part.ID: error_id, Part.TYPE: exception_type, Part.MESSAGE: message}
    return next((rule.kind for rule in RULES if rule.fits(parts)), otherwise)

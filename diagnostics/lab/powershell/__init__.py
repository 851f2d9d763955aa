"""The PowerShell half of the lab: cmdlets over the tenant's model, the engine that runs them, and the ways to reach it.

`declaration` and `binder` bind parameters as PowerShell does, `engine` runs statements of cmdlets, `cmdlets` holds one
file for each family. `runspace` speaks PSRP (bytes in, bytes out), `winrm` carries it over WSMan and `servermode` over
the stdio of a process. Script text is refused everywhere: the lab executes cmdlets, not a language.
"""

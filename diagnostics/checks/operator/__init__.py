"""Stage operator: the way to Exchange PowerShell itself."""

# Writes, as JSON, what the syntax trees of PowerShell files hold: errors, what only PowerShell 7 has, commands with their
# parameters, .NET types and members, variables, functions, and the comment-based help.
param([Parameter(Mandatory = $true)] [string[]] $Path)
Set-StrictMode -Version Latest

function Get-Newer {
    # Names each construct that Windows PowerShell 5.1 does not know.
    param([object] $Node)
    switch ($Node.GetType().Name) {
        'TernaryExpressionAst' { '?:' }
        'PipelineChainAst' { "$($Node.Operator)" }
        'BinaryExpressionAst' { if ("$($Node.Operator)" -eq 'QuestionQuestion') { '??' } }
        'AssignmentStatementAst' { if ("$($Node.Operator)" -eq 'QuestionQuestionEquals') { '??=' } }
        'MemberExpressionAst' { if ($Node.NullConditional) { '?.' } }
        'InvokeMemberExpressionAst' { if ($Node.NullConditional -or $null -ne $Node.GenericTypeArguments) { '?. or generic method' } }
        'IndexExpressionAst' { if ($Node.NullConditional) { '?[]' } }
        'PipelineAst' { if ($Node.Background) { 'background &' } }
        'ScriptBlockAst' { if ($null -ne $Node.CleanBlock) { 'clean' } }
        'UsingStatementAst' { 'using' }
        'TypeDefinitionAst' { 'class' }
        'ConstantExpressionAst' { if ("$($Node.Extent.Text)" -match '^(0b|[0-9.]+(u|ul|us|uy|y|s|n)$)') { 'number suffix' } }
        'StringConstantExpressionAst' { if ("$($Node.StringConstantType)" -eq 'DoubleQuoted' -and $Node.Extent.Text -match '`(u\{|e)') { 'escape' } }
        'ExpandableStringExpressionAst' { if ($Node.Extent.Text -match '`(u\{|e)') { 'escape' } }
    }
}

function Get-Splatted {
    # Names the keys that a splatted variable may have: those of hashtables assigned to it and of assignments by index.
    param([object[]] $All, [string] $Name)
    foreach ($node in $All) {
        if ($node -isnot [System.Management.Automation.Language.AssignmentStatementAst]) { continue }
        $left = $node.Left
        if ($left -is [System.Management.Automation.Language.VariableExpressionAst] -and "$($left.VariablePath)" -eq $Name) {
            foreach ($table in $node.Right.FindAll({ $args[0] -is [System.Management.Automation.Language.HashtableAst] }, $false)) {
                foreach ($pair in $table.KeyValuePairs) { "$($pair.Item1.Extent.Text)".Trim("'") }
            }
        }
        elseif ($left -is [System.Management.Automation.Language.IndexExpressionAst] -and "$($left.Target.Extent.Text)" -eq "`$$Name") {
            "$($left.Index.Extent.Text)".Trim("'")
        }
    }
}

$files = foreach ($file in $Path) {
    $tokens = $null
    $problems = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $problems)
    $all = @($tree.FindAll({ $true }, $true))
    $functions = @($all | Where-Object -FilterScript { $_ -is [System.Management.Automation.Language.FunctionDefinitionAst] })
    $commands = foreach ($node in $all) {
        if ($node -isnot [System.Management.Automation.Language.CommandAst]) { continue }
        $parameters = foreach ($element in $node.CommandElements) {
            if ($element -is [System.Management.Automation.Language.CommandParameterAst]) { $element.ParameterName }
            elseif ($element -is [System.Management.Automation.Language.VariableExpressionAst] -and $element.Splatted) {
                Get-Splatted $all "$($element.VariablePath)"
            }
        }
        @{ name = "$($node.GetCommandName())"; text = "$($node.CommandElements[0].Extent.Text)"; parameters = [string[]] @($parameters) }
    }
    $help = $tree.GetHelpContent()
    @{
        path = $file
        errors = [string[]] @($problems | ForEach-Object -Process { $_.Message })
        newer = [string[]] @($all | ForEach-Object -Process { Get-Newer $_ })
        commands = @($commands)
        types = [string[]] @($all | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.Language.TypeExpressionAst] -or $_ -is [System.Management.Automation.Language.TypeConstraintAst]) { "$($_.TypeName.FullName)" }
        })
        members = [string[]] @($all | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.Language.InvokeMemberExpressionAst]) { "$($_.Member.Extent.Text)" }
        })
        variables = [string[]] @($all | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.Language.VariableExpressionAst]) { "$($_.VariablePath)" }
        })
        functions = @($functions | ForEach-Object -Process { @{ name = $_.Name; text = "$($_.Extent.Text)" } })
        parameters = [string[]] @(if ($null -ne $tree.ParamBlock) { foreach ($p in $tree.ParamBlock.Parameters) { "$($p.Name.VariablePath)" } })
        strict = "$(@($tree.EndBlock.Statements)[0].Extent.Text)"
        help = $(if ($null -ne $help) {
            @{
                synopsis = "$($help.Synopsis)"; description = "$($help.Description)"; notes = "$($help.Notes)"; outputs = [string[]] @($help.Outputs)
                examples = [string[]] @($help.Examples); parameters = [string[]] @($help.Parameters.Keys); texts = [string[]] @($help.Parameters.Values)
            }
        })
    }
}
ConvertTo-Json -InputObject @($files) -Depth 6 -Compress

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>What a value is assigned to.</summary>
internal abstract record AssignmentTarget
{
    /// <summary>The variables that are set.</summary>
    public IEnumerable<string> Names => this switch
    {
        Variable variable => [variable.Name],
        Unpacking unpacking => unpacking.Targets.SelectMany(target => target.Names),
        _ => [],
    };

    /// <summary>A variable.</summary>
    public sealed record Variable(string Name) : AssignmentTarget;

    /// <summary>An attribute of a namespace.</summary>
    public sealed record NamespaceAttribute(string Namespace, string Name) : AssignmentTarget;

    /// <summary>Several targets, one for each element.</summary>
    public sealed record Unpacking(IReadOnlyList<AssignmentTarget> Targets) : AssignmentTarget;
}

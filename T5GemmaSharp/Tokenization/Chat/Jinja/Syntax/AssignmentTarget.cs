namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>What a value is assigned to.</summary>
internal abstract record AssignmentTarget
{
    /// <summary>A variable.</summary>
    public sealed record Variable(string Name) : AssignmentTarget;

    /// <summary>An attribute of a namespace.</summary>
    public sealed record NamespaceAttribute(string Namespace, string Name) : AssignmentTarget;

    /// <summary>Several targets, one for each element.</summary>
    public sealed record Unpacking(IReadOnlyList<AssignmentTarget> Targets) : AssignmentTarget;
}

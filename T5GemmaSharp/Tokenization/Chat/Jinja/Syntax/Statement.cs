namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>A statement of a template.</summary>
/// <param name="Line">Its line, from 1.</param>
internal abstract record Statement(int Line)
{
    /// <summary>Literal text.</summary>
    public sealed record Text(int Line, string Content) : Statement(Line);

    /// <summary><c>{{ a }}</c>.</summary>
    public sealed record Output(int Line, Expression Value) : Statement(Line);

    /// <summary><c>{% if %}</c> with its <c>elif</c> branches.</summary>
    public sealed record If(int Line, IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else) : Statement(Line);

    /// <summary><c>{% for %}</c>.</summary>
    public sealed record For(int Line, AssignmentTarget Target, Expression Items, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else) : Statement(Line);

    /// <summary><c>{% set a = b %}</c>.</summary>
    public sealed record Set(int Line, AssignmentTarget Target, Expression Value) : Statement(Line);

    /// <summary><c>{% set a %}...{% endset %}</c>.</summary>
    public sealed record SetBlock(int Line, AssignmentTarget Target, IReadOnlyList<Statement> Body) : Statement(Line);

    /// <summary><c>{% macro %}</c>.</summary>
    public sealed record Macro(int Line, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);

    /// <summary>HF's <c>{% generation %}</c>, which marks the assistant's text for training.</summary>
    public sealed record Generation(int Line, IReadOnlyList<Statement> Body) : Statement(Line);

    /// <summary><c>{% break %}</c>.</summary>
    public sealed record Break(int Line) : Statement(Line);

    /// <summary><c>{% continue %}</c>.</summary>
    public sealed record Continue(int Line) : Statement(Line);
}

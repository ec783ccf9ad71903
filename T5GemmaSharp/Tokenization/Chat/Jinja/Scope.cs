using T5GemmaSharp.Tokenization.Chat.Jinja.Library;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>The variables of a template, of one turn of a loop, or of a call of a macro.</summary>
/// <param name="parent">The scope around it; null for the template's.</param>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    /// <summary>Sets a variable of this scope.</summary>
    public void Set(string name, object? value) => _variables[name] = value;

    /// <summary>A variable of this scope or one around it, or a function that every template has.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables.TryGetValue(name, out var value))
                return value;
        }

        return Globals.Find(name) ?? (object)new JinjaUndefined($"'{name}' is undefined");
    }

    private Scope? Parent { get; } = parent;
}

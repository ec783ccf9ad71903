namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Jinja's namespace, the one value whose attributes a template may change.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The attributes.</summary>
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

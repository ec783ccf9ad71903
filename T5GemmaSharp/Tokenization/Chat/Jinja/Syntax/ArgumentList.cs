namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>The arguments of a call, filter or test, not yet evaluated.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with one.</param>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    /// <summary>No arguments.</summary>
    public static ArgumentList Empty { get; } = new([], []);

    /// <summary>All arguments.</summary>
    public IEnumerable<Expression> All => Positional.Concat(Named.Select(argument => argument.Value));
}

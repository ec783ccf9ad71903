using System.Runtime.CompilerServices;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>A place in the tokens of a template, and the nesting so far.</summary>
internal sealed class TokenCursor(string name, IReadOnlyList<Token> tokens)
{
    // Far above what a template needs, far below what a stack holds.
    private const int MaximumNesting = 100;

    private int _index;
    private int _nesting;

    /// <summary>The next token.</summary>
    public Token Current => tokens[_index];

    /// <summary>The token behind the next one.</summary>
    public Token Following => tokens[Math.Min(_index + 1, tokens.Count - 1)];

    /// <summary>Takes the next token.</summary>
    public Token Take()
    {
        var token = Current;
        if (_index + 1 < tokens.Count)
            _index++;
        return token;
    }

    /// <summary>Takes the next token if it is the given operator.</summary>
    public bool TakeOperator(string text) => TakeIf(Current.IsOperator(text));

    /// <summary>Takes the next token if it is the given keyword.</summary>
    public bool TakeName(string text) => TakeIf(Current.IsName(text));

    /// <summary>Takes a token that must be there.</summary>
    public Token Expect(TokenKind kind, string description)
        => Current.Kind == kind ? Take() : throw Fail($"expected {description}, got {Current.Describe()}");

    /// <summary>Takes an operator that must be there.</summary>
    public void ExpectOperator(string text)
    {
        if (!TakeOperator(text))
            throw Fail($"expected '{text}', got {Current.Describe()}");
    }

    /// <summary>Takes a keyword that must be there.</summary>
    public void ExpectName(string text)
    {
        if (!TakeName(text))
            throw Fail($"expected '{text}', got {Current.Describe()}");
    }

    /// <summary>Counts one level of nesting until <see cref="Leave"/>.</summary>
    /// <exception cref="ChatTemplateException">The template nests too deep.</exception>
    public void Enter()
    {
        if (++_nesting > MaximumNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Fail($"nested deeper than {MaximumNesting} levels");
    }

    /// <summary>Ends a level of nesting.</summary>
    public void Leave() => _nesting--;

    /// <summary>A fault at the next token.</summary>
    public ChatTemplateException Fail(string problem) => Fail(Current.Line, problem);

    /// <summary>A fault at a line.</summary>
    public ChatTemplateException Fail(int line, string problem) => ChatTemplateException.At(name, line, problem);

    private bool TakeIf(bool condition)
    {
        if (condition)
            Take();
        return condition;
    }
}

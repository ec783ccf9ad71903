namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Kind of a token of a template.</summary>
internal enum TokenKind
{
    /// <summary>Text between the tags.</summary>
    Data,

    /// <summary>The start of a <c>{{ }}</c>.</summary>
    VariableBegin,

    /// <summary>The end of a <c>{{ }}</c>.</summary>
    VariableEnd,

    /// <summary>The start of a <c>{% %}</c>.</summary>
    BlockBegin,

    /// <summary>The end of a <c>{% %}</c>.</summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string literal, unescaped.</summary>
    String,

    /// <summary>A number.</summary>
    Number,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

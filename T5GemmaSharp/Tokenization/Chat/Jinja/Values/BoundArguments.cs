using T5GemmaSharp.Tokenization.Chat.Jinja.Python;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Arguments by the place of their parameters.</summary>
internal sealed class BoundArguments(RenderContext context, string function, IReadOnlyList<object?> values, IReadOnlyList<bool> given)
{
    /// <summary>Whether an argument was given.</summary>
    public bool Has(int index) => given[index];

    /// <summary>An argument; the default when it was not given.</summary>
    public object? Value(int index, object? defaultValue = null) => given[index] ? values[index] : defaultValue;

    /// <summary>An argument as a truth value.</summary>
    public bool Truth(int index, bool defaultValue) => given[index] ? PythonTypes.IsTrue(context, values[index]) : defaultValue;

    /// <summary>An argument that must be an int.</summary>
    public long Integer(int index, long defaultValue) => Value(index, defaultValue) switch
    {
        long integer => integer,
        bool truth => truth ? 1 : 0,
        var other => throw context.Fail($"{function}: expected an integer, got {PythonTypes.NameOf(other)}"),
    };

    /// <summary>An argument that must be a text.</summary>
    public string Text(int index, string defaultValue = "") => Value(index, defaultValue) switch
    {
        string text => text,
        var other => throw context.Fail($"{function}: expected a text, got {PythonTypes.NameOf(other)}"),
    };
}

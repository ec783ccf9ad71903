using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>The attributes that Python's types have.</summary>
internal static class MethodTable
{
    private static readonly HashSet<string> DictMutators = ["clear", "pop", "popitem", "setdefault", "update"];
    private static readonly HashSet<string> ListMutators = ["append", "reverse", "insert", "sort", "extend", "remove", "pop", "clear"];

    // What Python has besides and this library has not.
    private static readonly HashSet<string> OtherStringMethods =
    [
        "casefold", "center", "encode", "expandtabs", "format", "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
        "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "ljust", "maketrans", "partition", "rindex", "rjust", "rpartition", "swapcase",
        "translate", "zfill",
    ];

    private static readonly HashSet<string> OtherNumberAttributes =
    [
        "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "fromhex", "hex", "imag", "is_integer", "numerator", "real", "to_bytes",
    ];

    /// <summary>An attribute of a value; null when Python's type has none of this name.</summary>
    /// <exception cref="ChatTemplateException">Python's type has it, and it is not supported.</exception>
    public static object? Find(RenderContext context, object? target, string name)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
            return Unsafe(target, name);
        return target switch
        {
            string text => StringMethods.Find(text, name) ?? Refuse(context, target, name, OtherStringMethods),
            JinjaDict dict => DictMutators.Contains(name) ? Unsafe(dict, name) : ContainerMethods.Find(dict, name) ?? Refuse(context, target, name, ["copy", "fromkeys"]),
            List<object?> list => ListMutators.Contains(name) ? Unsafe(list, name) : ContainerMethods.Find(list, name) ?? Refuse(context, target, name, ["copy"]),
            JinjaTuple tuple => ContainerMethods.Find(tuple.Items, name),
            bool or long or double => Refuse(context, target, name, OtherNumberAttributes),
            null => null,
            _ => throw context.Fail($"'{name}' of a {PythonTypes.NameOf(target)} is not supported"),
        };
    }

    // The sandbox of the reference hides it: only its use is an error.
    private static JinjaUndefined Unsafe(object? target, string name)
        => new($"access to attribute '{name}' of '{PythonTypes.NameOf(target)}' object is unsafe");

    private static object? Refuse(RenderContext context, object? target, string name, HashSet<string> names)
        => names.Contains(name) ? throw context.Fail($"the method '{name}' of a {PythonTypes.NameOf(target)} is not supported") : null;
}

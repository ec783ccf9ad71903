using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>The tests by name.</summary>
internal static class TestTable
{
    private static readonly Dictionary<string, TestFunction> Tests = new(StringComparer.Ordinal)
    {
        ["boolean"] = Kind(value => value is bool),
        ["callable"] = Kind(value => value is IJinjaCallable or JinjaUndefined or LoopState),
        ["defined"] = Kind(value => value is not JinjaUndefined),
        ["divisibleby"] = (context, value, arguments) => Remainder(context, value, Operand(context, "divisibleby", arguments)) == 0,
        ["even"] = (context, value, arguments) => None(context, "even", arguments) && Remainder(context, value, 2L) == 0,
        ["false"] = Kind(value => value is false),
        ["float"] = Kind(value => value is double),
        ["in"] = (context, value, arguments) => PythonComparison.Contains(context, Operand(context, "in", arguments), value),
        ["integer"] = Kind(value => value is long),
        ["iterable"] = Kind(value => value is LoopState or SafeText || PythonTypes.IsIterable(value)),
        ["mapping"] = Kind(value => value is JinjaDict),
        ["none"] = Kind(value => value is null),
        ["number"] = Kind(value => value is bool or long or double),
        ["odd"] = (context, value, arguments) => None(context, "odd", arguments) && Remainder(context, value, 2L) == 1,
        ["sameas"] = (context, value, arguments) => IsSame(context, value, Operand(context, "sameas", arguments)),
        ["sequence"] = Kind(value => value is string or SafeText or List<object?> or JinjaTuple or JinjaDict or JinjaRange or JinjaUndefined),
        ["string"] = Kind(value => value is string or SafeText),
        ["true"] = Kind(value => value is true),
        ["undefined"] = Kind(value => value is JinjaUndefined),
        ["eq"] = Comparison("=="),
        ["equalto"] = Comparison("=="),
        ["ne"] = Comparison("!="),
        ["lt"] = Comparison("<"),
        ["lessthan"] = Comparison("<"),
        ["le"] = Comparison("<="),
        ["gt"] = Comparison(">"),
        ["greaterthan"] = Comparison(">"),
        ["ge"] = Comparison(">="),
        ["=="] = Comparison("=="),
        ["!="] = Comparison("!="),
        ["<"] = Comparison("<"),
        ["<="] = Comparison("<="),
        [">"] = Comparison(">"),
        [">="] = Comparison(">="),
    };

    /// <summary>A test; null when it is not supported.</summary>
    public static TestFunction? Find(string name) => Tests.GetValueOrDefault(name);

    private static TestFunction Kind(Func<object?, bool> isOf)
        => (context, value, arguments) => None(context, "the test", arguments) && isOf(value);

    private static TestFunction Comparison(string symbol)
        => (context, value, arguments) => PythonComparison.Apply(context, symbol, value, Operand(context, $"the test {symbol}", arguments));

    private static object? Operand(RenderContext context, string test, CallArguments arguments)
        => arguments.Bind(context, test, required: 1, "other").Value(0);

    private static bool None(RenderContext context, string test, CallArguments arguments)
    {
        arguments.Bind(context, test, required: 0);
        return true;
    }

    private static double Remainder(RenderContext context, object? value, object? divisor)
        => PythonNumbers.TryRead(Operators.Apply(context, "%", value, divisor), out var number) ? number.AsReal : double.NaN;

    private static bool IsSame(RenderContext context, object? value, object? other)
        => value is long or double or string && other is long or double or string
            ? throw context.Fail("sameas between numbers or texts is not supported")
            : value is bool truth ? other is bool otherTruth && truth == otherTruth : ReferenceEquals(value, other);
}

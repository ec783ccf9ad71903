using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's equality, order and membership.</summary>
internal static class PythonComparison
{
    /// <summary>A comparison operator.</summary>
    /// <exception cref="ChatTemplateException">The two kinds of values have no order.</exception>
    public static bool Apply(RenderContext context, string symbol, object? left, object? right) => symbol switch
    {
        "==" => AreEqual(context, left, right),
        "!=" => !AreEqual(context, left, right),
        "in" => Contains(context, right, left),
        "not in" => !Contains(context, right, left),
        "<" => Order(context, symbol, left, right) < 0,
        "<=" => Order(context, symbol, left, right) <= 0,
        ">" => Order(context, symbol, left, right) > 0,
        _ => Order(context, symbol, left, right) >= 0,
    };

    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(RenderContext context, object? left, object? right)
    {
        context.StepInto();
        return AreEqualUncounted(context, (left as SafeText)?.Value ?? left, (right as SafeText)?.Value ?? right);
    }

    /// <summary>Whether a value is in a container.</summary>
    /// <exception cref="ChatTemplateException">The container is none.</exception>
    public static bool Contains(RenderContext context, object? container, object? value)
    {
        switch (container)
        {
            case string text when value is string part:
                return PythonText.Find(context, context.Plain(text), context.Plain(part), start: 0) is not null;
            case string:
                throw context.Fail($"'in <string>' requires string as left operand, not {PythonTypes.NameOf(value)}");
            case JinjaDict dict:
                return dict.Contains(value);
            default:
                return PythonTypes.Iterate(context, container).Any(item => AreEqual(context, item, value));
        }
    }

    /// <summary>Whether the first value is the smaller one.</summary>
    /// <exception cref="ChatTemplateException">The two kinds of values have no order.</exception>
    public static bool IsLess(RenderContext context, object? left, object? right) => Order(context, "<", left, right) < 0;

    private static bool AreEqualUncounted(RenderContext context, object? left, object? right)
    {
        switch (left, right)
        {
            case (null, null) or (JinjaUndefined, JinjaUndefined):
                return true;
            case (string first, string second):
                context.Pass(Math.Min(first.Length, second.Length));
                return context.SameText(first, second);
            case (List<object?> first, List<object?> second):
                return AreEqual(context, first, second);
            case (JinjaTuple first, JinjaTuple second):
                return AreEqual(context, first.Items, second.Items);
            case (JinjaDict first, JinjaDict second):
                return first.Count == second.Count
                    && first.Items.All(item => second.TryGet(item.Key, out var other) && AreEqual(context, item.Value, other));
            case (JinjaRange first, JinjaRange second):
                return first.Count == second.Count && (first.Count == 0 || (first.Start == second.Start && (first.Count == 1 || first.Step == second.Step)));
            case (DictView, DictView):
                throw context.Fail("a comparison of the views of dicts is not supported");
            default:
                return PythonNumbers.TryRead(left, out var leftNumber) && PythonNumbers.TryRead(right, out var rightNumber)
                    ? PythonNumbers.Compare(leftNumber, rightNumber) == 0
                    : ReferenceEquals(left, right);
        }
    }

    private static bool AreEqual(RenderContext context, IReadOnlyList<object?> left, IReadOnlyList<object?> right)
        => ReferenceEquals(left, right)
            || (left.Count == right.Count && left.Zip(right).All(pair => AreEqual(context, pair.First, pair.Second)));

    // Null when there is no order because a float is no number.
    private static int? Order(RenderContext context, string symbol, object? left, object? right)
    {
        context.StepInto();
        return (left, right) switch
        {
            (string first, string second) => OrderTexts(context, first, second),
            (List<object?> first, List<object?> second) => OrderLists(context, symbol, first, second),
            (JinjaTuple first, JinjaTuple second) => OrderLists(context, symbol, first.Items, second.Items),
            _ => OrderNumbers(context, symbol, left, right),
        };
    }

    private static int OrderTexts(RenderContext context, string left, string right)
    {
        context.Pass(Math.Min(left.Length, right.Length));
        return CodePoints.Compare(context.Plain(left), context.Plain(right));
    }

    private static int? OrderNumbers(RenderContext context, string symbol, object? left, object? right)
    {
        if (left is JinjaUndefined || right is JinjaUndefined)
            throw context.Fail(((left as JinjaUndefined) ?? (JinjaUndefined)right!).Problem); // one of the two is undefined
        if (!PythonNumbers.TryRead(left, out var leftNumber) || !PythonNumbers.TryRead(right, out var rightNumber))
            throw context.Fail($"'{symbol}' is not supported between '{PythonTypes.NameOf(left)}' and '{PythonTypes.NameOf(right)}'");
        return PythonNumbers.Compare(leftNumber, rightNumber);
    }

    private static int? OrderLists(RenderContext context, string symbol, IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        for (var index = 0; index < Math.Min(left.Count, right.Count); index++)
        {
            if (!AreEqual(context, left[index], right[index]))
                return Order(context, symbol, left[index], right[index]);
        }

        return left.Count.CompareTo(right.Count);
    }
}

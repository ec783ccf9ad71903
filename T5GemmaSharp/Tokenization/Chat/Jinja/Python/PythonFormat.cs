using System.Globalization;
using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's <c>str</c> and <c>repr</c>.</summary>
internal static class PythonFormat
{
    /// <summary>A value as a template writes it.</summary>
    /// <exception cref="ChatTemplateException">The value has no text, such as a function.</exception>
    public static string Text(RenderContext context, object? value)
    {
        switch (value)
        {
            case string text:
                return text;
            case SafeText text:
                return text.Value;
            case JinjaUndefined:
                return "";
            default:
                var builder = new StringBuilder();
                AppendRepr(context, builder, value);
                context.Produce(builder.Length);
                return builder.ToString();
        }
    }

    /// <summary>A float: the shortest digits that give it back.</summary>
    public static string Real(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        return Arrange(value.ToString("R", CultureInfo.InvariantCulture));
    }

    // From .NET's choice of form to Python's.
    private static string Arrange(string text)
    {
        var sign = text[0] == '-' ? "-" : "";
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var mantissa = text[sign.Length..(mark < 0 ? text.Length : mark)];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var exponent = (point < 0 ? mantissa.Length : point) - 1 + (mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), CultureInfo.InvariantCulture));
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var zeros = Math.Min(digits.Length - 1, digits.Length - digits.TrimStart('0').Length);
        (digits, exponent) = (digits[zeros..].TrimEnd('0'), exponent - zeros);
        if (digits.Length == 0)
            return $"{sign}0.0";
        if (exponent is < -4 or >= 16)
        {
            var fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        digits = digits.PadRight(exponent + 1, '0');
        var rest = digits[(exponent + 1)..];
        return $"{sign}{digits[..(exponent + 1)]}.{(rest.Length > 0 ? rest : "0")}";
    }

    private static void AppendRepr(RenderContext context, StringBuilder builder, object? value)
    {
        context.StepInto();
        context.CheckLength(builder.Length);
        switch (value)
        {
            case null:
                builder.Append("None");
                break;
            case bool truth:
                builder.Append(truth ? "True" : "False");
                break;
            case long integer:
                builder.Append(integer);
                break;
            case double real:
                builder.Append(Real(real));
                break;
            case string text:
                PythonRepr.Append(context, builder, text);
                break;
            case JinjaUndefined:
                builder.Append("Undefined");
                break;
            case List<object?> list:
                AppendAll(context, builder, "[", list, "]");
                break;
            case JinjaTuple tuple:
                AppendAll(context, builder, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")");
                break;
            case JinjaDict dict:
                AppendDict(context, builder, dict.Items);
                break;
            case JinjaRange range:
                var stop = range.Start + (range.Step * range.Count);
                builder.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {stop}{(range.Step == 1 ? "" : $", {range.Step}")})");
                break;
            case DictView view:
                AppendAll(context, builder.Append(view.Kind), "([", view.Items, "])");
                break;
            default:
                throw context.Fail($"writing a {PythonTypes.NameOf(value)} is not supported");
        }
    }

    private static void AppendAll(RenderContext context, StringBuilder builder, string open, IReadOnlyList<object?> items, string close)
    {
        builder.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            if (index > 0)
                builder.Append(", ");
            AppendRepr(context, builder, items[index]);
        }

        builder.Append(close);
    }

    private static void AppendDict(RenderContext context, StringBuilder builder, IEnumerable<(object? Key, object? Value)> items)
    {
        builder.Append('{');
        var isFirst = true;
        foreach (var (key, value) in items)
        {
            if (!isFirst)
                builder.Append(", ");
            isFirst = false;
            AppendRepr(context, builder, key);
            builder.Append(": ");
            AppendRepr(context, builder, value);
        }

        builder.Append('}');
    }
}

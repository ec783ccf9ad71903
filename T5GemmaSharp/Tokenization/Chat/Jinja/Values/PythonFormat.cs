using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

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
        var text = value.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 16; digits++)
        {
            var shorter = value.ToString(string.Create(CultureInfo.InvariantCulture, $"E{digits}"), CultureInfo.InvariantCulture);
            if (double.Parse(shorter, CultureInfo.InvariantCulture) == value)
            {
                text = shorter;
                break;
            }
        }

        return Arrange(text);
    }

    // From d.dddE+ddd to Python's choice of form.
    private static string Arrange(string scientific)
    {
        var mark = scientific.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(scientific.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        var sign = scientific[0] == '-' ? "-" : "";
        var digits = scientific[sign.Length..mark].Replace(".", "", StringComparison.Ordinal);
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

using System.Globalization;
using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's <c>json.dumps</c>.</summary>
internal sealed class PythonJson
{
    private readonly RenderContext _context;
    private readonly JsonFormat _format;
    private readonly StringBuilder _builder = new();

    private PythonJson(RenderContext context, JsonFormat format)
    {
        _context = context;
        _format = format;
    }

    /// <summary>Writes a value.</summary>
    /// <exception cref="ChatTemplateException">The value holds something that JSON has no form for.</exception>
    public static string Write(RenderContext context, JsonFormat format, object? value)
    {
        var writer = new PythonJson(context, format);
        writer.Append(value, level: 0);
        context.Produce(writer._builder.Length);
        return writer._builder.ToString();
    }

    private void Append(object? value, int level)
    {
        _context.StepInto();
        switch (value)
        {
            case string text:
                AppendText(text);
                break;
            case SafeText text:
                AppendText(text.Value);
                break;
            case List<object?> list:
                AppendAll('[', list, item => Append(item, level + 1), ']', level);
                break;
            case JinjaTuple tuple:
                AppendAll('[', tuple.Items, item => Append(item, level + 1), ']', level);
                break;
            case JinjaDict dict:
                AppendAll('{', Order(dict), item => AppendItem(item, level + 1), '}', level);
                break;
            default:
                _builder.Append(Scalar(value) ?? throw _context.Fail($"object of type {PythonTypes.NameOf(value)} is not JSON serializable"));
                break;
        }

        _context.CheckLength(_builder.Length);
    }

    private static string? Scalar(object? value) => value switch
    {
        null => "null",
        bool truth => truth ? "true" : "false",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        double real => PythonFormat.Real(real),
        _ => null,
    };

    private List<(object? Key, object? Value)> Order(JinjaDict dict)
    {
        List<(object? Key, object? Value)> items = [.. dict.Items];
        return _format.SortsKeys ? StableSort.Sort(items, (left, right) => PythonComparison.IsLess(_context, left.Key, right.Key)) : items;
    }

    private void AppendItem((object? Key, object? Value) item, int level)
    {
        AppendText(item.Key as string ?? Scalar(item.Key)!); // keys are texts or scalars
        _builder.Append(_format.KeySeparator);
        Append(item.Value, level);
    }

    private void AppendAll<T>(char open, IReadOnlyCollection<T> items, Action<T> append, char close, int level)
    {
        _builder.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                _builder.Append(_format.ItemSeparator);
            isFirst = false;
            AppendLine(level + 1);
            append(item);
        }

        if (items.Count > 0)
            AppendLine(level);
        _builder.Append(close);
    }

    private void AppendLine(int level)
    {
        if (_format.Indent is not { } indent)
            return;
        _context.CheckLength(_builder.Length + ((long)indent.Length * level));
        _builder.Append('\n').Insert(_builder.Length, indent, level);
    }

    private void AppendText(string text)
    {
        _builder.Append('"');
        foreach (var character in text)
        {
            var plain = _context.Plain(character);
            if (Escape(plain) is { } escape)
                _builder.Append(escape);
            else
                _builder.Append(character);
        }

        _builder.Append('"');
        _context.CheckLength(_builder.Length);
    }

    private string? Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\f' => @"\f",
        '\b' => @"\b",
        < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
        > '~' when _format.EscapesNonAscii => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
        _ => null,
    };
}

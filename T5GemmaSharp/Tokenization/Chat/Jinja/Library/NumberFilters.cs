using System.Globalization;
using System.Numerics;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Filters that give a number.</summary>
internal static class NumberFilters
{
    private const int MaximumPrecision = 300;
    private const int StepsPerRounding = 20; // integers of some thousand bits

    public static object? Abs(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "abs", required: 0);
        var number = Number(context, "abs", value);
        if (number.Real is { } real)
            return Math.Abs(real);
        return number.Integer < 0 ? PythonNumbers.Negate(context, number) : number.Integer;
    }

    public static object? Int(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "int", required: 0, "default", "base");
        if (bound.Integer(1, 10) != 10)
            throw context.Fail("int: another base than 10 is not supported");
        value = (value as SafeText)?.Value ?? value;
        if (value is string text && PythonNumberText.TryInteger(context, text) is { } integer)
            return integer;
        return TryReal(context, value) switch
        {
            null => bound.Value(0, 0L),
            { Real: null } number => number.Integer,
            { Real: double.NaN } => bound.Value(0, 0L),
            { Real: { } real } when Math.Abs(real) < long.MaxValue => (long)real,
            _ => throw context.Fail("int: the number is beyond 64 bits"),
        };
    }

    public static object? Float(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "float", required: 0, "default");
        return TryReal(context, (value as SafeText)?.Value ?? value) is { } number ? number.AsReal : bound.Value(0, 0.0);
    }

    public static object? Round(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "round", required: 0, "precision", "method");
        var number = Number(context, "round", value);
        var precision = bound.Integer(0, 0);
        context.Step(StepsPerRounding);
        if (Math.Abs(precision) > MaximumPrecision)
            throw context.Fail($"round: a precision beyond {MaximumPrecision} is not supported");
        var method = bound.Text(1, "common");
        if (method == "common")
            return Nearest(context, number, (int)precision);
        if (precision is < 0 or > 15)
            throw context.Fail($"round: the method \"{method}\" with a precision of {precision} is not supported");
        var scale = Math.Pow(10, precision); // exact up to here
        var scaled = number.AsReal * scale;
        return method switch
        {
            "ceil" => Math.Ceiling(scaled) / scale,
            "floor" => Math.Floor(scaled) / scale,
            _ => throw context.Fail($"round: expected common, ceil or floor, got \"{method}\""),
        };
    }

    public static object? Sum(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "sum", required: 0, "attribute", "start");
        var path = AttributePath.Of(context, bound.Value(0));
        return PythonTypes.Iterate(context, value).Aggregate(
            bound.Value(1, 0L),
            (sum, item) => Operators.Apply(context, "+", sum, path.Read(item)));
    }

    // Exact, with ties to the even digit: what Python's round gives.
    private static object Nearest(RenderContext context, PythonNumber number, int precision)
    {
        if (number.Real is not { } real)
            return precision >= 0 ? number.Integer : throw context.Fail("round: a negative precision of an integer is not supported");
        if (!double.IsFinite(real) || real == 0)
            return real;
        var bits = BitConverter.DoubleToInt64Bits(real);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        exponent = Math.Max(exponent, 1) - 1075;
        var numerator = mantissa * BigInteger.Pow(2, Math.Max(exponent, 0)) * BigInteger.Pow(10, Math.Max(precision, 0));
        var denominator = BigInteger.Pow(2, Math.Max(-exponent, 0)) * BigInteger.Pow(10, Math.Max(-precision, 0));
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var order = (remainder * 2).CompareTo(denominator);
        if (order > 0 || (order == 0 && !quotient.IsEven))
            quotient++;
        var text = string.Create(CultureInfo.InvariantCulture, $"{quotient}E{-precision}");
        return Math.CopySign(double.Parse(text, CultureInfo.InvariantCulture), real);
    }

    private static PythonNumber Number(RenderContext context, string filter, object? value)
        => PythonNumbers.TryRead(value, out var number) ? number : throw context.Fail($"{filter}: expected a number, got {PythonTypes.NameOf(value)}");

    private static PythonNumber? TryReal(RenderContext context, object? value)
    {
        if (value is JinjaUndefined undefined)
            throw context.Fail(undefined.Problem);
        if (value is string text)
            return PythonNumberText.TryReal(context, text) is { } real ? new PythonNumber(0, real) : null;
        return PythonNumbers.TryRead(value, out var number) ? number : null;
    }
}

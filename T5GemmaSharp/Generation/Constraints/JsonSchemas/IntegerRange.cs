using System.Globalization;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>The decimal texts of the integers of a range.</summary>
internal static class IntegerRange
{
    /// <summary>Most digits of an integer, so that each fits a <see cref="long"/>.</summary>
    public const int MaxDigits = 18;

    /// <summary>The largest integer that is written; the smallest is its negative.</summary>
    public const long Largest = 999_999_999_999_999_999;

    /// <summary>The texts of a range within <see cref="Largest"/>, both ends included; nothing if it is empty.</summary>
    public static Expression Between(long first, long last)
    {
        var negative = first > -1 ? Expression.Nothing : Expression.Sequence(Expression.Text("-"), Magnitudes(-Math.Min(last, -1), -first));
        return Expression.AnyOf(negative, Magnitudes(Math.Max(first, 0), last));
    }

    private static Expression Magnitudes(long first, long last)
    {
        var lengths = new List<Expression>();
        for (long low = 0, high = 9; low <= last; low = high + 1, high = (high * 10) + 9)
        {
            var (from, to) = (Math.Max(first, low), Math.Min(last, high));
            if (from <= to)
                lengths.Add(Digits(from.ToString(CultureInfo.InvariantCulture), to.ToString(CultureInfo.InvariantCulture)));
        }

        return Expression.AnyOf(lengths);
    }

    /// <summary>The texts from one to another of the same length.</summary>
    private static Expression Digits(string first, string last)
    {
        if (first.Length == 0)
            return Expression.Empty;
        if (first.All(digit => digit == '0') && last.All(digit => digit == '9'))
            return Expression.Repeat(Between(first[0], last[0]), first.Length, first.Length);
        if (first[0] == last[0])
            return Expression.Sequence(Between(first[0], first[0]), Digits(first[1..], last[1..]));
        var (lowest, highest) = (new string('0', first.Length - 1), new string('9', first.Length - 1));
        return Expression.AnyOf(
            Expression.Sequence(Between(first[0], first[0]), Digits(first[1..], highest)),
            Expression.Sequence(Between((char)(first[0] + 1), (char)(last[0] - 1)), Digits(lowest, highest)),
            Expression.Sequence(Between(last[0], last[0]), Digits(lowest, last[1..])));
    }

    private static Expression Between(char first, char last)
        => first > last ? Expression.Nothing : Expression.Character(CodePointSet.Of((first, last)));
}

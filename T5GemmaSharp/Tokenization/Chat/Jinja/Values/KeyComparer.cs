using T5GemmaSharp.Tokenization.Chat.Jinja.Python;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Equality of dict keys: 1, 1.0 and True are one key.</summary>
internal sealed class KeyComparer(RenderContext context) : IEqualityComparer<object>
{
    /// <inheritdoc/>
    public new bool Equals(object? left, object? right)
    {
        if (left is string first && right is string second)
            return context.SameText(first, second);
        return PythonNumbers.TryRead(left, out var leftNumber) && PythonNumbers.TryRead(right, out var rightNumber)
            ? PythonNumbers.Compare(leftNumber, rightNumber) == 0
            : ReferenceEquals(left, right);
    }

    /// <inheritdoc/>
    public int GetHashCode(object value)
    {
        if (value is string text)
        {
            context.Pass(text.Length);
            return string.GetHashCode(context.Plain(text), StringComparison.Ordinal);
        }

        if (!PythonNumbers.TryRead(value, out var number))
            return 0;
        return (number.Real is { } real ? real : (double)number.Integer).GetHashCode();
    }
}

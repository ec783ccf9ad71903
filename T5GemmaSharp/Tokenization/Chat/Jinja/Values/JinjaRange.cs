using System.Collections;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Python's range.</summary>
/// <param name="start">First number.</param>
/// <param name="step">Distance of the numbers; not 0.</param>
/// <param name="count">How many there are.</param>
internal sealed class JinjaRange(long start, long step, int count) : IReadOnlyList<object?>
{
    /// <summary>First number.</summary>
    public long Start { get; } = start;

    /// <summary>Distance of the numbers.</summary>
    public long Step { get; } = step;

    /// <inheritdoc/>
    public int Count { get; } = count;

    /// <inheritdoc/>
    public object? this[int index] => Start + (Step * index);

    /// <inheritdoc/>
    public IEnumerator<object?> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

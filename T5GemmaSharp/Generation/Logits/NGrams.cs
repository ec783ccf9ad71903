
namespace T5GemmaSharp.Generation.Logits;

/// <summary>Which tokens followed each run of tokens in a text.</summary>
internal sealed class NGrams
{
    private readonly Dictionary<string, List<long>> _followers = new(StringComparer.Ordinal);
    private readonly int _size;

    /// <summary>Collects the runs of a size.</summary>
    public NGrams(ReadOnlySpan<long> ids, int size)
    {
        _size = size;
        for (var end = size; end <= ids.Length; end++)
        {
            var key = Key(ids.Slice(end - size, size - 1));
            if (!_followers.TryGetValue(key, out var list))
                _followers[key] = list = [];
            list.Add(ids[end - 1]);
        }
    }

    /// <summary>The tokens that would complete one of the runs after a text.</summary>
    public IReadOnlyList<long> After(ReadOnlySpan<long> ids) =>
        ids.Length + 1 >= _size && _followers.TryGetValue(Key(ids[(ids.Length + 1 - _size)..]), out var list) ? list : [];

    private static string Key(ReadOnlySpan<long> ids) => string.Join(' ', ids.ToArray());
}

using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Tells who computes the decoder's steps, each time that it changes.</summary>
/// <param name="writer">Where; null: nowhere.</param>
internal sealed class DecodingRoutes(TextWriter? writer)
{
    private DecodingRoute? _last;

    /// <summary>Takes account of a generation.</summary>
    public void Add(DecodingRoute route)
    {
        if (route == _last)
            return;
        _last = route;
        writer?.WriteLine($"decoding by {route}");
    }
}

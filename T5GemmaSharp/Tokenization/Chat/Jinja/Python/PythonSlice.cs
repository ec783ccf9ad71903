namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>The places that a slice names in a sequence.</summary>
/// <param name="First">The first place.</param>
/// <param name="Step">Distance of the places.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct PythonSlice(int First, long Step, int Count)
{
    /// <summary>The places of <c>[start:stop:step]</c>, as Python's <c>slice.indices</c> clips them.</summary>
    /// <exception cref="ChatTemplateException">A bound is no integer, or the step is 0.</exception>
    public static PythonSlice Of(RenderContext context, object? start, object? stop, object? step, int length)
    {
        var stride = Bound(context, step) ?? 1;
        if (stride == 0)
            throw context.Fail("slice step cannot be zero");
        var (low, high) = stride > 0 ? (0L, (long)length) : (-1L, length - 1L);
        var first = Clip(Bound(context, start)) ?? (stride > 0 ? low : high);
        var end = Clip(Bound(context, stop)) ?? (stride > 0 ? high : low);
        var distance = (Int128)(stride > 0 ? end - first : first - end);
        var width = Int128.Abs(stride);
        return distance <= 0 ? new PythonSlice(0, 1, 0) : new PythonSlice((int)first, stride, (int)((distance + width - 1) / width));

        long? Clip(long? bound) => bound is { } place ? Math.Clamp(place < 0 ? place + length : place, low, high) : null;
    }

    /// <summary>All places.</summary>
    public IEnumerable<int> All()
    {
        var (first, step) = (First, Step);
        return Enumerable.Range(0, Count).Select(index => (int)(first + (step * index)));
    }

    private static long? Bound(RenderContext context, object? value) => value switch
    {
        null => null,
        long integer => integer,
        bool truth => truth ? 1 : 0,
        _ => throw context.Fail($"slice indices must be integers or None, got {PythonTypes.NameOf(value)}"),
    };
}

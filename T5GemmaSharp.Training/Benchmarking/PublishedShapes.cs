namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>The shapes of the published models.</summary>
internal static class PublishedShapes
{
    /// <summary>Their names, encoder before decoder.</summary>
    public static IReadOnlyList<string> Names { get; } = ["s-s", "b-b", "l-l", "ml-ml", "xl-xl", "2b-2b", "9b-2b", "9b-9b"];

    /// <summary>The configuration of a size.</summary>
    /// <param name="name">For example <c>9b-2b</c>.</param>
    public static T5GemmaConfig Config(string name) =>
        name.Split('-') is [var encoder, var decoder]
            ? new() { Encoder = Stack(encoder), Decoder = Stack(decoder) }
            : throw new ArgumentException($"{name}: expected ENCODER-DECODER", nameof(name));

    private static T5GemmaModuleConfig Stack(string name) => name switch
    {
        "s" => Stack(512, 1024, 8, 8, 8, 64),
        "b" => Stack(768, 2048, 12, 12, 12, 64),
        "l" => Stack(1024, 2816, 24, 16, 16, 64),
        "ml" => Stack(1152, 6912, 26, 4, 4, 256),
        "xl" => Stack(2048, 5120, 24, 32, 32, 64),
        "2b" => Stack(2304, 9216, 26, 8, 4, 256),
        "9b" => Stack(3584, 14336, 42, 16, 8, 256),
        _ => throw new ArgumentException($"{name} is no published size", nameof(name)),
    };

    private static T5GemmaModuleConfig Stack(long hiddenSize, long intermediateSize, int layers, long heads, long keyValueHeads, long headDim) => new()
    {
        HiddenSize = hiddenSize,
        IntermediateSize = intermediateSize,
        NumHiddenLayers = layers,
        NumAttentionHeads = heads,
        NumKeyValueHeads = keyValueHeads,
        HeadDim = headDim,
        QueryPreAttnScalar = headDim,
    };
}

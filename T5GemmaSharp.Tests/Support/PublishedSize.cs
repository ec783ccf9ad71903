namespace T5GemmaSharp.Tests.Support;

/// <summary>The dimensions of the published models.</summary>
internal static class PublishedSize
{
    /// <summary>Name, encoder before decoder, and number of parameters, a tied head counted once.</summary>
    public static IReadOnlyDictionary<string, long> ParameterCounts { get; } = new Dictionary<string, long>
    {
        ["s-s"] = 312_517_632,
        ["b-b"] = 591_490_560,
        ["l-l"] = 1_241_761_792,
        ["ml-ml"] = 2_200_345_344,
        ["xl-xl"] = 3_766_980_608,
        ["2b-2b"] = 5_596_853_760,
        ["9b-2b"] = 12_292_375_296,
        ["9b-9b"] = 20_333_401_088,
    };

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

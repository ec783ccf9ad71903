namespace T5GemmaSharp.Tests.Support;

/// <summary>The sizes of the published models.</summary>
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
}

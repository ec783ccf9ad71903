using CsCheck;

namespace T5GemmaSharp.Tests.Generation.Constraints;

internal static class Choice
{
    /// <summary>Generates one of some values.</summary>
    public static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);
}

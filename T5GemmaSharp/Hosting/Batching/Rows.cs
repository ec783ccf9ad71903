using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>Numbers as arrays.</summary>
internal static class Rows
{
    /// <summary>The rows of a tensor [B, ...], from any device.</summary>
    public static IReadOnlyList<float[]> Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var all = tensor.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        var width = all.Length / (int)tensor.size(0);
        return [.. Enumerable.Range(0, (int)tensor.size(0)).Select(row => all[(row * width)..((row + 1) * width)])];
    }
}

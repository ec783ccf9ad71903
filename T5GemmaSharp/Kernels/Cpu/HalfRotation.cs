namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Rotary positions: pairs of the two halves of a head are turned.</summary>
internal static unsafe class HalfRotation
{
    /// <summary>Turns heads in place.</summary>
    /// <param name="heads">[count, E].</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="headDim">E.</param>
    /// <param name="cos">[E]; both halves are equal.</param>
    /// <param name="sin">[E]; both halves are equal.</param>
    public static void Apply(float* heads, int count, int headDim, float* cos, float* sin)
    {
        var half = headDim / 2;
        for (var head = heads; count > 0; count--, head += headDim)
        {
            for (var index = 0; index < half; index++)
            {
                var (first, second) = (head[index], head[index + half]);
                head[index] = (first * cos[index]) - (second * sin[index]);
                head[index + half] = (second * cos[index + half]) + (first * sin[index + half]);
            }
        }
    }
}

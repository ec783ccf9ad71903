using T5GemmaSharp.Kernels.Cuda.Decode;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>What <c>sampling.cu</c> draws, computed plainly in double precision.</summary>
internal static class DrawReference
{
    private const int Threads = 1024;

    /// <summary>The tokens that the cuts leave.</summary>
    public static bool[] Kept(float[] logits, DrawSettings settings)
    {
        var largest = logits.Max();
        var least = double.NegativeInfinity;
        if (settings.TopK > 0 && settings.TopK < logits.Length)
            least = logits.OrderDescending().ElementAt(settings.TopK - 1);
        if (settings.TopP < 1)
        {
            var left = logits.Where(logit => logit >= least).OrderDescending().ToArray();
            var target = settings.TopP * left.Sum(Mass);
            var sum = 0.0;
            least = left.First(logit => (sum += Mass(logit)) >= target);
        }
        if (settings.MinP > 0)
            least = Math.Max(least, largest + (settings.Temperature * Math.Log(settings.MinP)));
        return [.. logits.Select(logit => logit >= least || logit == largest)];

        double Mass(float logit) => Math.Exp((logit - (double)largest) / settings.Temperature);
    }

    /// <summary>The drawn token, and how far the draw was from the next one as a share of all.</summary>
    public static (int Token, double Margin) Draw(float[] logits, DrawSettings settings, uint position)
    {
        var kept = Kept(logits, settings);
        var largest = logits.Max();
        var masses = logits.Select((logit, id) => kept[id] ? Math.Exp((logit - (double)largest) / settings.Temperature) : 0).ToArray();
        var total = masses.Sum();
        var target = RandomBits(settings.Seed, position) / Math.Pow(2, 64) * total;
        var sum = 0.0;
        // A thread's tokens come before those of the next thread.
        foreach (var id in Enumerable.Range(0, Threads).SelectMany(thread => Enumerable.Range(0, (logits.Length + Threads - 1) / Threads).Select(step => thread + (step * Threads))).Where(id => id < logits.Length))
        {
            if (target < sum + masses[id])
                return (id, Math.Min(target - sum, sum + masses[id] - target) / total);
            sum += masses[id];
        }
        throw new InvalidOperationException("nothing was drawn");
    }

    /// <summary>Philox4x32-10 (Salmon et al. 2011).</summary>
    public static ulong RandomBits(ulong seed, uint position)
    {
        var (c0, c1, c2, c3) = (position, 0u, 0u, 0u);
        var (k0, k1) = ((uint)seed, (uint)(seed >> 32));
        for (var round = 0; round < 10; round++)
        {
            var (first, second) = ((ulong)0xD2511F53 * c0, (ulong)0xCD9E8D57 * c2);
            (c0, c1, c2, c3) = ((uint)(second >> 32) ^ c1 ^ k0, (uint)second, (uint)(first >> 32) ^ c3 ^ k1, (uint)first);
            (k0, k1) = (k0 + 0x9E3779B9, k1 + 0xBB67AE85);
        }
        return ((ulong)c0 << 32) | c1;
    }
}

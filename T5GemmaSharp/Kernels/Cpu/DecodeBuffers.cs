namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>What a step computes between the weights: [R, ...] each.</summary>
internal sealed unsafe class DecodeBuffers : IDisposable
{
    private const int Line = 16;

    private readonly AlignedFloats _states;
    private readonly int _workers;
    private AlignedFloats _scores = new(0);
    private long _scoresOfWorker;

    /// <summary>Allocates.</summary>
    /// <param name="config">The decoder's configuration.</param>
    /// <param name="rows">R.</param>
    /// <param name="workers">Threads that need scores of their own.</param>
    public DecodeBuffers(T5GemmaModuleConfig config, int rows, int workers)
    {
        _workers = workers;
        var (hidden, query) = (config.HiddenSize, config.NumAttentionHeads * config.HeadDim);
        var key = config.NumKeyValueHeads * config.HeadDim;
        long[] widths = [hidden, hidden, hidden, query, query, key, key, config.IntermediateSize, config.IntermediateSize];
        _states = new AlignedFloats(widths.Sum(width => Rounded(rows * width)));
        var next = _states.First;
        Hidden = Take(hidden);
        Normalized = Take(hidden);
        Projected = Take(hidden);
        Query = Take(query);
        Attended = Take(query);
        Key = Take(key);
        Value = Take(key);
        Gate = Take(config.IntermediateSize);
        Up = Take(config.IntermediateSize);

        float* Take(long width)
        {
            var taken = next;
            next += Rounded(rows * width);
            return taken;
        }
    }

    public float* Hidden { get; }

    public float* Normalized { get; }

    public float* Projected { get; }

    public float* Query { get; }

    public float* Attended { get; }

    public float* Key { get; }

    public float* Value { get; }

    public float* Gate { get; }

    public float* Up { get; }

    /// <summary>Scores of a thread.</summary>
    public float* Scores(int worker) => _scores.First + (worker * _scoresOfWorker);

    /// <summary>Makes room for scores; the old ones are lost.</summary>
    public void ReserveScores(int count)
    {
        if (count <= _scoresOfWorker)
            return;
        _scores.Dispose();
        _scoresOfWorker = Rounded(2L * count);
        _scores = new AlignedFloats(_scoresOfWorker * _workers);
    }

    public void Dispose()
    {
        _states.Dispose();
        _scores.Dispose();
    }

    private static long Rounded(long count) => (count + Line - 1) / Line * Line;
}

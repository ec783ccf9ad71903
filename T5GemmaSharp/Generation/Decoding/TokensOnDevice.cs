using T5GemmaSharp.Kernels.Cuda.Decode;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Takes the most probable token in every step, or draws one, on a CUDA device that needs the host only now and then: to see which rows have ended.</summary>
/// <remarks>HF: <c>GenerationMixin._sample</c>.</remarks>
internal sealed class TokensOnDevice : IDecoding
{
    // Between two looks at the rows: enough that waiting for the device costs little, few enough that a stream flows and little is computed in vain.
    private const int StepsAtOnce = 8;

    private readonly GenerationPlan _plan;
    private readonly CudaDecodeEngine _engine;
    private readonly TensorSlot _sequences = new();
    private readonly List<float> _logProbabilities = [];
    private readonly long _promptLength;
    private bool _hasStarted;

    private TokensOnDevice(GenerationPlan plan, CudaDecodeEngine engine)
    {
        (_plan, _engine) = (plan, engine);
        _sequences.Value = plan.Prompt.Value.repeat_interleave(plan.Settings.NumReturnSequences, dim: 0);
        _promptLength = _sequences.Value.size(1);
    }

    public bool IsFinished { get; private set; }

    public Tensor Sequences => _sequences.Value;

    public IReadOnlyList<float> LogProbabilities => _logProbabilities;

    public DecodingRoute Route { get; } = new(DecodingEngine.CudaGraph, Reason: null);

    /// <summary>Starts a generation that nothing on the host has to follow step by step.</summary>
    /// <returns>Null when something has, or the kernels do not cover the model.</returns>
    public static TokensOnDevice? TryStart(GenerationPlan plan)
    {
        var settings = plan.Settings;
        var isPlain = settings is { UseCache: true, OutputAttentions: false, OutputHiddenStates: false, OutputLogits: false, OutputScores: false }
            && plan is { PromptMask: null, Processors.OnlyDraw: true, Criteria.OnlyEnds: true }
            && !(settings.DoSample && plan.Controls.Generator is not null); // its draws are torch's
        if (!isPlain)
            return null;
        var rows = (int)plan.Source.BatchSize * settings.NumReturnSequences;
        var draws = settings.DoSample || plan.Controls.RecordsLogProbabilities ? DrawSettings.For(settings, rows, settings.DoSample ? Seed(plan.Controls) : 0) : null;
        return CudaDecodeEngine.TryCreate(plan.Source, settings.NumReturnSequences, settings, draws, out _) is { } engine ? new TokensOnDevice(plan, engine) : null;
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        if (!_hasStarted)
            _engine.Start(Sequences);
        // The first token alone: somebody may wait for it.
        var room = _plan.Settings.MaxLength - Sequences.size(1);
        var count = (int)Math.Min(room, _hasStarted ? StepsAtOnce : 1);
        _engine.TakeTokens(count);
        _hasStarted = true;
        using var sequences = _engine.Sequences();
        var length = Length(sequences);
        if (_plan.Controls.RecordsLogProbabilities)
            _logProbabilities.AddRange(_engine.LogProbabilities(count).Take((int)(length - Sequences.size(1))));
        _sequences.Value = sequences.narrow(1, 0, length).contiguous();
    }

    public GenerationOutput Finish() => _plan.Output(_sequences.Value.alias().DetachFromDisposeScope(), Route);

    public void Dispose()
    {
        _engine.Dispose();
        _sequences.Dispose();
        _plan.Dispose();
    }

    // Without a seed torch's own decides, which manual_seed sets.
    private static ulong Seed(GenerationControls controls)
    {
        if (controls.Seed is { } seed)
            return (ulong)seed;
        using var drawn = torch.randint(long.MaxValue, [1], dtype: ScalarType.Int64, device: CPU);
        return (ulong)drawn.item<long>();
    }

    /// <summary>Where the last row ends; also notes whether all have.</summary>
    private long Length(Tensor sequences)
    {
        var (rows, length) = (sequences.size(0), sequences.size(1));
        using var host = sequences.cpu();
        var ids = host.data<long>().ToArray();
        var ends = _plan.Settings.EosTokenIds;
        var last = _promptLength;
        for (var row = 0; row < rows; row++)
        {
            var end = _promptLength;
            while (end < length && !ends.Contains(ids[(row * length) + end]))
                end++;
            last = Math.Max(last, end + 1); // beyond the length where the row goes on
        }
        IsFinished = last <= length || length >= _plan.Settings.MaxLength;
        return Math.Min(last, length);
    }
}

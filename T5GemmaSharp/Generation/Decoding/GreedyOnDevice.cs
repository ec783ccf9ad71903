using T5GemmaSharp.Kernels.Cuda.Decode;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Takes the most probable token in every step, on a CUDA device that needs the host only now and then: to see which rows have ended.</summary>
/// <remarks>HF: <c>GenerationMixin._sample</c> without sampling.</remarks>
internal sealed class GreedyOnDevice : IDecoding
{
    // Between two looks at the rows: enough that waiting for the device costs little, few enough that a stream flows and little is computed in vain.
    private const int StepsAtOnce = 8;

    private readonly GenerationPlan _plan;
    private readonly CudaDecodeEngine _engine;
    private readonly TensorSlot _sequences = new();
    private readonly long _promptLength;
    private bool _hasStarted;

    private GreedyOnDevice(GenerationPlan plan, CudaDecodeEngine engine)
    {
        (_plan, _engine) = (plan, engine);
        _sequences.Value = plan.Prompt.Value.repeat_interleave(plan.Settings.NumReturnSequences, dim: 0);
        _promptLength = _sequences.Value.size(1);
    }

    public bool IsFinished { get; private set; }

    public Tensor Sequences => _sequences.Value;

    public IReadOnlyList<float> LogProbabilities => [];

    public DecodingRoute Route { get; } = new(DecodingEngine.CudaGraph, Reason: null);

    /// <summary>Starts a generation that nothing on the host has to follow step by step.</summary>
    /// <returns>Null when something has, or the kernels do not cover the model.</returns>
    public static GreedyOnDevice? TryStart(GenerationPlan plan)
    {
        var settings = plan.Settings;
        var isPlain = settings is { UseCache: true, DoSample: false, OutputAttentions: false, OutputHiddenStates: false, OutputLogits: false, OutputScores: false }
            && plan is { PromptMask: null, Controls.RecordsLogProbabilities: false, Processors.IsEmpty: true, Criteria.OnlyEnds: true };
        if (!isPlain || CudaDecodeEngine.TryCreate(plan.Source, settings.NumReturnSequences, settings, out _) is not { } engine)
            return null;
        return new GreedyOnDevice(plan, engine);
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        if (!_hasStarted)
            _engine.Start(Sequences);
        // The first token alone: somebody may wait for it.
        var room = _plan.Settings.MaxLength - Sequences.size(1);
        _engine.TakeBest((int)Math.Min(room, _hasStarted ? StepsAtOnce : 1));
        _hasStarted = true;
        using var sequences = _engine.Sequences();
        var length = Length(sequences);
        _sequences.Value = sequences.narrow(1, 0, length).contiguous();
    }

    public GenerationOutput Finish() => _plan.Output(_sequences.Value.alias().DetachFromDisposeScope(), Route);

    public void Dispose()
    {
        _engine.Dispose();
        _sequences.Dispose();
        _plan.Dispose();
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

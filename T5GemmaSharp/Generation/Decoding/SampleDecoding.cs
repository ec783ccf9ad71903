using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Takes the most probable token in every step, or draws one.</summary>
/// <remarks>HF: <c>GenerationMixin._sample</c>.</remarks>
internal sealed class SampleDecoding : IDecoding
{
    private readonly GenerationPlan _plan;
    private readonly StepRecords _records;
    private readonly DecoderRunner _runner;
    private readonly TokenDraw? _draw;
    private readonly TensorSlot _sequences = new();
    private readonly List<float> _logProbabilities = [];
    private readonly bool[] _isActive;

    public SampleDecoding(GenerationPlan plan)
    {
        _plan = plan;
        _records = new StepRecords(plan.Settings);
        _runner = new DecoderRunner(plan.Source, plan.Settings, plan.Settings.NumReturnSequences, plan.PromptMask, _records);
        _draw = plan.Settings.DoSample ? new TokenDraw(plan.Controls) : null;
        _isActive = [.. Enumerable.Repeat(true, _runner.RowCount)];
        _sequences.Value = plan.Prompt.Value.repeat_interleave(plan.Settings.NumReturnSequences, dim: 0);
    }

    public bool IsFinished { get; private set; }

    public Tensor Sequences => _sequences.Value;

    public IReadOnlyList<float> LogProbabilities => _logProbabilities;

    public DecodingRoute Route => _runner.Route;

    public void Step()
    {
        using var threads = _runner.StepThreads();
        using var scope = NewDisposeScope();
        var logits = _runner.NextLogits(Sequences);
        _records.AddLogits(logits);
        var logProbabilities = _plan.Controls.RecordsLogProbabilities ? nn.functional.log_softmax(logits[0], dim: -1) : null; // before the scores change in place
        var scores = _plan.Processors.Process(Sequences, logits);
        _records.AddScores(scores);

        // Draws happen for rows that have ended too, so that they do not depend on who has.
        var next = _draw is null ? scores.argmax(-1) : _draw.Draw(scores, count: 1).squeeze(1);
        if (logProbabilities is not null)
            _logProbabilities.Add(logProbabilities[next[0].item<long>()].item<float>());
        var isActive = torch.tensor(_isActive, dtype: ScalarType.Bool, device: next.device);
        next = torch.where(isActive, next, torch.full_like(next, _plan.Settings.PadTokenId ?? 0));
        _sequences.Value = torch.cat([Sequences, next.unsqueeze(1)], dim: 1);

        var done = _plan.Criteria.IsDone(Sequences).cpu().data<bool>().ToArray();
        for (var row = 0; row < done.Length; row++)
            _isActive[row] &= !done[row];
        IsFinished = !_isActive.Contains(true);
        if (!IsFinished)
            _runner.KeepRows(_isActive);
    }

    public GenerationOutput Finish() => _records.AddTo(_plan.Output(_sequences.Value.alias().DetachFromDisposeScope(), Route));

    public void Dispose()
    {
        _runner.Dispose();
        _records.Dispose();
        _draw?.Dispose();
        _sequences.Dispose();
        _plan.Dispose();
    }
}

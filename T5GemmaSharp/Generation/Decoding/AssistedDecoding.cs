using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Checks several proposed tokens in one run of the model. Without sampling the result is that of greedy decoding; with it the distribution is the model's.</summary>
/// <remarks>HF: <c>GenerationMixin._assisted_decoding</c>.</remarks>
internal sealed class AssistedDecoding : IDecoding
{
    private readonly GenerationPlan _plan;
    private readonly StepRecords _records;
    private readonly DecoderRunner _runner;
    private readonly TokenDraw? _draw;
    private readonly IDraft _draft;
    private readonly TensorSlot _sequences = new();
    private readonly List<float> _logProbabilities = [];

    public AssistedDecoding(GenerationPlan plan)
    {
        _plan = plan;
        _records = new StepRecords(plan.Settings);
        _runner = new DecoderRunner(plan.Source, plan.Settings, rowsPerSource: 1, plan.PromptMask, records: null, keepsWholeCache: true);
        _draw = plan.Settings.DoSample ? new TokenDraw(plan.Controls) : null;
        _draft = plan.Controls.AssistantModel is { } assistant ? new ModelDraft(plan, assistant, _draw) : new PromptLookupDraft(plan.Settings);
        _sequences.Value = plan.Prompt.Value.alias();
    }

    public bool IsFinished { get; private set; }

    public Tensor Sequences => _sequences.Value;

    public IReadOnlyList<float> LogProbabilities => _logProbabilities;

    public DecodingRoute Route => _runner.Route;

    public void Step()
    {
        using var scope = NewDisposeScope();
        var length = Sequences.size(1);
        var room = (int)Math.Min(int.MaxValue, _plan.Settings.MaxLength - length - 1);
        var (proposed, draftProbabilities) = room > 0 ? _draft.Propose(Sequences, room) : ([], null);
        var ids = proposed.Length == 0 ? Sequences : torch.cat([Sequences, torch.tensor(proposed, dtype: ScalarType.Int64, device: Sequences.device).unsqueeze(0)], dim: 1);
        var logits = _runner.LastLogits(ids, proposed.Length + 1); // [1, proposed + 1, V]

        var accepted = 0;
        for (var place = 0; place <= proposed.Length && accepted == place && !IsFinished; place++)
        {
            var placeLogits = logits.select(1, place);
            _records.AddLogits(placeLogits);
            var logProbabilities = _plan.Controls.RecordsLogProbabilities ? nn.functional.log_softmax(placeLogits[0], dim: -1) : null; // before the scores change in place
            var scores = _plan.Processors.Process(Sequences, placeLogits);
            _records.AddScores(scores);
            var next = place < proposed.Length
                ? Check(scores, proposed[place], draftProbabilities?.narrow(0, place, 1))
                : Choose(scores);
            if (place < proposed.Length && next == proposed[place])
                accepted++;
            if (logProbabilities is not null)
                _logProbabilities.Add(logProbabilities[next].item<float>());
            Append(next);
        }

        _draft.Learn(proposed.Length, accepted);
        _runner.Crop(Sequences.size(1) - 1);
    }

    public GenerationOutput Finish() => _records.AddTo(_plan.Output(_sequences.Value.alias().DetachFromDisposeScope(), Route));

    public void Dispose()
    {
        _runner.Dispose();
        _records.Dispose();
        _draft.Dispose();
        _draw?.Dispose();
        _sequences.Dispose();
        _plan.Dispose();
    }

    private long Choose(Tensor scores) => (_draw is null ? scores.argmax(-1) : _draw.Draw(scores, count: 1)).item<long>();

    // A drawn proposal is kept with probability p / q; if it is not, a token is drawn from what the model gives more weight to than the draft did.
    private long Check(Tensor scores, long proposed, Tensor? draftProbabilities)
    {
        if (_draw is null || draftProbabilities is null)
            return Choose(scores);
        var probabilities = scores.softmax(-1);
        var (own, draft) = (probabilities[0, proposed].item<float>(), draftProbabilities[0, proposed].item<float>());
        if (_draw.Uniform() * draft <= own)
            return proposed;
        var rest = (probabilities - draftProbabilities).clamp_(min: 0);
        return rest.sum().item<float>() > 0 ? Choose(rest.log_()) : Choose(scores);
    }

    private void Append(long id)
    {
        using var scope = NewDisposeScope();
        _sequences.Value = torch.cat([Sequences, torch.full([1, 1], id, dtype: ScalarType.Int64, device: Sequences.device)], dim: 1);
        IsFinished = _plan.Criteria.IsDone(Sequences).item<bool>();
    }
}

using T5GemmaSharp.Generation.Logits;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Lets a smaller model propose tokens.</summary>
/// <remarks>HF: <c>AssistedCandidateGenerator</c>. The draft model encodes the same source itself.</remarks>
internal sealed class ModelDraft : IDraft
{
    private readonly GenerationSettings _settings;
    private readonly EncodedSource _source;
    private readonly DecoderRunner _runner;
    private readonly LogitsProcessorList _processors;
    private readonly TokenDraw? _draw;
    private int _count;
    private long _checkedLength;

    public ModelDraft(GenerationPlan plan, T5GemmaForConditionalGeneration model, TokenDraw? draw)
    {
        // The least length is the checking model's concern: a draft may end early.
        _settings = plan.Settings with { MinLength = 0, NumReturnSequences = 1, OutputAttentions = false, OutputHiddenStates = false };
        _count = plan.Settings.NumAssistantTokens;
        _draw = draw;
        var (ids, mask) = (plan.Source.InputIds!, plan.Source.AttentionMask); // the plan was checked for ids
        using var scope = NewDisposeScope();
        var encoded = model.Model.Encoder.call(new() { InputIds = ids, AttentionMask = mask });
        _source = EncodedSource.Own(model, encoded, ids, mask);
        _runner = new DecoderRunner(_source, _settings, rowsPerSource: 1, plan.PromptMask, records: null, keepsWholeCache: true);
        _processors = new LogitsProcessorList(_settings, plan.Controls, _source.InputIds);
    }

    public (long[] Ids, Tensor? Probabilities) Propose(Tensor sequences, int maximum)
    {
        // All but the newest token have been read, unless they were proposals that were wrong.
        _runner.Crop(Math.Min(_checkedLength, sequences.size(1) - 1));
        var proposed = new List<long>();
        var probabilities = new List<Tensor>();
        var ids = sequences;
        while (proposed.Count < Math.Min(maximum, _count))
        {
            var scores = _processors.Process(ids, _runner.NextLogits(ids));
            var distribution = scores.softmax(-1); // [1, V]
            var next = _draw is null ? scores.argmax(-1, keepdim: true) : _draw.Draw(scores, count: 1); // [1, 1]
            probabilities.Add(distribution);
            ids = torch.cat([ids, next], dim: 1);
            proposed.Add(next.item<long>());
            if (_settings.EosTokenIds.Contains(proposed[^1]) || distribution.gather(1, next).item<float>() < _settings.AssistantConfidenceThreshold)
                break;
        }

        _checkedLength = ids.size(1) - 1;
        return ([.. proposed], _draw is null || proposed.Count == 0 ? null : torch.cat(probabilities, dim: 0));
    }

    public void Learn(int proposed, int accepted)
    {
        if (_settings.AdaptsAssistantTokens)
            _count = accepted == proposed ? _count + 2 : Math.Max(1, _count - 1);
    }

    public void Dispose()
    {
        _runner.Dispose();
        _source.Dispose();
    }
}

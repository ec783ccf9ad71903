using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>What the caller wants to see of every step. Owns its tensors until they are released.</summary>
internal sealed class StepRecords(GenerationSettings settings) : IDisposable
{
    private readonly List<Tensor> _scores = [];
    private readonly List<Tensor> _logits = [];
    private readonly List<IReadOnlyList<Tensor>> _hiddenStates = [];
    private readonly List<IReadOnlyList<Tensor>> _attentions = [];
    private readonly List<IReadOnlyList<Tensor>> _crossAttentions = [];

    /// <summary>Whether states of every row are wanted, finished rows included.</summary>
    public bool NeedsAllRows => settings.OutputAttentions || settings.OutputHiddenStates;

    public void AddLogits(Tensor logits)
    {
        if (settings.OutputLogits)
            _logits.Add(Keep(logits.clone()));
    }

    public void AddScores(Tensor scores)
    {
        if (settings.OutputScores)
            _scores.Add(Keep(scores.clone()));
    }

    public void AddStates(Seq2SeqLMOutput output)
    {
        if (settings.OutputHiddenStates)
            _hiddenStates.Add([.. output.DecoderHiddenStates.Select(Keep)]);
        if (!settings.OutputAttentions)
            return;
        _attentions.Add([.. (output.DecoderAttentions ?? []).Select(Keep)]);
        _crossAttentions.Add([.. (output.CrossAttentions ?? []).Select(Keep)]);
    }

    /// <summary>Adds the records to a result, which is theirs from then on.</summary>
    public GenerationOutput AddTo(GenerationOutput output)
    {
        var complete = output with
        {
            Scores = settings.OutputScores ? [.. _scores] : null,
            Logits = settings.OutputLogits ? [.. _logits] : null,
            DecoderHiddenStates = settings.OutputHiddenStates ? [.. _hiddenStates] : null,
            DecoderAttentions = settings.OutputAttentions ? [.. _attentions] : null,
            CrossAttentions = settings.OutputAttentions ? [.. _crossAttentions] : null,
        };
        Clear();
        return complete;
    }

    public void Dispose()
    {
        foreach (var tensor in _scores.Concat(_logits).Concat(new[] { _hiddenStates, _attentions, _crossAttentions }.SelectMany(list => list).SelectMany(layers => layers)))
            tensor.Dispose();
        Clear();
    }

    private void Clear()
    {
        _scores.Clear();
        _logits.Clear();
        _hiddenStates.Clear();
        _attentions.Clear();
        _crossAttentions.Clear();
    }

    private static Tensor Keep(Tensor tensor) => tensor.DetachFromDisposeScope();
}

using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Decoding;
using T5GemmaSharp.Generation.Logits;
using T5GemmaSharp.Generation.Stopping;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>How the tokens of one row are chosen, and when it ends: the same processors, draws and criteria as in a generation of its own.</summary>
internal sealed class RowDecoding : IDisposable
{
    private readonly GenerationSettings _settings;
    private readonly LogitsProcessorList _processors;
    private readonly StoppingCriteriaList _criteria;
    private readonly TokenDraw? _draw;
    private readonly List<long> _ids;
    private readonly Device _device;
    private readonly Tensor? _sourceIds;

    /// <summary>Prepares a row.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="controls">Processors, criteria, tokenizer, seed.</param>
    /// <param name="sourceIds">Source ids.</param>
    /// <param name="startId">Id that starts the decoder.</param>
    /// <param name="device">Where the logits are.</param>
    public RowDecoding(GenerationSettings settings, GenerationControls controls, IReadOnlyList<int> sourceIds, long startId, Device device)
    {
        (_settings, _device, _ids) = (settings, device, [startId]);
        if (settings is not { EncoderRepetitionPenalty: 1, EncoderNoRepeatNgramSize: 0 })
            _sourceIds = torch.tensor(sourceIds.Select(id => (long)id).ToArray(), [1, sourceIds.Count], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
        _processors = new LogitsProcessorList(settings, controls, _sourceIds);
        _criteria = new StoppingCriteriaList(settings, controls);
        _draw = settings.DoSample ? new TokenDraw(controls) : null;
    }

    /// <summary>Whether the most probable token is always taken.</summary>
    public bool TakesBest => _draw is null && _processors.IsEmpty;

    /// <summary>Ids so far, the start token included.</summary>
    public IReadOnlyList<long> Ids => _ids;

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">[1, V], float32; may be changed.</param>
    public long Choose(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var scores = _processors.IsEmpty ? logits : _processors.Process(IdTensor(), logits);
        return (_draw is null ? scores.argmax(-1) : _draw.Draw(scores, count: 1)).item<long>();
    }

    /// <summary>Adds a token.</summary>
    /// <returns>Whether the row has ended.</returns>
    public bool Append(long id)
    {
        _ids.Add(id);
        if (_ids.Count >= _settings.MaxLength || _settings.EosTokenIds.Contains(id))
            return true;
        if (_criteria.OnlyEnds)
            return false;
        using var scope = NewDisposeScope();
        return _criteria.IsDone(IdTensor()).item<bool>();
    }

    public void Dispose()
    {
        _draw?.Dispose();
        _sourceIds?.Dispose();
    }

    private Tensor IdTensor() => torch.tensor(_ids.ToArray(), [1, _ids.Count], dtype: ScalarType.Int64, device: _device);
}

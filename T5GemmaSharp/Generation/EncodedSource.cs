using T5GemmaSharp.Caching;
using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>
/// A batch of sources that the encoder has read, for any number of generations: the encoder's states and, once a generation has needed them, the keys and values
/// of cross-attention. It owns its tensors until it is disposed; a generation that is running must end before. Not thread-safe, like the model.
/// </summary>
public sealed class EncodedSource : IDisposable
{
    private readonly List<Tensor> _owned = [];
    private KeyValueCache? _crossAttention;
    private bool _isDisposed;

    private EncodedSource(T5GemmaForConditionalGeneration model, BaseModelOutput encoderOutputs, Tensor? inputIds, Tensor? attentionMask)
        => (Model, EncoderOutputs, InputIds, AttentionMask) = (model, encoderOutputs, inputIds, attentionMask);

    /// <summary>Number of sources B.</summary>
    public long BatchSize => EncoderOutputs.LastHiddenState.size(0);

    /// <summary>Length S of the longest source in tokens, padding included.</summary>
    public long Length => EncoderOutputs.LastHiddenState.size(1);

    internal T5GemmaForConditionalGeneration Model { get; }

    internal BaseModelOutput EncoderOutputs { get; }

    /// <summary>Source ids [B, S]; null when they are not known.</summary>
    internal Tensor? InputIds { get; }

    internal Tensor? AttentionMask { get; }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _owned.ForEach(tensor => tensor.Dispose());
        _crossAttention?.Dispose();
    }

    /// <summary>Wraps what a caller or an outer scope owns.</summary>
    internal static EncodedSource Borrow(T5GemmaForConditionalGeneration model, BaseModelOutput encoderOutputs, Tensor? inputIds, Tensor? attentionMask)
        => new(model, encoderOutputs, inputIds, attentionMask);

    /// <summary>Takes the tensors over.</summary>
    internal static EncodedSource Own(T5GemmaForConditionalGeneration model, BaseModelOutput encoderOutputs, Tensor? inputIds, Tensor? attentionMask)
    {
        // Aliases of the caller's ids and mask: the caller may dispose the originals.
        var source = new EncodedSource(model, encoderOutputs, inputIds?.alias(), attentionMask?.alias());
        var tensors = new[] { encoderOutputs.LastHiddenState, source.InputIds, source.AttentionMask }.OfType<Tensor>()
            .Concat(encoderOutputs.HiddenStates ?? []).Concat(encoderOutputs.Attentions ?? []).Distinct();
        foreach (var tensor in tensors)
            source._owned.Add(tensor.DetachFromDisposeScope());
        return source;
    }

    /// <summary>Demands that the source can be used with a model.</summary>
    /// <exception cref="ObjectDisposedException">The source is disposed.</exception>
    /// <exception cref="ArgumentException">Another model has encoded it.</exception>
    internal void CheckUsableBy(T5GemmaForConditionalGeneration model)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!ReferenceEquals(Model, model))
            throw new ArgumentException("source: expected one that this model has encoded, got another model's");
    }

    /// <summary>A cache of cross-attention that shares this source's keys and values; empty the first time.</summary>
    internal DynamicCache CrossAttentionCache()
    {
        var cache = new DynamicCache(Model.Config.Decoder.NumHiddenLayers);
        if (_crossAttention is null)
            return cache;
        for (var layer = 0; layer < cache.Layers.Count; layer++)
            cache.Layers[layer].Share(_crossAttention.Layers[layer]);
        return cache;
    }

    /// <summary>Keeps keys and values that a generation has computed for this source.</summary>
    internal void Keep(KeyValueCache crossAttention)
    {
        if (_crossAttention is not null)
            return;
        var kept = new DynamicCache(Model.Config.Decoder.NumHiddenLayers);
        for (var layer = 0; layer < kept.Layers.Count; layer++)
            kept.Layers[layer].Share(crossAttention.Layers[layer]);
        _crossAttention = kept;
    }
}

using T5GemmaSharp.Caching;
using T5GemmaSharp.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Checks of the arguments of a forward pass, before torch would fail with less to say.</summary>
internal static class InputChecks
{
    /// <summary>Demands exactly one of ids and embeddings.</summary>
    internal static void ExactlyOne(Tensor? inputIds, Tensor? inputsEmbeds, (string Ids, string Embeds) names)
    {
        if (inputIds is null == inputsEmbeds is null)
            throw new ArgumentException($"expected exactly one of {names.Ids} and {names.Embeds}, got {(inputIds is null ? "neither" : "both")}", names.Ids);
    }

    /// <summary>Demands int64 ids [B, T], T at least 1, within the vocabulary. On a GPU, where looking costs a stall, the values are taken on trust.</summary>
    internal static void Ids(Tensor ids, long vocabSize, string name)
    {
        if (ids.dim() != 2 || ids.size(1) == 0 || ids.dtype != ScalarType.Int64)
            throw new ArgumentException($"{name}: expected int64 [batch, length of at least 1], got {ids.dtype} [{string.Join(", ", ids.shape)}]", name);
        if (ids.device_type == DeviceType.CPU && ids.numel() > 0)
            IdValues(ids, vocabSize, name);
    }

    /// <summary>Demands that every id lies in the vocabulary; waits for the device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or too large.</exception>
    internal static void IdValues(Tensor ids, long vocabSize, string name)
    {
        using var scope = NewDisposeScope();
        var values = ids.cpu();
        var (lowest, highest) = (values.min().item<long>(), values.max().item<long>());
        if (lowest >= 0 && highest < vocabSize)
            return;
        var wrong = lowest < 0 ? lowest : highest;
        var at = values.eq(wrong).nonzero()[0].data<long>().ToArray();
        throw new ArgumentOutOfRangeException(name, wrong, $"{name}: expected ids from 0 to {vocabSize - 1}, got {wrong} at [{string.Join(", ", at)}]");
    }

    /// <summary>Demands embeddings [B, T, D], T at least 1, of the model's dtype.</summary>
    internal static void Embeddings(Tensor embeddings, long hiddenSize, ScalarType dtype, string name)
    {
        if (embeddings.dim() != 3 || embeddings.size(1) == 0 || embeddings.size(2) != hiddenSize || embeddings.dtype != dtype)
            throw new ArgumentException($"{name}: expected {dtype} [batch, length of at least 1, {hiddenSize}], got {embeddings.dtype} [{string.Join(", ", embeddings.shape)}]", name);
    }

    /// <summary>Demands int64 positions [1 or B, T].</summary>
    internal static void Positions(Tensor? positionIds, long batch, long length, string name)
    {
        if (positionIds is null)
            return;
        var fits = positionIds.dim() == 2 && positionIds.size(1) == length && (positionIds.size(0) == batch || positionIds.size(0) == 1);
        if (!fits || positionIds.dtype != ScalarType.Int64)
            throw new ArgumentException($"{name}: expected int64 [{batch} or 1, {length}], got {positionIds.dtype} [{string.Join(", ", positionIds.shape)}]", name);
    }

    /// <summary>Demands a cache that was made for this decoder and holds, if anything, this batch and source.</summary>
    internal static void Cache(EncoderDecoderCache? cache, T5GemmaModuleConfig config, long batch, long sourceLength)
    {
        if (cache is null)
            return;
        var layers = cache.SelfAttentionCache.Layers;
        if (layers.Count != config.NumHiddenLayers)
            throw new ArgumentException($"pastKeyValues: expected {config.NumHiddenLayers} layers, got {layers.Count}; make the cache with this decoder's configuration");
        for (var layerIdx = 0; layerIdx < layers.Count; layerIdx++)
        {
            if (layers[layerIdx].IsSliding && config.LayerTypeOf(layerIdx) == LayerType.FullAttention)
                throw new ArgumentException($"pastKeyValues: layer {layerIdx} attends to every token, but its cache forgets; make the cache with this decoder's configuration");
        }
        // One layer speaks for all, which the same forward passes have filled.
        CacheStates(layers[0].Keys, "self-attention", config, batch);
        var source = cache.CrossAttentionCache.Layers[0].Keys;
        CacheStates(source, "cross-attention", config, batch);
        if (source is not null && source.size(2) != sourceLength)
            throw new ArgumentException($"pastKeyValues: holds a source of {source.size(2)} tokens, but the encoder states have {sourceLength}; Reset the cache before it is used with another source");
    }

    private static void CacheStates(Tensor? keys, string kind, T5GemmaModuleConfig config, long batch)
    {
        if (keys is null || (keys.size(0) == batch && keys.size(1) == config.NumKeyValueHeads && keys.size(3) == config.HeadDim))
            return;
        throw new ArgumentException($"pastKeyValues: expected {kind} keys [{batch}, {config.NumKeyValueHeads}, length, {config.HeadDim}], got [{string.Join(", ", keys.shape)}]; a cache belongs to one model and one batch");
    }
}

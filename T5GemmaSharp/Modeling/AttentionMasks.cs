using T5GemmaSharp.Caching;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Builds the masks of the three kinds of attention.</summary>
/// <remarks>
/// HF: <c>create_bidirectional_mask</c>, <c>create_bidirectional_sliding_window_mask</c>, <c>create_causal_mask</c>, <c>create_sliding_window_causal_mask</c>.
/// The encoder's window is |q - k| &lt; W, as the models were trained; transformers 5.x widened it by one.
/// </remarks>
internal static class AttentionMasks
{
    /// <summary>Masks of the encoder's layers.</summary>
    /// <param name="mask">The caller's mask.</param>
    /// <param name="inputIds">Token ids [B, S], from which a missing mask is made; null if embeddings were given.</param>
    /// <param name="states">Embeddings [B, S, D]; their dtype is the mask's.</param>
    /// <param name="config">The encoder's configuration.</param>
    internal static LayerMasks Encoder(AttentionMask? mask, Tensor? inputIds, Tensor states, T5GemmaModuleConfig config)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (states.size(0), states.size(1));
        if (mask is not null && mask.Padding is null)
            return Move(scope, Ready(mask, "attentionMask", batch, length, _ => length, states, config));
        var keys = KeyPadding(EncoderPadding(mask, inputIds, batch, length, config), 0, length); // [B, 1, 1, S]
        var positions = torch.arange(length, dtype: ScalarType.Int64, device: states.device);
        var distance = positions.unsqueeze(1) - positions; // [S, S]
        var window = distance.abs() < config.SlidingWindow!.Value; // a resolved configuration has a window
        var sliding = length <= config.SlidingWindow ? keys : And(window, keys);
        return Move(scope, new(Finish(keys, states, config), Finish(sliding, states, config)));
    }

    /// <summary>Which of the encoder's tokens are real [B, S]: not zero, whatever the dtype. Null: all.</summary>
    /// <param name="mask">The caller's mask; none that is ready.</param>
    /// <param name="inputIds">Token ids [B, S], from which a missing mask is made; null if embeddings were given.</param>
    /// <param name="batch">Expected B.</param>
    /// <param name="length">Expected S.</param>
    /// <param name="config">The encoder's configuration.</param>
    internal static Tensor? EncoderPadding(AttentionMask? mask, Tensor? inputIds, long batch, long length, T5GemmaModuleConfig config)
    {
        var padding = mask?.Padding ?? (inputIds is null ? null : NotPadding(inputIds, config, "attentionMask"));
        CheckPadding(padding, "attentionMask", batch, length, length);
        return padding;
    }

    /// <summary>Masks of the decoder's self-attention.</summary>
    /// <param name="mask">The caller's mask.</param>
    /// <param name="inputIds">Token ids [B, T], from which a missing mask is made if there is no cache.</param>
    /// <param name="states">Embeddings [B, T, D]; their dtype is the mask's.</param>
    /// <param name="cache">The self-attention cache; null: none.</param>
    /// <param name="config">The decoder's configuration.</param>
    internal static LayerMasks Decoder(AttentionMask? mask, Tensor? inputIds, Tensor states, KeyValueCache? cache, T5GemmaModuleConfig config)
    {
        using var scope = NewDisposeScope();
        var (batch, length, past) = (states.size(0), states.size(1), cache?.SequenceLength ?? 0);
        if (mask is not null && mask.Padding is null)
            return Move(scope, Ready(mask, "decoderAttentionMask", batch, length, KeyLength, states, config));
        // The reference makes a default mask only without a cache; with one, padding in the decoder is attended to.
        var padding = mask?.Padding ?? (cache is null && inputIds is not null ? NotPadding(inputIds, config, "decoderAttentionMask") : null);
        CheckPadding(padding, "decoderAttentionMask", batch, past + length, long.MaxValue);

        var queries = torch.arange(past, past + length, dtype: ScalarType.Int64, device: states.device).unsqueeze(1); // [T, 1]
        return Move(scope, new(Causal(LayerType.FullAttention), Causal(LayerType.SlidingAttention)));

        // A mask for layers that the model has not is not used, so its length does not matter.
        long? KeyLength(LayerType type) => IsUsed(type, config) ? cache?.MaskSizes(type, length).Length ?? length : null;

        Tensor? Causal(LayerType type)
        {
            var (keyLength, offset) = cache?.MaskSizes(type, length) ?? (length, 0);
            var window = type == LayerType.SlidingAttention ? config.SlidingWindow!.Value : long.MaxValue; // a resolved configuration has a window
            // One query that every key precedes within reach: the common decoding step needs no mask.
            if (padding is null && length == 1 && offset + keyLength - 1 <= past && past - offset < window)
                return null;
            var keys = torch.arange(offset, offset + keyLength, dtype: ScalarType.Int64, device: states.device); // [K]
            var allowed = keys <= queries;
            if (window < offset + keyLength)
                allowed = allowed & (keys > queries - window);
            return Finish(And(allowed, KeyPadding(padding, offset, keyLength)), states, config);
        }
    }

    /// <summary>Mask of cross-attention, which never slides.</summary>
    /// <param name="mask">The caller's encoder mask.</param>
    /// <param name="encoderStates">Encoder states [B, S, encoder D]; their dtype is the mask's.</param>
    /// <param name="queryLength">Number of decoder tokens T.</param>
    /// <param name="config">The decoder's configuration.</param>
    internal static Tensor? Cross(AttentionMask? mask, Tensor encoderStates, long queryLength, T5GemmaModuleConfig config)
    {
        if (mask is null)
            return null;
        using var scope = NewDisposeScope();
        var (batch, length) = (encoderStates.size(0), encoderStates.size(1));
        if (mask.Padding is null)
            return Move(scope, Ready(mask, "attentionMask (for cross-attention)", batch, queryLength, _ => length, encoderStates, config)).Full;
        CheckPadding(mask.Padding, "attentionMask", batch, length, length);
        return Move(scope, new(Finish(KeyPadding(mask.Padding, 0, length), encoderStates, config), null)).Full;
    }

    private static Tensor NotPadding(Tensor inputIds, T5GemmaModuleConfig config, string name) =>
        inputIds.ne(config.PadTokenId ?? throw new ArgumentException($"{name}: cannot be made from the ids, because the configuration has no pad_token_id; pass a mask"));

    private static LayerMasks Ready(AttentionMask mask, string name, long batch, long queryLength, Func<LayerType, long?> keyLength, Tensor states, T5GemmaModuleConfig config)
    {
        return new(Checked(LayerType.FullAttention), Checked(LayerType.SlidingAttention));

        Tensor? Checked(LayerType type)
        {
            if (mask.ReadyFor(type) is not { } ready)
                return null;
            var fits = (ready.size(0) == batch || ready.size(0) == 1) && (ready.size(1) == 1 || ready.size(1) == config.NumAttentionHeads)
                && (ready.size(2) == queryLength || ready.size(2) == 1) && ready.size(3) == (keyLength(type) ?? ready.size(3));
            if (!fits)
                throw new ArgumentException($"{name}: expected [{batch}, 1 or {config.NumAttentionHeads}, {queryLength}, {keyLength(type)?.ToString() ?? "keys"}], got [{string.Join(", ", ready.shape)}]");
            return Converted(ready, states, config);
        }
    }

    private static bool IsUsed(LayerType type, T5GemmaModuleConfig config) =>
        Enumerable.Range(0, config.NumHiddenLayers).Any(layerIdx => config.LayerTypeOf(layerIdx) == type);

    private static void CheckPadding(Tensor? padding, string name, long batch, long minLength, long maxLength)
    {
        if (padding is null || (padding.size(0) == batch && padding.size(1) >= minLength && padding.size(1) <= maxLength))
            return;
        throw new ArgumentException($"{name}: expected [{batch}, {minLength}], got [{string.Join(", ", padding.shape)}]");
    }

    /// <summary>Whether each key is a real token, [B, 1, 1, length]; keys beyond a shorter mask are none.</summary>
    private static Tensor? KeyPadding(Tensor? padding, long offset, long length)
    {
        if (padding is null)
            return null;
        var real = padding.dtype == ScalarType.Bool ? padding : padding.ne(0);
        var missing = offset + length - real.size(1);
        if (missing > 0)
            real = torch.cat([real, torch.zeros([real.size(0), missing], dtype: ScalarType.Bool, device: real.device)], dim: 1);
        return real.narrow(1, offset, length).unsqueeze(1).unsqueeze(1);
    }

    private static Tensor And(Tensor allowed, Tensor? keys) => keys is null ? allowed.unsqueeze(0).unsqueeze(0) : allowed & keys;

    private static Tensor? Finish(Tensor? allowed, Tensor states, T5GemmaModuleConfig config)
    {
        // A mask that hides nothing changes nothing. Asking a GPU would stall it, so there the mask is kept.
        if (allowed is null || (allowed.device_type == DeviceType.CPU && allowed.all().item<bool>()))
            return null;
        return Converted(allowed, states, config);
    }

    /// <summary>Turns "may attend" into what the attention function takes: zero or the most negative finite number to add, or the booleans themselves for sdpa.</summary>
    private static Tensor? Converted(Tensor? mask, Tensor states, T5GemmaModuleConfig config)
    {
        var isSdpa = config.AttnImplementation == AttentionImplementation.Sdpa;
        // Added to a float16 score, the most negative float16 would overflow; a float32 mask has room, and softmax works in float32 anyway.
        var dtype = states.dtype == ScalarType.Float16 && !isSdpa ? ScalarType.Float32 : states.dtype;
        if (mask is null)
            return null;
        // Finite, so that a row without any key gives a uniform distribution instead of NaN; sdpa gives zeros by itself.
        if (mask.is_floating_point())
            return isSdpa ? mask.to(dtype) : mask.clamp_min(torch.finfo(dtype).min).to(dtype);
        var allowed = mask.to(ScalarType.Bool);
        if (isSdpa)
            return allowed;
        return torch.zeros(allowed.shape, dtype: dtype, device: states.device).masked_fill_(allowed.logical_not(), torch.finfo(dtype).min);
    }

    /// <summary>Moves what was made here out of the scope; a caller's own mask stays where it is.</summary>
    private static LayerMasks Move(DisposeScope scope, LayerMasks masks)
    {
        foreach (var mask in new[] { masks.Full, masks.Sliding }.OfType<Tensor>())
            scope.MoveToOuter(mask);
        return masks;
    }
}

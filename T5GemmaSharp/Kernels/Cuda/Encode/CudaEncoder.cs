using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Decides whether the encoder's kernels serve a call, and runs them.</summary>
internal static class CudaEncoder
{
    private const long MaxBlocksY = 65_535;

    /// <summary>Encodes a batch by kernels.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="input">The call's arguments.</param>
    /// <param name="reason">Why the modules have to do the work; null beside a result.</param>
    /// <returns>Tensors of the caller's dispose scope; null when the modules have to do the work.</returns>
    /// <exception cref="ArgumentException">As the modules throw it.</exception>
    public static BaseModelOutput? TryRun(T5GemmaEncoder encoder, T5GemmaModuleConfig config, T5GemmaEncoderInputs input, out string? reason)
    {
        reason = Refuse(encoder, config, input);
        if (reason is not null)
            return null;
        using var scope = NewDisposeScope();
        // torch's work comes first: it makes the device current on this thread.
        var embeddings = ScaledEmbedding.Call(encoder.EmbedTokens, input.InputIds, input.InputsEmbeds, config, ("inputIds", "inputsEmbeds"));
        if (Prepare(config, embeddings.device, out reason) is not { } operations)
            return null;
        var output = new EncoderStack(encoder, config, operations).Run(embeddings, input);
        foreach (var tensor in (output.HiddenStates ?? []).Append(output.LastHiddenState))
            scope.MoveToOuter(tensor);
        return output;
    }

    /// <summary>Why the modules have to do the work of a call; null: the kernels serve it.</summary>
    public static string? Explain(T5GemmaEncoder encoder, T5GemmaModuleConfig config, T5GemmaEncoderInputs input)
    {
        var reason = Refuse(encoder, config, input);
        if (reason is not null)
            return reason;
        var device = encoder.EmbedTokens.weight!.device; // an embedding has a weight
        using var any = torch.zeros(1, device: device); // torch's work makes the device current on this thread
        _ = Prepare(config, device, out reason);
        return reason;
    }

    private static CudaEncoderOperations? Prepare(T5GemmaModuleConfig config, Device device, out string? reason)
        => KernelFallback.Try(() => new CudaEncoderOperations(EncoderKernels.For(config, Math.Max(device.index, 0)), device), out reason);

    private static string? Refuse(T5GemmaEncoder encoder, T5GemmaModuleConfig config, T5GemmaEncoderInputs input)
    {
        var weight = encoder.EmbedTokens.weight!; // an embedding has a weight
        if (weight.device_type != DeviceType.CUDA)
            return $"the model is on {weight.device}";
        if (config.AttnImplementation is not (AttentionImplementation.Auto or AttentionImplementation.Fused))
            return $"attention {config.AttnImplementation} was asked for";
        if (weight.dtype != ScalarType.BFloat16)
            return "the weights are not bfloat16";
        if (torch.is_grad_enabled())
            return "gradients are recorded: the kernels only infer; use no_grad";
        if (input.OutputAttentions)
            return "attention probabilities were asked for, which the kernels never have in memory";
        if (input.AttentionMask is { Padding: null })
            return "a ready attention mask was given; the kernels take [B, S]";
        if ((input.InputIds ?? input.InputsEmbeds) is { } rows && (rows.size(0) == 0 || rows.size(0) * config.NumAttentionHeads > MaxBlocksY))
            return $"a batch of {rows.size(0)} is empty or too large for one launch";
        if (EncoderShape.Refuse(config) is { } reason)
            return reason;
        if (!TensorMemory.IsAvailable || !TorchStream.IsAvailable)
            return "this libtorch does not tell addresses and streams: 2.10 or newer is needed";
        if (CudaDriver.Instance is null)
            return $"{CudaDriver.LibraryName} was not found, or is older than CUDA 11.8";
        return EncoderParts.AreUsual(encoder, config) ? null : "a part of the encoder has a hook, a bias or another weight, or is in training";
    }
}

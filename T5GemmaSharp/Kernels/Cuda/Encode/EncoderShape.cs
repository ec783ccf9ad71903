using System.Globalization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>The sizes of an encoder's layers, and how its kernels are spread. One compilation of <c>encoder.cu</c> serves one shape.</summary>
internal sealed record EncoderShape
{
    private const int AttentionWarps = 4;

    private const int MaxNormThreads = 512;

    /// <param name="config">An encoder that <see cref="Refuse"/> lets pass.</param>
    public EncoderShape(T5GemmaModuleConfig config) => Config = config;

    public T5GemmaModuleConfig Config { get; }

    /// <summary>Queries of an attention block.</summary>
    public static int Queries => AttentionWarps * 16;

    /// <summary>Threads of an attention block.</summary>
    public static int AttentionThreads => AttentionWarps * 32;

    /// <summary>Shared memory of an attention block: its queries, and two tiles of keys and values.</summary>
    public int SharedBytes => (Queries + (4 * Keys)) * (int)Config.HeadDim * sizeof(ushort);

    /// <summary>Threads of a norm: eight numbers each, as far as that goes.</summary>
    public int NormThreads => Math.Min(((int)Config.HiddenSize / 8 + 31) / 32 * 32, MaxNormThreads);

    // Two blocks of the largest heads share a multiprocessor of an H100: one computes weights while the other multiplies. They fit in those of smaller devices, too.
    private int Keys => Config.HeadDim == 256 ? 32 : 64;

    /// <summary>Why the kernels do not cover an encoder; null: they do.</summary>
    public static string? Refuse(T5GemmaModuleConfig config)
    {
        if (config.HiddenActivation is not (HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast))
            return $"hidden_activation {config.HiddenActivation} is not gelu_pytorch_tanh";
        if (config.AttnLogitSoftcapping is not (> 0 and <= 60))
            return "attn_logit_softcapping must be between 0 and 60: the kernels take exponents of scores without their maximum";
        if (config.HeadDim is not (64 or 128 or 256))
            return $"head_dim {config.HeadDim} is not 64, 128 or 256";
        return config.HiddenSize % 8 != 0 || config.IntermediateSize % 8 != 0
            ? $"hidden_size {config.HiddenSize} and intermediate_size {config.IntermediateSize} must be multiples of 8"
            : null;
    }

    /// <summary>The compile-time constants of <c>encoder.cu</c>.</summary>
    public IReadOnlyDictionary<string, string> Constants()
    {
        Dictionary<string, long> numbers = new()
        {
            ["D"] = Config.HiddenSize,
            ["H"] = Config.NumAttentionHeads,
            ["K"] = Config.NumKeyValueHeads,
            ["E"] = Config.HeadDim,
            ["NORM_THREADS"] = NormThreads,
            ["KEYS"] = Keys,
            ["ATTENTION_WARPS"] = AttentionWarps,
        };
        var constants = numbers.ToDictionary(number => number.Key, number => number.Value.ToString(CultureInfo.InvariantCulture));
        constants["EPS"] = KernelCompiler.Float(Config.RmsNormEps);
        constants["SCALE"] = KernelCompiler.Float(Math.Pow(Config.QueryPreAttnScalar, -0.5));
        constants["CAP"] = KernelCompiler.Float(Config.AttnLogitSoftcapping!.Value); // a shape without it is refused
        return constants;
    }
}

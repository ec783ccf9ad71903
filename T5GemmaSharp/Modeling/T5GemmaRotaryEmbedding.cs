using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Cosines and sines of the rotary position embedding.</summary>
/// <remarks>HF: <c>T5GemmaRotaryEmbedding</c>. Its buffers <c>inv_freq</c> and <c>original_inv_freq</c> are never saved; here they are no buffers at all.</remarks>
public sealed class T5GemmaRotaryEmbedding : nn.Module<Tensor, Tensor, (Tensor Cos, Tensor Sin)>
{
    private readonly float[] _invFreq;

    internal T5GemmaRotaryEmbedding(T5GemmaModuleConfig config)
        : base(nameof(T5GemmaRotaryEmbedding))
    {
        _invFreq = InverseFrequencies(config);
        RegisterComponents();
    }

    /// <summary>Computes the rotation of each position.</summary>
    /// <param name="hiddenStates">Any tensor of the wanted dtype and device.</param>
    /// <param name="positionIds">Positions [1 or B, T], int64.</param>
    /// <returns>Cosines and sines, each [1 or B, T, E].</returns>
    public override (Tensor Cos, Tensor Sin) forward(Tensor hiddenStates, Tensor positionIds)
    {
        ArgumentNullException.ThrowIfNull(hiddenStates);
        ArgumentNullException.ThrowIfNull(positionIds);
        using var scope = NewDisposeScope();
        // Angles stay in float32 whatever the model's dtype: bf16 cannot tell neighbouring positions apart beyond 256.
        var invFreq = torch.tensor(_invFreq, device: hiddenStates.device); // [E/2]
        var angles = positionIds.to(ScalarType.Float32).unsqueeze(-1) * invFreq; // [B, T, E/2]
        var both = torch.cat([angles, angles], dim: -1); // [B, T, E]
        return scope.MoveToOuter(both.cos().to(hiddenStates.dtype), both.sin().to(hiddenStates.dtype));
    }

    private static float[] InverseFrequencies(T5GemmaModuleConfig config)
    {
        using var scope = NewDisposeScope();
        // torch's own float32 arithmetic on the CPU, so that the values equal the reference's bit for bit.
        var exponents = torch.arange(0, config.HeadDim, 2, ScalarType.Int64, device: CPU).to(ScalarType.Float32) / config.HeadDim;
        var frequencies = 1.0 / torch.pow(config.RopeParameters.RopeTheta, exponents);
        return config.RopeParameters switch
        {
            { RopeType: "linear", Factor: { } factor } => (frequencies / factor).data<float>().ToArray(),
            _ => frequencies.data<float>().ToArray(),
        };
    }
}

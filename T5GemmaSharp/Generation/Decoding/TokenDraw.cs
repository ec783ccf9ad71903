using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Draws tokens. The draws happen on the generator's device, by default the CPU, so that a seed means the same everywhere.</summary>
internal sealed class TokenDraw : IDisposable
{
    private readonly Generator? _generator;
    private readonly bool _ownsGenerator;

    public TokenDraw(GenerationControls controls)
    {
        _ownsGenerator = controls.Seed is not null;
        _generator = controls.Seed is { } seed ? new Generator((ulong)seed, CPU) : controls.Generator;
    }

    /// <summary>Draws from every row without replacement.</summary>
    /// <param name="scores">Scores [rows, choices], float32.</param>
    /// <param name="count">Draws of a row.</param>
    /// <returns>Indices [rows, count], int64, in the order of the draws, on the device of the scores.</returns>
    public Tensor Draw(Tensor scores, long count)
    {
        var probabilities = scores.softmax(-1).to(_generator?.device ?? CPU);
        return torch.multinomial(probabilities, count, replacement: false, generator: _generator).to(scores.device);
    }

    /// <summary>Draws numbers from 0 to below 1.</summary>
    public double Uniform() => torch.rand([1], dtype: ScalarType.Float64, device: _generator?.device ?? CPU, generator: _generator).item<double>();

    public void Dispose()
    {
        if (_ownsGenerator)
            _generator?.Dispose();
    }
}

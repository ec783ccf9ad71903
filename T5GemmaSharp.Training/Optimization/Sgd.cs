using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Gradient descent with momentum.</summary>
/// <remarks>g = g + wd w; m = momentum m + g; w = w - lr m. PyTorch: <c>SGD</c>.</remarks>
public sealed class Sgd : Optimizer
{
    private readonly SgdOptions _options;
    private readonly MomentTable? _momenta;

    /// <summary>Creates the optimizer.</summary>
    /// <param name="parameters">Names and parameters; those that need no gradient are left out.</param>
    /// <param name="options">The constants.</param>
    /// <param name="shards">Which stretch of each parameter this optimizer keeps and updates; null: all.</param>
    /// <exception cref="ArgumentException">A parameter is neither float32 nor bfloat16.</exception>
    public Sgd(IEnumerable<(string Name, Parameter Parameter)> parameters, SgdOptions options, IParameterShards? shards = null)
        : base(parameters, new WeightDecayRule((options ?? throw new ArgumentNullException(nameof(options))).WeightDecay), shards)
    {
        _options = options;
        _momenta = options.Momentum == 0 ? null : new MomentTable("momentum_buffer", Parameters);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _momenta?.Dispose();
        base.Dispose(disposing);
    }

    private protected override void Update(int index, double learningRate, double gradientScale)
        => ForEachStretch(index, gradientScale, multiple: 1, (from, values, gradient) =>
        {
            if (Decays[index] != 0)
                gradient = gradient + (values * Decays[index]);
            if (_momenta is not null)
                gradient = _momenta.Stretch(index, from, values.numel()).mul_(_options.Momentum).add_(gradient);
            values.sub_(gradient * learningRate);
        });

    private protected override IEnumerable<KeyValuePair<string, Tensor>> StateOf(int index) => _momenta is null ? [] : [_momenta.State(index)];
}

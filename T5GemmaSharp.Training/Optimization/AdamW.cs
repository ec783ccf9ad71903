using T5GemmaSharp.Kernels.Cuda.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Adam with decoupled weight decay.</summary>
/// <remarks>m = b1 m + (1-b1) g; v = b2 v + (1-b2) g²; w = w (1 - lr wd) - lr/(1-b1^t) m / (sqrt(v/(1-b2^t)) + eps). On CUDA one kernel of this library takes all of it in a pass.</remarks>
public sealed class AdamW : Optimizer
{
    private readonly AdamWOptions _options;
    private readonly MomentTable _means;
    private readonly MomentTable _meanSquares;

    /// <summary>Creates the optimizer with zero moments beside each parameter.</summary>
    /// <param name="parameters">Names and parameters; those that need no gradient are left out.</param>
    /// <param name="options">The constants.</param>
    /// <param name="shards">Which stretch of each parameter this optimizer keeps and updates; null: all.</param>
    /// <exception cref="ArgumentException">A parameter is neither float32 nor bfloat16.</exception>
    public AdamW(IEnumerable<(string Name, Parameter Parameter)> parameters, AdamWOptions options, IParameterShards? shards = null)
        : base(parameters, DecayOf(options), shards)
    {
        _options = options;
        _means = new MomentTable("exp_avg", Parameters);
        _meanSquares = new MomentTable("exp_avg_sq", Parameters);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _means.Dispose();
            _meanSquares.Dispose();
        }

        base.Dispose(disposing);
    }

    private protected override void Update(int index, double learningRate, double gradientScale)
    {
        var updates = UpdatesOf(index);
        var stepSize = learningRate / (1 - Math.Pow(_options.Beta1, updates));
        var rootCorrection = Math.Sqrt(1 - Math.Pow(_options.Beta2, updates));
        if (Kernels(index) is { } kernels)
        {
            Parameters[index].UpdateWhole((weights, lowerHalf, gradient) => OptimizerKernels.AdamW(
                kernels, weights, lowerHalf, gradient, _means.State(index).Value, _meanSquares.State(index).Value, new AdamWFactors(
                    (float)gradientScale,
                    (float)(1 - _options.Beta1),
                    (float)_options.Beta2,
                    (float)(1 - _options.Beta2),
                    (float)(1 - (learningRate * Decays[index])),
                    1 / (float)rootCorrection,
                    (float)_options.Epsilon,
                    (float)stepSize)));
            return;
        }

        ForEachStretch(index, gradientScale, multiple: 1, (from, values, gradient) =>
        {
            var mean = _means.Stretch(index, from, values.numel());
            var meanSquare = _meanSquares.Stretch(index, from, values.numel());
            mean.lerp_(gradient, 1 - _options.Beta1);
            meanSquare.mul_(_options.Beta2).addcmul_(gradient, gradient, 1 - _options.Beta2);
            if (Decays[index] != 0)
                values.mul_(1 - (learningRate * Decays[index]));
            var denominator = meanSquare.sqrt().div_(rootCorrection).add_(_options.Epsilon);
            values.addcdiv_(mean, denominator, -stepSize);
        });
    }

    private protected override IEnumerable<KeyValuePair<string, Tensor>> StateOf(int index) => [_means.State(index), _meanSquares.State(index)];

    private static WeightDecayRule DecayOf(AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new WeightDecayRule(options.WeightDecay);
    }
}

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>
/// Adafactor with a given learning rate: of a matrix's squared gradients it keeps the means of rows and columns only, so that its state is a thousandth of Adam's.
/// </summary>
/// <remarks>
/// HF: <c>Adafactor(scale_parameter=False, relative_step=False)</c>. b = 1 - t^-0.8; R = b R + (1-b) mean over columns of (g² + eps), C likewise over rows;
/// u = g / sqrt(R C / mean(R)); w = w (1 - lr wd) - lr u / max(1, rms(u) / threshold). Vectors keep the whole square.
/// </remarks>
public sealed class Adafactor : Optimizer
{
    private readonly AdafactorOptions _options;
    private readonly Tensor[] _rows;    // [rows], or [N] of a vector
    private readonly Tensor?[] _columns; // [columns]; null of a vector

    /// <summary>Creates the optimizer.</summary>
    /// <param name="parameters">Names and parameters; those that need no gradient are left out.</param>
    /// <param name="options">The constants.</param>
    /// <exception cref="ArgumentException">A parameter is neither float32 nor bfloat16.</exception>
    public Adafactor(IEnumerable<(string Name, Parameter Parameter)> parameters, AdafactorOptions options)
        : base(parameters, new WeightDecayRule((options ?? throw new ArgumentNullException(nameof(options))).WeightDecay))
    {
        _options = options;
        _rows = [.. Parameters.Select(parameter => Zeros(IsMatrix(parameter) ? parameter.Count / Width(parameter) : parameter.Count, parameter))];
        _columns = [.. Parameters.Select(parameter => IsMatrix(parameter) ? Zeros(Width(parameter), parameter) : null)];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Array.ForEach(_rows, rows => rows.Dispose());
            Array.ForEach(_columns, columns => columns?.Dispose());
        }

        base.Dispose(disposing);
    }

    private protected override void Update(int index, double learningRate, double gradientScale)
    {
        var parameter = Parameters[index];
        var width = Width(parameter);
        var decay = 1 - Math.Pow(UpdatesOf(index), _options.DecayRate);
        Observe(index, width, gradientScale, decay);
        var rowFactor = RowFactor(index);
        var columnFactor = _columns[index]?.rsqrt();

        var squares = new List<Tensor>();
        ForEachStretch(index, gradientScale, width, (from, _, gradient) => squares.Add(Direction(from, gradient).square().sum().DetachFromDisposeScope()), writes: false);
        var rms = Math.Sqrt(stack(squares).sum().ToDouble() / parameter.Count);
        squares.ForEach(square => square.Dispose());

        var stepSize = learningRate / Math.Max(1, rms / _options.ClipThreshold);
        ForEachStretch(index, gradientScale, width, (from, values, gradient) =>
        {
            if (Decays[index] != 0)
                values.mul_(1 - (learningRate * Decays[index]));
            values.sub_(Direction(from, gradient).flatten() * stepSize);
        });

        // [rows, columns] of a matrix, [N] of a vector
        Tensor Direction(long from, Tensor gradient) => columnFactor is null
            ? gradient * rowFactor.narrow(0, from, gradient.numel())
            : gradient.view(-1, width) * rowFactor.narrow(0, from / width, gradient.numel() / width).unsqueeze(1) * columnFactor;
    }

    private protected override IEnumerable<KeyValuePair<string, Tensor>> StateOf(int index)
    {
        var name = Parameters[index].Name;
        if (_columns[index] is not { } columns)
            return [new($"exp_avg_sq.{name}", _rows[index])];
        return [new($"exp_avg_sq_row.{name}", _rows[index]), new($"exp_avg_sq_col.{name}", columns)];
    }

    private static bool IsMatrix(TrainedParameter parameter) => parameter.Shape.Length >= 2;

    private static long Width(TrainedParameter parameter) => IsMatrix(parameter) ? parameter.Shape[^1] : 1;

    private static Tensor Zeros(long count, TrainedParameter parameter)
        => zeros([count], dtype: ScalarType.Float32, device: parameter.Device).DetachFromDisposeScope();

    private Tensor RowFactor(int index)
        => _columns[index] is null ? _rows[index].rsqrt() : (_rows[index] / _rows[index].mean()).rsqrt();

    /// <summary>Takes the squares of a gradient into the means.</summary>
    private void Observe(int index, long width, double gradientScale, double decay)
    {
        var (rows, columns) = (_rows[index], _columns[index]);
        columns?.mul_(decay);
        ForEachStretch(index, gradientScale, width, (from, _, gradient) =>
        {
            var squares = gradient.square().add_(_options.Epsilon);
            if (columns is null)
            {
                rows.narrow(0, from, squares.numel()).mul_(decay).add_(squares, 1 - decay);
                return;
            }

            squares = squares.view(-1, width);
            rows.narrow(0, from / width, squares.size(0)).mul_(decay).add_(squares.mean([1]), 1 - decay);
            columns.add_(squares.sum(dim: 0), (1 - decay) / rows.numel());
        }, writes: false);
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Quantization;

/// <summary>
/// A matrix [out, in] of integers and scales. 8 bits: signed integers [out, in], float32 scales [out]. 4 bits: integers with 8 added, the earlier input in the lower half of a
/// byte [out, in / 2], bfloat16 scales [out, groups], the last group of a row perhaps shorter. <c>decode.cu</c> reads the same.
/// </summary>
internal sealed class QuantizedMatrix : IDisposable
{
    // Rows are worked on in portions: the float copies of a large table would not fit beside it.
    private const long PortionElements = 1L << 23;

    private readonly WeightQuantization _quantization;

    private QuantizedMatrix(WeightQuantization quantization, Tensor values, Tensor scales, long inputs)
        => (_quantization, Values, Scales, Inputs) = (quantization, values.DetachFromDisposeScope(), scales.DetachFromDisposeScope(), inputs);

    /// <summary>The integers.</summary>
    public Tensor Values { get; private set; }

    /// <summary>What they are multiplied by.</summary>
    public Tensor Scales { get; private set; }

    public long Outputs => Values.size(0);

    public long Inputs { get; }

    public long SizeInBytes => Values.NumberOfElements * Values.ElementSize + Scales.NumberOfElements * Scales.ElementSize;

    /// <summary>Makes a matrix without values, for a loader to fill.</summary>
    public static QuantizedMatrix Empty(WeightQuantization quantization, long outputs, long inputs, Device device)
    {
        if (quantization.GroupSize is not { } group)
            return new(quantization, torch.empty([outputs, inputs], dtype: ScalarType.Int8, device: device), torch.empty([outputs], dtype: ScalarType.Float32, device: device), inputs);
        if (inputs % 2 != 0)
            throw new NotSupportedException($"a matrix of {inputs} inputs cannot be stored in 4 bits a weight: their number must be even; use int8");
        return new(
            quantization,
            torch.empty([outputs, inputs / 2], dtype: ScalarType.Byte, device: device),
            torch.empty([outputs, (inputs + group - 1) / group], dtype: ScalarType.BFloat16, device: device),
            inputs);
    }

    /// <summary>Quantizes a matrix.</summary>
    /// <param name="weight">[out, in], of any floating dtype.</param>
    /// <param name="quantization">How.</param>
    /// <param name="relativeError">The norm of what is lost, divided by the norm of the matrix.</param>
    public static QuantizedMatrix Quantize(Tensor weight, WeightQuantization quantization, out double relativeError)
    {
        using var noGrad = torch.no_grad();
        var matrix = Empty(quantization, weight.size(0), weight.size(1), weight.device);
        try
        {
            var (lost, whole) = (0.0, 0.0);
            foreach (var (start, count) in matrix.Portions())
            {
                using var scope = NewDisposeScope();
                var rows = weight.narrow(0, start, count).to(ScalarType.Float32);
                var (values, scales) = quantization.GroupSize is { } group ? IntegerRounding.Groups(rows, group) : IntegerRounding.Rows(rows);
                matrix.Values.narrow(0, start, count).copy_(values);
                matrix.Scales.narrow(0, start, count).copy_(scales);
                lost += (matrix.Dequantize(start, count, ScalarType.Float32) - rows).square().sum(ScalarType.Float64).item<double>();
                whole += rows.square().sum(ScalarType.Float64).item<double>();
            }
            relativeError = whole > 0 ? Math.Sqrt(lost / whole) : 0;
            return matrix;
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
    }

    /// <summary>The matrix in a floating dtype [out, in].</summary>
    public Tensor Dequantize(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var whole = torch.empty([Outputs, Inputs], dtype: dtype, device: Values.device);
        foreach (var (start, count) in Portions())
        {
            using var portion = NewDisposeScope();
            whole.narrow(0, start, count).copy_(Dequantize(start, count, dtype));
        }
        return scope.MoveToOuter(whole);
    }

    /// <summary>Multiplies [..., in] to [..., out]; a portion of the rows at a time is in a floating dtype.</summary>
    public Tensor Multiply(Tensor states)
    {
        using var scope = NewDisposeScope();
        var outputs = new List<Tensor>();
        foreach (var (start, count) in Portions())
        {
            using var rows = Dequantize(start, count, states.dtype);
            outputs.Add(nn.functional.linear(states, rows));
        }
        return scope.MoveToOuter(outputs.Count == 1 ? outputs[0] : torch.cat(outputs, dim: -1));
    }

    /// <summary>Moves to a device.</summary>
    public void To(Device device)
    {
        using var scope = NewDisposeScope();
        (Values, Scales) = (Moved(Values), Moved(Scales));

        Tensor Moved(Tensor tensor)
        {
            if (tensor.device_type == device.type && (device.index < 0 || tensor.device_index == device.index))
                return tensor;
            using var old = tensor;
            return old.to(device).DetachFromDisposeScope();
        }
    }

    public void Dispose()
    {
        Values.Dispose();
        Scales.Dispose();
    }

    private IEnumerable<(long Start, long Count)> Portions()
    {
        var most = Math.Max(1, PortionElements / Inputs);
        for (long start = 0; start < Outputs; start += most)
            yield return (start, Math.Min(most, Outputs - start));
    }

    private Tensor Dequantize(long start, long count, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var (values, scales) = (Values.narrow(0, start, count), Scales.narrow(0, start, count).to(ScalarType.Float32));
        if (_quantization.GroupSize is not { } group)
            return scope.MoveToOuter((values.to(ScalarType.Float32) * scales.unsqueeze(1)).to(dtype));
        var integers = IntegerRounding.Unpack(values).to(ScalarType.Float32) - IntegerRounding.Offset;
        return scope.MoveToOuter((integers * scales.repeat_interleave(group, dim: 1).narrow(1, 0, Inputs)).to(dtype));
    }
}

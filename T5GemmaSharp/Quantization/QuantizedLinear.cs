using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Quantization;

/// <summary>
/// A linear layer whose matrix is quantized. Its own weight is empty between calls: hooks fill it for the time of a call, so that the layer and its name stay those of the model.
/// </summary>
internal sealed class QuantizedLinear
{
    /// <summary>Hooks that a quantized layer has.</summary>
    public const int HookCount = 2;

    public QuantizedLinear(string name, Linear linear, QuantizedMatrix matrix)
    {
        (Name, Linear, Matrix) = (name, linear, matrix);
        Clear();
        linear.register_forward_pre_hook((module, input) =>
        {
            if (module.training)
                throw new InvalidOperationException($"{Name}: quantized weights cannot be trained; call eval(), or load the model without quantization");
            Fill(Linear.weight.dtype);
            return input;
        });
        linear.register_forward_hook((_, _, output) =>
        {
            Clear();
            return output;
        });
    }

    /// <summary>Name of the layer in the model.</summary>
    public string Name { get; }

    public Linear Linear { get; }

    public QuantizedMatrix Matrix { get; }

    private void Fill(ScalarType dtype)
    {
        using var noGrad = torch.no_grad();
        using var weight = Matrix.Dequantize(dtype);
        Linear.weight.set_(weight);
    }

    private void Clear()
    {
        using var noGrad = torch.no_grad();
        using var empty = torch.empty([0], dtype: Linear.weight.dtype, device: Matrix.Values.device);
        Linear.weight.set_(empty);
    }
}

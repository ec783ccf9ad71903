using T5GemmaSharp.Configuration;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The activation functions of the feed-forward block.</summary>
/// <remarks>HF: <c>ACT2FN</c>.</remarks>
internal static class HiddenActivations
{
    /// <summary>Applies an activation element-wise.</summary>
    internal static Tensor Apply(this HiddenActivation activation, Tensor input) => activation switch
    {
        // GPT-2's and the "fast" formula are the tanh approximation written out; they differ in the last bits only.
        HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast => nn.functional.gelu(input, GELU.Approximate.tanh),
        HiddenActivation.Gelu => nn.functional.gelu(input),
        HiddenActivation.QuickGelu => QuickGelu(input),
        HiddenActivation.Relu => nn.functional.relu(input),
        HiddenActivation.Relu2 => Relu2(input),
        HiddenActivation.Relu6 => nn.functional.relu6(input),
        HiddenActivation.Silu or HiddenActivation.Swish => nn.functional.silu(input),
        HiddenActivation.Mish => nn.functional.mish(input),
        HiddenActivation.Tanh => input.tanh(),
        HiddenActivation.Sigmoid => input.sigmoid(),
        HiddenActivation.LeakyRelu => nn.functional.leaky_relu(input, 0.01),
        HiddenActivation.Linear => input.alias(),
        HiddenActivation.Hardswish => nn.functional.hardswish(input),
        _ => throw new NotSupportedException($"hidden_activation: {activation} is not implemented"),
    };

    private static Tensor QuickGelu(Tensor input)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(input * (1.702 * input).sigmoid());
    }

    private static Tensor Relu2(Tensor input)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(nn.functional.relu(input).square());
    }
}

using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Activation of the gated feed-forward block.</summary>
/// <remarks>HF: the names of <c>ACT2FN</c>; the JSON form is the snake_case name.</remarks>
[JsonConverter(typeof(SnakeCaseEnumConverter<HiddenActivation>))]
public enum HiddenActivation
{
    /// <summary>GELU by its tanh approximation; the activation of all published checkpoints.</summary>
    GeluPytorchTanh,

    /// <summary>GELU by the error function.</summary>
    Gelu,

    /// <summary>GELU by its tanh approximation, as GPT-2 spells it.</summary>
    GeluNew,

    /// <summary>GELU by its tanh approximation with the constant 0.7978845608.</summary>
    GeluFast,

    /// <summary>x * sigmoid(1.702 x).</summary>
    QuickGelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0) squared.</summary>
    Relu2,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,

    /// <summary>x * sigmoid(x).</summary>
    Silu,

    /// <summary>Another name of <see cref="Silu"/>.</summary>
    Swish,

    /// <summary>x * tanh(softplus(x)).</summary>
    Mish,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>Logistic function.</summary>
    Sigmoid,

    /// <summary>x for positive x, 0.01 x otherwise.</summary>
    LeakyRelu,

    /// <summary>Identity.</summary>
    Linear,

    /// <summary>x * relu6(x + 3) / 6.</summary>
    Hardswish,
}

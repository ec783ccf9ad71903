using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Adapters;

/// <summary>A linear layer with a change of low rank: y = W x + s B A dropout(x), and with DoRA the length of each row of W + s B A set to a trained magnitude.</summary>
/// <remarks>PEFT: <c>tuners.lora.Linear</c>, <c>DoraLinearLayer</c>.</remarks>
internal sealed class LoraLinear : AdaptedLinear
{
    private readonly double _scale;
    private readonly double _dropout;

    /// <summary>Makes a change that is zero.</summary>
    public LoraLinear(LoraTarget target, LoraConfig config, Generator generator)
        : base(target.Name, target.Linear)
    {
        (_scale, _dropout) = (target.Scale, config.LoraDropout);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var device = Linear.weight.device;
        var (outputs, inputs) = (Linear.weight.size(0), Linear.weight.size(1));

        // Kaiming-uniform with a = sqrt(5), whose bound is 1 / sqrt(inputs); drawn on the CPU, so that a seed means the same on every device.
        var bound = 1 / Math.Sqrt(inputs);
        A = Own(torch.empty([target.Rank, inputs], dtype: DType).uniform_(-bound, bound, generator).to(device));
        B = Own(torch.zeros([outputs, target.Rank], dtype: DType, device: device));
        Magnitude = config.UseDora ? Own(Lengths(Changed())) : null;
    }

    /// <summary>[r, in].</summary>
    public Parameter A { get; private set; }

    /// <summary>[out, r].</summary>
    public Parameter B { get; private set; }

    /// <summary>[out]; null without DoRA.</summary>
    public Parameter? Magnitude { get; private set; }

    // PEFT stores the magnitude without ".weight".
    public override IEnumerable<(string Key, Parameter Parameter)> Parameters =>
        Magnitude is null ? [("lora_A.weight", A), ("lora_B.weight", B)] : [("lora_A.weight", A), ("lora_B.weight", B), ("lora_magnitude_vector", Magnitude)];

    public override void FollowLayer() => (A, B, Magnitude) = (Moved(A), Moved(B), Magnitude is null ? null : Moved(Magnitude));

    protected override Tensor Apply(Tensor input, Tensor output, bool isTraining)
    {
        using var scope = NewDisposeScope();
        var drops = isTraining && _dropout > 0;
        var states = input.to(A.dtype); // float32 beside a bfloat16 layer
        if (drops)
            states = nn.functional.dropout(states, _dropout, training: true);
        var change = nn.functional.linear(nn.functional.linear(states, A), B) * _scale; // [..., out]
        if (Magnitude is not null)
        {
            var ratio = Magnitude / Lengths();

            // (ratio - 1) W x on top of the layer's own W x: exactly nothing while the ratio is one. Dropout applies to this part too, as in PEFT.
            change = ((ratio - 1) * Projected(drops ? states : null, output)) + (ratio * change);
        }

        return scope.MoveToOuter((output.to(A.dtype) + change).to(output.dtype));
    }

    protected override IEnumerable<(Parameter Weight, Tensor Merged)> Merged()
    {
        var changed = Changed();
        yield return (Linear.weight, Magnitude is null ? changed : (Magnitude / Lengths(changed)).unsqueeze(1) * changed);
    }

    /// <summary>W x without bias, of the dropped states, or else taken from the layer's output.</summary>
    private Tensor Projected(Tensor? dropped, Tensor output)
    {
        if (dropped is not null)
            return nn.functional.linear(dropped, Linear.weight.to(A.dtype));
        return Linear.bias is { } bias ? output.to(A.dtype) - bias.to(A.dtype) : output.to(A.dtype);
    }

    /// <summary>The length of each row of the changed weight [out]: a constant to autograd, as the paper of DoRA has it (section 4.3).</summary>
    private Tensor Lengths()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Lengths(Changed()));
    }

    /// <summary>W + s B A [out, in].</summary>
    private Tensor Changed() => Linear.weight.to(A.dtype) + (B.matmul(A) * _scale);

    private static Tensor Lengths(Tensor weight) => weight.norm(1); // of the rows
}

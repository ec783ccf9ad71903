using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Adapters;

/// <summary>A linear layer in whose place a trained copy computes.</summary>
/// <remarks>PEFT: <c>ModulesToSaveWrapper</c>.</remarks>
internal sealed class SavedLinear : AdaptedLinear
{
    private Parameter _weight;
    private Parameter? _bias;

    /// <summary>Copies a layer.</summary>
    public SavedLinear(string name, Linear linear)
        : base(name, linear)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _weight = Own(linear.weight.detach().to(DType, copy: true));
        _bias = linear.bias is { } bias ? Own(bias.detach().to(DType, copy: true)) : null;
    }

    public override IEnumerable<(string Key, Parameter Parameter)> Parameters => _bias is null ? [("weight", _weight)] : [("weight", _weight), ("bias", _bias)];

    public override void FollowLayer() => (_weight, _bias) = (Moved(_weight), _bias is null ? null : Moved(_bias));

    protected override Tensor Apply(Tensor input, Tensor output, bool isTraining)
    {
        using var scope = NewDisposeScope();

        // In the dtype of the input, so that a copy that was not trained computes what the layer does.
        return scope.MoveToOuter(nn.functional.linear(input, _weight.to(input.dtype), _bias?.to(input.dtype)));
    }

    protected override IEnumerable<(Parameter Weight, Tensor Merged)> Merged()
    {
        // Copies: merged weights must not change when the trained ones do.
        yield return (Linear.weight, _weight.detach().to(_weight.dtype, copy: true));
        if (_bias is not null)
            yield return (Linear.bias!, _bias.detach().to(_bias.dtype, copy: true)); // the copy has one because the layer has
    }
}

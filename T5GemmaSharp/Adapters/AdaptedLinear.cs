using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Adapters;

/// <summary>
/// A linear layer whose output an adapter changes. A hook does it, so that the layer, its name and its weights stay those of the base model, a model without an adapter pays
/// nothing, and the kernels for decoding, which leave modules with hooks alone, need no further rule.
/// </summary>
internal abstract class AdaptedLinear(string name, Linear linear) : IDisposable
{
    private readonly List<Tensor> _originals = [];
    private Action? _removeHook;

    /// <summary>Name of the layer in the model.</summary>
    public string Name { get; } = name;

    /// <summary>The trained parameters by their keys below <see cref="Name"/>.</summary>
    public abstract IEnumerable<(string Key, Parameter Parameter)> Parameters { get; }

    protected Linear Linear { get; } = linear;

    /// <summary>Dtype of trained parameters: float32 beside float16 and bfloat16, in which small updates are lost.</summary>
    protected ScalarType DType => Linear.weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>Lets the adapter change the output, or not.</summary>
    public void SetActive(bool isActive)
    {
        if (isActive)
        {
            _removeHook ??= Linear.register_forward_hook((module, input, output) => Apply(input, output, module.training)).remove;
            return;
        }

        _removeHook?.Invoke();
        _removeHook = null;
    }

    /// <summary>Writes the change into the layer's weights.</summary>
    /// <param name="keepsOriginals">Whether <see cref="Unmerge"/> will be called.</param>
    public void Merge(bool keepsOriginals)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (weight, merged) in Merged())
        {
            // The weight gets other memory instead of other values: its own may be a mapped file, and is what Unmerge gives back, bit for bit.
            if (keepsOriginals)
                _originals.Add(weight.detach().DetachFromDisposeScope());
            weight.set_(merged.to(weight.dtype).contiguous());
        }
    }

    /// <summary>Gives the weights the values that they had before <see cref="Merge"/>; nothing happens where that was not called.</summary>
    public void Unmerge()
    {
        using var noGrad = no_grad();
        foreach (var (weight, original) in Weights.Zip(_originals))
        {
            using var scope = NewDisposeScope();
            weight.set_(original.to(weight.dtype, weight.device)); // the model may have been moved meanwhile
        }

        Forget();
    }

    /// <summary>Moves the trained parameters to the device of the layer.</summary>
    public abstract void FollowLayer();

    /// <summary>Frees the trained parameters, after the layer was let go.</summary>
    public void Dispose()
    {
        SetActive(isActive: false);
        Forget();
        foreach (var (_, parameter) in Parameters)
            parameter.Dispose();
    }

    /// <summary>Computes what the layer returns in place of its output.</summary>
    /// <param name="input">[..., in].</param>
    /// <param name="output">The layer's own output [..., out].</param>
    /// <param name="isTraining">Whether dropout applies.</param>
    protected abstract Tensor Apply(Tensor input, Tensor output, bool isTraining);

    /// <summary>The layer's parameters that a merge changes, and their merged values in any dtype.</summary>
    protected abstract IEnumerable<(Parameter Weight, Tensor Merged)> Merged();

    /// <summary>Makes a trained parameter that outlives dispose scopes.</summary>
    protected static Parameter Own(Tensor values, bool requiresGrad = true)
    {
        var parameter = new Parameter(values, requiresGrad);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>The same parameter on the device of the layer.</summary>
    protected Parameter Moved(Parameter parameter)
    {
        var device = Linear.weight.device;
        if (parameter.device_type == device.type && parameter.device_index == device.index)
            return parameter;
        using var old = parameter;
        return Own(old.detach().to(device), old.requires_grad);
    }

    private IEnumerable<Parameter> Weights => Linear.bias is { } bias ? [Linear.weight, bias] : [Linear.weight];

    private void Forget()
    {
        _originals.ForEach(original => original.Dispose());
        _originals.Clear();
    }
}

using T5GemmaSharp.Kernels.Cuda.Training;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Gated feed-forward block: down(dropout(act(gate(x)) * up(x))).</summary>
/// <remarks>HF: <c>T5GemmaMLP</c>.</remarks>
public sealed class T5GemmaMLP : nn.Module<Tensor, Tensor>
{
    private readonly T5GemmaModuleConfig _config;

    internal T5GemmaMLP(T5GemmaModuleConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaMLP))
    {
        _config = config;
        GateProj = factory.Linear(config.HiddenSize, config.IntermediateSize);
        UpProj = factory.Linear(config.HiddenSize, config.IntermediateSize);
        DownProj = factory.Linear(config.IntermediateSize, config.HiddenSize);
        Dropout = nn.Dropout(config.DropoutRate);
        RegisterComponents();
    }

    /// <summary>Weight [I, D].</summary>
    [field: ComponentName(Name = "gate_proj")]
    public Linear GateProj { get; }

    /// <summary>Weight [I, D].</summary>
    [field: ComponentName(Name = "up_proj")]
    public Linear UpProj { get; }

    /// <summary>Weight [D, I].</summary>
    [field: ComponentName(Name = "down_proj")]
    public Linear DownProj { get; }

    /// <summary>Dropout of the gated product.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Maps [B, T, D] to [B, T, D].</summary>
    /// <param name="input">Hidden states [B, T, D].</param>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (gate, up) = (GateProj.call(input), UpProj.call(input));
        var gated = training && FusedGate.Serves(input, _config) ? FusedGate.Call(gate, up) : _config.HiddenActivation.Apply(gate) * up; // [B, T, I]
        return scope.MoveToOuter(DownProj.call(Dropout.call(gated)));
    }
}

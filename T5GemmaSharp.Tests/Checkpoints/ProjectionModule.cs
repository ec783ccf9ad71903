using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>x W^T + b with uninitialised parameters and one persistent buffer.</summary>
internal sealed class ProjectionModule : nn.Module<Tensor, Tensor>
{
    public ProjectionModule(long width, ScalarType dtype, Device? device)
        : base(nameof(ProjectionModule))
    {
        Weight = new Parameter(empty(3, width, dtype: dtype, device: device));
        Bias = new Parameter(empty(3, dtype: dtype, device: device));
        Steps = zeros(1, dtype: ScalarType.Int64, device: device);
        RegisterComponents();
    }

    [field: ComponentName(Name = "weight")]
    public Parameter Weight { get; }

    [field: ComponentName(Name = "bias")]
    public Parameter Bias { get; }

    [field: ComponentName(Name = "steps")]
    public Tensor Steps { get; }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, Weight, Bias);
}

using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class HiddenActivationsTests
{
    // float32 results of magnitude up to 8, and up to 64 for relu2
    private const double Tolerance = 4e-6;

    private static readonly Dictionary<HiddenActivation, Func<double, double>> Formulas = new()
    {
        [HiddenActivation.GeluPytorchTanh] = GeluTanh,
        [HiddenActivation.GeluNew] = GeluTanh,
        [HiddenActivation.GeluFast] = x => 0.5 * x * (1 + Math.Tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))),
        [HiddenActivation.Gelu] = x => x * NormalDistribution(x),
        [HiddenActivation.QuickGelu] = x => x * Sigmoid(1.702 * x),
        [HiddenActivation.Relu] = x => Math.Max(x, 0),
        [HiddenActivation.Relu2] = x => Math.Max(x, 0) * Math.Max(x, 0),
        [HiddenActivation.Relu6] = x => Math.Clamp(x, 0, 6),
        [HiddenActivation.Silu] = x => x * Sigmoid(x),
        [HiddenActivation.Swish] = x => x * Sigmoid(x),
        [HiddenActivation.Mish] = x => x * Math.Tanh(Math.Log(1 + Math.Exp(x))),
        [HiddenActivation.Tanh] = Math.Tanh,
        [HiddenActivation.Sigmoid] = Sigmoid,
        [HiddenActivation.LeakyRelu] = x => x > 0 ? x : 0.01 * x,
        [HiddenActivation.Linear] = x => x,
        [HiddenActivation.Hardswish] = x => x * Math.Clamp(x + 3, 0, 6) / 6,
    };

    private static HiddenActivation[] All => Enum.GetValues<HiddenActivation>();

    [TestCaseSource(nameof(All))]
    public void Apply_Grid_EqualsTheFormula(HiddenActivation activation)
    {
        using var scope = NewDisposeScope();
        var grid = Enumerable.Range(-64, 129).Select(i => i / 8.0).ToArray();
        var actual = activation.Apply(torch.tensor(grid, dtype: ScalarType.Float32));
        TensorAssert.Close(actual, torch.tensor(grid.Select(Formulas[activation]).ToArray()), Tolerance, activation.ToString());
    }

    [TestCaseSource(nameof(All))]
    public void Apply_Input_IsLeftAsItWas(HiddenActivation activation)
    {
        using var scope = NewDisposeScope();
        var input = torch.linspace(-3, 3, 31);
        var before = input.clone();
        _ = activation.Apply(input);
        TensorAssert.Close(input, before, 0, "input");
    }

    [TestCaseSource(nameof(All))]
    public void MLP_EveryActivation_EqualsDownOfGateTimesUp(HiddenActivation activation)
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(2);
        var config = TinyModels.Config.Encoder with { HiddenActivation = activation, HiddenSize = 3, IntermediateSize = 5 };
        using var mlp = new T5GemmaMLP(config, new ModuleFactory(CPU, ScalarType.Float32));
        using (torch.no_grad())
        {
            foreach (var parameter in mlp.parameters())
                parameter.normal_(0, 1);
        }
        mlp.eval();
        var input = torch.randn(2, 4, 3);

        var x = input.to(ScalarType.Float64).view(-1, 3);
        var gate = x.matmul(Transposed(mlp.GateProj.weight!));
        var up = x.matmul(Transposed(mlp.UpProj.weight!));
        var activated = torch.tensor(gate.ToDoubles().Select(Formulas[activation]).ToArray()).view(gate.shape);
        var expected = (activated * up).matmul(Transposed(mlp.DownProj.weight!)).view(2, 4, 3);
        TensorAssert.Close(mlp.call(input), expected, 2e-6 * Math.Max(1, expected.abs().max().item<double>()), activation.ToString());
    }

    [Test]
    public void Apply_UnknownActivation_SaysWhich()
    {
        using var input = torch.zeros(1);
        Assert.That(() => ((HiddenActivation)99).Apply(input), Throws.TypeOf<NotSupportedException>().With.Message.Contains("99"));
    }

    private static Tensor Transposed(Tensor weight) => weight.detach().to(ScalarType.Float64).t();

    private static double GeluTanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double NormalDistribution(double x)
    {
        using var scope = NewDisposeScope();
        return 0.5 * (1 + torch.tensor(x / Math.Sqrt(2), dtype: ScalarType.Float64).erf().item<double>());
    }
}

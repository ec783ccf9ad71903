using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

/// <summary>
/// The layer y = W x with W = [[3, 4], [0, 5]], x = [1, 1], A = [[1, 2]], B = [[1], [-1]], alpha 2: A x = 3, W x = [7, 5], B A = [[1, 2], [-1, -2]]. The gradient of y is [1, 2].
/// </summary>
public sealed class LoraLinearTests
{
    private const double Rounding = 1e-14; // of float64, in sums of a few numbers below a hundred

    private static readonly double[,] W = { { 3, 4 }, { 0, 5 } };

    [Test]
    public void Output_Lora_IsThatOfTheFormula()
    {
        // s = 2: [7, 5] + 2 * 3 * [1, -1]; dB = s g (A x)' = 2 * 3 * [1, 2]; dA = s B'g x' = 2 * (1 - 2) * [1, 1].
        using var scope = NewDisposeScope();
        using var linear = Layer();
        using var lora = Create(linear, new LoraConfig { R = 1, LoraAlpha = 2 });
        Check(linear, lora, [13, -1], a: [-2, -2], b: [6, 12]);
    }

    [Test]
    public void Output_RsLora_IsScaledByTheRootOfTheRank()
    {
        // Rank 4 by rows of zeros, alpha 2: s = 2 / sqrt(4) = 1 instead of 2 / 4.
        using var scope = NewDisposeScope();
        var config = new LoraConfig { R = 4, LoraAlpha = 2, UseRslora = true, TargetModules = ModuleSelection.Named("linear") };
        using var model = nn.Sequential(("linear", Layer()));
        var target = new LoraTargets(model, config).Adapted.Single();
        using var lora = new LoraLinear(target, config, new Generator(1, CPU));
        Set(lora.A, new double[,] { { 1, 2 }, { 0, 0 }, { 0, 0 }, { 0, 0 } });
        Set(lora.B, new double[,] { { 1, 0, 0, 0 }, { -1, 0, 0, 0 } });
        lora.SetActive(isActive: true);
        Assert.That(model.call(X()).ToDoubles(), Is.EqualTo(new double[] { 10, 2 }).Within(Rounding));
    }

    [Test]
    public void Output_Dora_HasRowsOfTheMagnitude()
    {
        // W + s B A = [[5, 8], [-2, 1]] with rows of the lengths sqrt(89) and sqrt(5); the magnitudes are set to 2 and 3.
        // With n constant: dm = g (W' x) / n; dB = s g m/n (A x)'; dA = s B'(g m/n) x'.
        var (first, second) = (2 / Math.Sqrt(89), 3 / Math.Sqrt(5));
        using var scope = NewDisposeScope();
        using var linear = Layer();
        using var lora = Create(linear, new LoraConfig { R = 1, LoraAlpha = 2, UseDora = true });
        Assert.That(lora.Magnitude!.ToDoubles(), Is.EqualTo(new double[] { 5, 5 }).Within(Rounding), "the lengths of W's rows");
        Set(lora.Magnitude!, [2, 3]);
        var slope = 2 * (first - (2 * second));
        Check(linear, lora, [13 * first, -second], a: [slope, slope], b: [6 * first, 12 * second]);
        Assert.That(lora.Magnitude!.grad!.ToDoubles(), Is.EqualTo([13 / Math.Sqrt(89), -2 / Math.Sqrt(5)]).Within(Rounding));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void OutputAndGradients_Random_AreThoseOfPlainTorch(bool useDora)
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(1);
        using var linear = nn.Linear(5, 4, hasBias: true, dtype: ScalarType.Float64);
        linear.weight.requires_grad = false;
        using var lora = new LoraLinear(new("linear", linear, Rank: 3, Scale: 0.7), new LoraConfig { UseDora = useDora }, new Generator(1, CPU));
        using (torch.no_grad())
        {
            foreach (var (_, parameter) in lora.Parameters)
                parameter.normal_();
        }

        var x = torch.randn([2, 6, 5], dtype: ScalarType.Float64).requires_grad_();
        var direction = torch.randn([2, 6, 4], dtype: ScalarType.Float64);
        lora.SetActive(isActive: true);
        var output = linear.call(x);
        (output * direction).sum().backward();

        var (a, b, input) = (Leaf(lora.A), Leaf(lora.B), Leaf(x));
        var magnitude = useDora ? Leaf(lora.Magnitude!) : null;
        var weight = linear.weight + (0.7 * b.matmul(a));
        if (magnitude is not null)
            weight = (magnitude / weight.detach().pow(2).sum(1).sqrt()).unsqueeze(1) * weight;
        var expected = input.matmul(weight.t()) + linear.bias!;
        (expected * direction).sum().backward();

        const double Tolerance = 1e-12; // float64; the two orders of the products round differently
        TensorAssert.Close(output, expected, Tolerance, "output");
        TensorAssert.Close(lora.A.grad!, a.grad!, Tolerance, "A");
        TensorAssert.Close(lora.B.grad!, b.grad!, Tolerance, "B");
        TensorAssert.Close(x.grad!, input.grad!, Tolerance, "x");
        if (magnitude is not null)
            TensorAssert.Close(lora.Magnitude!.grad!, magnitude.grad!, Tolerance, "magnitude");
    }

    [Test]
    public void Dropout_Training_DropsWhatEntersTheChangeAlone()
    {
        using var scope = NewDisposeScope();
        using var linear = Layer();
        using var lora = Create(linear, new LoraConfig { R = 1, LoraDropout = 0.5 });
        lora.SetActive(isActive: true);
        linear.eval();
        Assert.That(linear.call(X()).ToDoubles(), Is.EqualTo(new double[] { 13, -1 }).Within(Rounding), "evaluation");
        linear.train();
        torch.manual_seed(2);

        // Each input of A is 0 or 2: A x is 0, 2, 4 or 6, and y is [7, 5] + 2 A x [1, -1].
        var seen = Enumerable.Range(0, 64).Select(_ => linear.call(X()).ToDoubles()).Select(y => $"{y[0]} {y[1]}").ToHashSet();
        Assert.That(seen, Is.EquivalentTo(new[] { "7 5", "11 1", "15 -3", "19 -7" }));
    }

    [Test]
    public void Dropout_Dora_DropsTheLayersOwnPartOfTheChangeToo()
    {
        // With the magnitudes doubled and B = 0: y = W x + (2 - 1) W d, where each element of d is 0 or 2.
        using var scope = NewDisposeScope();
        using var linear = Layer();
        using var lora = new LoraLinear(new("linear", linear, Rank: 1, Scale: 1), new LoraConfig { LoraDropout = 0.5, UseDora = true }, new Generator(1, CPU));
        Set(lora.Magnitude!, [10, 10]);
        lora.SetActive(isActive: true);
        linear.train();
        torch.manual_seed(2);
        var seen = Enumerable.Range(0, 64).Select(_ => linear.call(X()).ToDoubles()).Select(y => $"{y[0]} {y[1]}").ToHashSet();
        Assert.That(seen, Is.EquivalentTo(new[] { "7 5", "13 5", "15 15", "21 15" }));
    }

    [Test]
    public void Start_SameSeed_IsTheSameAndWithinTheBound()
    {
        using var scope = NewDisposeScope();
        using var linear = nn.Linear(64, 8, hasBias: false);
        double[] Start(ulong seed)
        {
            using var generator = new Generator(seed, CPU);
            using var lora = new LoraLinear(new("linear", linear, Rank: 16, Scale: 1), new LoraConfig(), generator);
            Assert.That(lora.B.ToDoubles(), Is.All.Zero);
            return lora.A.ToDoubles();
        }

        var values = Start(1);
        Assert.That(Start(1), Is.EqualTo(values));
        Assert.That(Start(2), Is.Not.EqualTo(values));

        // 1,024 uniform values in +-1/8: the largest are near the bound, which a normal sample or another fan-in would miss.
        Assert.That(values.Max(), Is.InRange(0.122, 0.125));
        Assert.That(values.Min(), Is.InRange(-0.125, -0.122));
    }

    [Test]
    public void Output_BFloat16Layer_IsComputedInFloat32AndRoundedOnce()
    {
        using var scope = NewDisposeScope();
        using var linear = nn.Linear(torch.nn.Parameter(tensor(W).to(ScalarType.BFloat16), requires_grad: false));
        using var lora = new LoraLinear(new("linear", linear, Rank: 1, Scale: 1), new LoraConfig(), new Generator(1, CPU));
        Assert.That((lora.A.dtype, lora.B.dtype), Is.EqualTo((ScalarType.Float32, ScalarType.Float32)));
        Set(lora.A, new double[,] { { 1, 0.00390625 } });
        Set(lora.B, new double[,] { { 1 }, { 256 } });
        lora.SetActive(isActive: true);
        var output = linear.call(X().to(ScalarType.BFloat16));
        Assert.That(output.dtype, Is.EqualTo(ScalarType.BFloat16));

        // A x = 1.00390625 and 256 A x = 257: 7 + 1.00390625 and 5 + 257 are rounded to 8 and 262. In bfloat16 A x would be 1 and the second 261, rounded to 260.
        Assert.That(output.ToDoubles(), Is.EqualTo(new double[] { 8, 262 }));
    }

    private static LoraLinear Create(Linear linear, LoraConfig config)
    {
        var lora = new LoraLinear(new("linear", linear, Rank: 1, Scale: 2), config, new Generator(1, CPU));
        Set(lora.A, new double[,] { { 1, 2 } });
        Set(lora.B, new double[,] { { 1 }, { -1 } });
        return lora;
    }

    private static void Check(Linear linear, LoraLinear lora, double[] output, double[] a, double[] b)
    {
        lora.SetActive(isActive: true);
        var y = linear.call(X());
        (y * tensor(new double[] { 1, 2 })).sum().backward();
        Assert.Multiple(() =>
        {
            Assert.That(y.ToDoubles(), Is.EqualTo(output).Within(Rounding));
            Assert.That(lora.A.grad!.ToDoubles(), Is.EqualTo(a).Within(Rounding), "A");
            Assert.That(lora.B.grad!.ToDoubles(), Is.EqualTo(b).Within(Rounding), "B");
        });
    }

    private static Linear Layer() => nn.Linear(torch.nn.Parameter(tensor(W), requires_grad: false));

    private static Tensor X() => tensor(new double[] { 1, 1 });

    private static Tensor Leaf(Tensor tensor) => tensor.detach().clone().requires_grad_();

    private static void Set(Tensor parameter, double[,] values) => Fill(parameter, tensor(values));

    private static void Set(Tensor parameter, double[] values) => Fill(parameter, tensor(values));

    private static void Fill(Tensor parameter, Tensor values)
    {
        using var noGrad = torch.no_grad();
        parameter.copy_(values);
    }
}

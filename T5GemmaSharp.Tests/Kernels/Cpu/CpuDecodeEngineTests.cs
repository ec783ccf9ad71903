using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>For which models there is an engine. Generation takes the modules for the others.</summary>
public sealed class CpuDecodeEngineTests
{
    private T5GemmaForConditionalGeneration _model = null!; // set before each test

    [SetUp]
    public void Build() => _model = TinyModels.LanguageModel(Untied);

    [TearDown]
    public void Dispose() => _model.Dispose();

    private static T5GemmaConfig Untied => TinyModels.Config with { TieWordEmbeddings = false };

    [TestCase(ScalarType.Float32, true)]
    [TestCase(ScalarType.BFloat16, true)]
    [TestCase(ScalarType.Float16, false)]
    [TestCase(ScalarType.Float64, false)]
    public void TryCreate_DType_IsServedOrNot(ScalarType dtype, bool expected) => AssertEngine(TinyModels.LanguageModel(options: new() { DType = dtype }), expected);

    [TestCase(AttentionImplementation.Auto, true)]
    [TestCase(AttentionImplementation.Eager, false)]
    [TestCase(AttentionImplementation.Sdpa, false)]
    public void TryCreate_Attention_IsServedOrNot(AttentionImplementation attention, bool expected)
        => AssertEngine(TinyModels.LanguageModel(options: new() { Attention = attention }), expected);

    [TestCase(HiddenActivation.GeluPytorchTanh, true)]
    [TestCase(HiddenActivation.GeluNew, true)]
    [TestCase(HiddenActivation.GeluFast, true)]
    [TestCase(HiddenActivation.Gelu, false)]
    [TestCase(HiddenActivation.Relu, false)]
    public void TryCreate_Activation_IsServedOrNot(HiddenActivation activation, bool expected)
        => AssertEngine(TinyModels.LanguageModel(Untied with { Decoder = Untied.Decoder! with { HiddenActivation = activation } }), expected);

    [Test]
    public void TryCreate_AttentionBias_IsNull()
        => AssertEngine(TinyModels.LanguageModel(Untied with { Decoder = Untied.Decoder! with { AttentionBias = true } }), expected: false);

    [TestCase(1, true)]
    [TestCase(CpuDecodeEngine.MaxRows, true)]
    [TestCase(CpuDecodeEngine.MaxRows + 1, false)]
    public void TryCreate_Rows_AreServedUpToTheMost(int rows, bool expected)
    {
        using var engine = CpuDecodeEngine.TryCreate(_model, rows, threads: 1, out _);
        Assert.That(engine, expected ? Is.Not.Null : Is.Null);
    }

    [Test]
    public void TryCreate_Training_IsNull()
    {
        _model.train();
        AssertEngine(expected: false);
        _model.eval();
        AssertEngine(expected: true);
        _model.Model.Decoder.train();
        AssertEngine(expected: false);
    }

    [Test]
    public void TryCreate_Hook_IsNullUntilItIsRemoved([Values("model", "bare model", "decoder", "layer", "projection", "norm", "head", "rotary")] string place, [Values] bool isBefore, [Values] bool isOfAnyModule)
    {
        var layer = _model.Model.Decoder.Layers[1];
        var remove = place switch
        {
            "model" => Hook(_model),
            "bare model" => Hook(_model.Model),
            "decoder" => Hook(_model.Model.Decoder),
            "layer" => Hook(layer),
            "projection" => Hook(layer.CrossAttn.QProj),
            "norm" => Hook(layer.PreFeedforwardLayernorm),
            "head" => Hook(_model.LmHead.OutProj!),
            _ => isOfAnyModule
                ? isBefore ? _model.Model.Decoder.RotaryEmb.register_forward_pre_hook(_ => { }).remove : _model.Model.Decoder.RotaryEmb.register_forward_hook((nn.Module _) => { }).remove
                : isBefore ? _model.Model.Decoder.RotaryEmb.register_forward_pre_hook((_, x, y) => (x, y)).remove : _model.Model.Decoder.RotaryEmb.register_forward_hook((_, _, _, output) => output).remove,
        };
        AssertEngine(expected: false);
        remove();
        AssertEngine(expected: true);

        Action Hook<TInput, TOutput>(nn.Module<TInput, TOutput> module) => (isBefore, isOfAnyModule) switch
        {
            (true, true) => module.register_forward_pre_hook((nn.Module _) => { }).remove,
            (true, false) => module.register_forward_pre_hook((_, input) => input).remove,
            (false, true) => module.register_forward_hook((nn.Module _) => { }).remove,
            (false, false) => module.register_forward_hook((_, _, output) => output).remove,
        };
    }

    [Test]
    public void TryCreate_HookOfTheEncoder_DoesNotMatter()
    {
        _model.Model.Encoder!.register_forward_hook((_, _, output) => output); // it has run before the steps
        AssertEngine(expected: true);
    }

    [Test]
    public void TryCreate_BiasGivenToAProjection_IsNull()
    {
        _model.Model.Decoder.Layers[0].Mlp.UpProj.bias = new Parameter(ones(Untied.Decoder!.IntermediateSize));
        AssertEngine(expected: false);
    }

    [Test]
    public void TryCreate_WeightOfAnotherShape_IsNull()
    {
        var mlp = _model.Model.Decoder.Layers[2].Mlp;
        var hidden = Untied.Decoder!.HiddenSize;
        (mlp.GateProj.weight, mlp.UpProj.weight, mlp.DownProj.weight) = (new Parameter(ones(5, hidden)), new Parameter(ones(5, hidden)), new Parameter(ones(hidden, 5)));
        AssertEngine(expected: false);
    }

    [Test]
    public void TryCreate_WeightThatIsNotDense_IsNull()
    {
        var projection = _model.Model.Decoder.Layers[1].Mlp.DownProj;
        projection.weight = new Parameter(projection.weight!.t().contiguous().t());
        AssertEngine(expected: false);
    }

    [Test]
    public void TryCreate_OneWeightOfAnotherDType_IsNull()
    {
        _model.LmHead.OutProj!.to(ScalarType.BFloat16);
        AssertEngine(expected: false);
    }

    private void AssertEngine(bool expected)
    {
        using var engine = CpuDecodeEngine.TryCreate(_model, rows: 2, threads: 1, out _);
        Assert.That(engine, expected ? Is.Not.Null : Is.Null);
    }

    private void AssertEngine(T5GemmaForConditionalGeneration model, bool expected)
    {
        _model.Dispose();
        _model = model;
        AssertEngine(expected);
    }
}

using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

/// <summary>Which engine a generation says it used, and why not a faster one.</summary>
public sealed class DecodingRouteTests
{
    private static readonly GenerationConfig Settings = new() { MaxNewTokens = 4, EosTokenId = [], DoSample = false };

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case("greedy", null, Settings);
        yield return Case("beams", null, Settings with { NumBeams = 3 });
        yield return Case("sampling", null, Settings with { DoSample = true });
        yield return Case("no cache", "use_cache is false", Settings with { UseCache = false });
        yield return Case("attentions", "attention probabilities or hidden states were asked for", Settings with { OutputAttentions = true }, AttentionImplementation.Auto);
        yield return Case("drafts", "drafts are checked several tokens at a time", Settings with { PromptLookupNumTokens = 2 });
        yield return Case("rows", "33 rows, at most 32 are supported", Settings with { DoSample = true, NumReturnSequences = 33 });
        yield return Case("eager", "attention Eager was asked for", Settings, AttentionImplementation.Eager);
        yield return Case("float64", "the weights are Float64, not float32 or bfloat16", Settings, dtype: ScalarType.Float64);
    }

    [TestCaseSource(nameof(Cases))]
    public void Generate_OnTheCpu_SaysWhoComputedTheStepsAndWhy(string? reason, GenerationConfig config, AttentionImplementation attention, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(options: new PretrainedOptions { DType = dtype, Attention = attention });
        var output = model.Generate(new GenerationInputs { InputIds = TinyModels.Ids(1, 5) }, config);
        Assert.That(output.Route, Is.EqualTo(new DecodingRoute(reason is null ? DecodingEngine.CpuKernels : DecodingEngine.Modules, reason)));
    }

    [Test]
    public void Generate_PartThatIsNotUsual_SaysSo()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        model.Model.Decoder.Layers[1].train();
        Assert.That(
            model.Generate(new GenerationInputs { InputIds = TinyModels.Ids(1, 5) }, Settings).Route.ToString(),
            Is.EqualTo("Modules: a part of the decoder has a hook, a bias or another weight, or is in training"));
    }

    [Test]
    public void Fused_WhereTheKernelsCannotServe_IsAnErrorThatSaysWhy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = TinyModels.LanguageModel(options: new PretrainedOptions { Attention = AttentionImplementation.Fused });
        using var usual = TinyModels.LanguageModel();
        using var source = usual.Encode(new GenerationInputs { InputIds = TinyModels.Ids(1, 5) });
        var ids = TinyModels.Ids(1, 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.Generate(new GenerationInputs { InputIds = ids }, Settings), Throws.TypeOf<NotSupportedException>()
                .With.Message.EqualTo("attention Fused: the CUDA kernels cannot serve the encoder: the model is on cpu. Change that, or load the model with Auto."));
            Assert.That(() => model.Generate(new GenerationInputs { EncoderOutputs = source.EncoderOutputs }, Settings), Throws.TypeOf<NotSupportedException>().With.Message.Contains("the decoding: the model is on"));
            Assert.That(() => model.call(new() { EncoderOutputs = source.EncoderOutputs, DecoderInputIds = ids }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("the decoder: they decode within Generate"));
        }
    }

    [Test]
    public void TryCreate_CudaEngineForAModelOnTheCpu_SaysWhereTheModelIs()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        using var source = model.Encode(new GenerationInputs { InputIds = TinyModels.Ids(1, 5) });
        var settings = GenerationSettingsResolver.Resolve(Settings, new GenerationControls(), promptLength: 1, model.Config.Decoder.VocabSize);
        Assert.That(CudaDecodeEngine.TryCreate(source, rowsPerSource: 1, settings, draws: null, out var reason), Is.Null);
        Assert.That(reason, Is.EqualTo("the model is on cpu"));
    }

    [TestCase(null, "CudaGraph")]
    [TestCase("because", "CudaGraph: because")]
    public void ToString_Route_IsOneLine(string? reason, string expected) => Assert.That(new DecodingRoute(DecodingEngine.CudaGraph, reason).ToString(), Is.EqualTo(expected));

    private static TestCaseData Case(string name, string? reason, GenerationConfig config, AttentionImplementation attention = AttentionImplementation.Auto, ScalarType dtype = ScalarType.Float32)
        => new TestCaseData(reason, config, attention, dtype).SetArgDisplayNames(name);
}

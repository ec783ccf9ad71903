using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Quantization;

/// <summary>Models whose decoder is quantized, by operators of torch on the CPU.</summary>
public sealed class QuantizedModelTests
{
    private static readonly GenerationConfig Settings = new() { MaxNewTokens = 9, EosTokenId = [], DoSample = false };

    private DisposeScope _scope = null!; // set before each test

    private static WeightQuantization[] Quantizations { get; } = [WeightQuantization.EightBit, WeightQuantization.FourBitInGroups(32)];

    [SetUp]
    public void OpenScope() => _scope = NewDisposeScope();

    [TearDown]
    public void CloseScope() => _scope.Dispose();

    [Test]
    public void Call_QuantizedModel_EqualsTheModelWithDequantizedWeights([ValueSource(nameof(Quantizations))] WeightQuantization quantization, [Values] bool isTied)
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(Config(isTied));
        using var twin = TinyModels.LanguageModel(Config(isTied));
        var before = Logits(model);
        var report = model.Quantize(quantization);
        var parameters = twin.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        foreach (var weight in report.Weights.Where(weight => !isTied || weight.Name != "lm_head.out_proj"))
        {
            var parameter = parameters[$"{weight.Name}.weight"];
            using var matrix = QuantizedMatrix.Quantize(parameter, quantization, out _);
            parameter.copy_(matrix.Dequantize(ScalarType.Float32));
        }
        var logits = Logits(model);
        var difference = (logits - before).abs().max().item<float>();
        Assert.That(difference, Is.GreaterThan(1e-4), "rounding is seen");
        if (isTied)
        {
            // The embeddings stay as they are, so the twin needs an own head.
            var output = twin.Model.call(Inputs());
            using var head = QuantizedMatrix.Quantize(twin.Model.Decoder.EmbedTokens.weight!, quantization, out _);
            var products = nn.functional.linear(output.LastHiddenState, head.Dequantize(ScalarType.Float32));
            TensorAssert.Close(logits, (products / 9).tanh() * 9, 1e-5, "logits");
        }
        else
        {
            TensorAssert.Close(logits, Logits(twin), 1e-5, "logits");
        }
        TensorAssert.Close(Logits(model), logits, 0, "a second call");
    }

    [TestCaseSource(nameof(Quantizations))]
    public void Quantize_Model_TellsWhatItSavedAndLost(WeightQuantization quantization)
    {
        using var model = TinyModels.LanguageModel();
        var linears = model.Model.Decoder.named_parameters().Count(pair => pair.name.Contains("_proj", StringComparison.Ordinal)) - (2 * 3); // keys and values of cross-attention stay
        var report = model.Quantize(quantization);
        Assert.Multiple(() =>
        {
            Assert.That(model.Quantization, Is.EqualTo(quantization));
            Assert.That(report.Weights, Has.Count.EqualTo(linears + 1));
            Assert.That(report.Worst.RelativeError, Is.InRange(report.MeanRelativeError, quantization.Bits == 8 ? 0.02 : 0.2));
            Assert.That(report.BytesAfter, Is.LessThan(report.BytesBefore * (quantization.Bits == 8 ? 0.5 : 0.25)));
            Assert.That(model.Model.Decoder.Layers[0].Mlp.UpProj.weight.NumberOfElements, Is.Zero, "the float weights are gone");
        });
    }

    [TestCaseSource(nameof(Quantizations))]
    public void SavePretrained_QuantizedModel_LoadsAsTheSameModel(WeightQuantization quantization)
    {
        using var noGrad = torch.no_grad();
        using var folder = new ScratchFolder();
        using var model = TinyModels.LanguageModel();
        model.Quantize(quantization);
        model.SavePretrained(folder.Path);
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(folder.Path);
        TensorAssert.Close(Logits(loaded), Logits(model), 0, "logits");
        Assert.That(loaded.Quantization, Is.EqualTo(quantization));
        Assert.That(loaded.LoadReport!.UnexpectedKeys.Concat(loaded.LoadReport.MissingKeys), Is.Empty);

        // A second save is the same, and the option may repeat what the file says.
        using var again = new ScratchFolder();
        loaded.SavePretrained(again.Path);
        Assert.That(File.ReadAllText(Path.Combine(again.Path, "config.json")), Is.EqualTo(File.ReadAllText(Path.Combine(folder.Path, "config.json"))));
        using var repeated = T5GemmaForConditionalGeneration.FromPretrained(again.Path, new PretrainedOptions { Quantization = quantization });
        TensorAssert.Close(Logits(repeated), Logits(model), 0, "logits of the second save");
    }

    [TestCaseSource(nameof(Quantizations))]
    public void FromPretrained_OrdinaryCheckpointWithTheOption_QuantizesIt(WeightQuantization quantization)
    {
        using var noGrad = torch.no_grad();
        using var folder = new ScratchFolder();
        using var model = TinyModels.LanguageModel(Config(isTied: false));
        model.SavePretrained(folder.Path);
        model.Quantize(quantization);
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(folder.Path, new PretrainedOptions { Quantization = quantization });
        TensorAssert.Close(Logits(loaded), Logits(model), 0, "logits");
    }

    [Test]
    public void Generate_QuantizedModelOnTheCpu_UsesTheModulesAndSaysWhy()
    {
        using var model = TinyModels.LanguageModel();
        model.Quantize(WeightQuantization.EightBit);
        var inputs = new GenerationInputs { InputIds = TinyModels.Ids(2, 5) };
        var output = model.Generate(inputs, Settings);
        Assert.That(output.Route, Is.EqualTo(new DecodingRoute(DecodingEngine.Modules, "the weights are int8, which the kernels for the CPU do not read")));
        var scored = model.Generate(inputs, Settings with { UseCache = false });
        TensorAssert.Equal(output.Sequences, scored.Sequences, "sequences without a cache");
    }

    [Test]
    public void Generate_Beams_WorkOnAQuantizedModel()
    {
        using var model = TinyModels.LanguageModel();
        model.Quantize(WeightQuantization.FourBit);
        Assert.That(model.Generate(new GenerationInputs { InputIds = TinyModels.Ids(2, 5) }, Settings with { NumBeams = 3 }).Sequences.size(1), Is.EqualTo(10));
    }

    [Test]
    public void Call_InTraining_IsRefused()
    {
        using var model = TinyModels.LanguageModel();
        model.Quantize(WeightQuantization.EightBit);
        model.train();
        Assert.That(() => Logits(model), Throws.InvalidOperationException.With.Message.Contains("self_attn").And.Message.Contains("cannot be trained"));
    }

    [Test]
    public void Quantize_Twice_IsRefused()
    {
        using var model = TinyModels.LanguageModel();
        model.Quantize(WeightQuantization.EightBit);
        Assert.That(() => model.Quantize(WeightQuantization.FourBit), Throws.InvalidOperationException.With.Message.Contains("int8 already"));
    }

    [Test]
    public void Quantize_AdapterOnTheModel_IsRefused()
    {
        using var model = TinyModels.LanguageModel();
        using var adapter = LoraAdapter.Attach(model, new LoraConfig());
        Assert.That(() => model.Quantize(WeightQuantization.EightBit), Throws.InvalidOperationException.With.Message.Contains("adapter"));
    }

    [Test]
    public void Attach_AdapterToAQuantizedModel_IsRefused()
    {
        using var model = TinyModels.LanguageModel();
        model.Quantize(WeightQuantization.EightBit);
        Assert.That(() => LoraAdapter.Attach(model, new LoraConfig()), Throws.InvalidOperationException.With.Message.Contains("int8"));
    }

    [Test]
    public void FromPretrained_OtherKindOfModel_SaysWhichReadsTheFolder()
    {
        using var folder = Saved(WeightQuantization.EightBit);
        Assert.That(() => T5GemmaModel.FromPretrained(folder.Path), Throws.TypeOf<NotSupportedException>().With.Message.Contains("T5GemmaModel has no quantized weights (int8)").And.Message.Contains("T5GemmaForConditionalGeneration"));
    }

    [Test]
    public void FromPretrained_OtherQuantizationThanTheStored_IsRefused()
    {
        using var folder = Saved(WeightQuantization.EightBit);
        Assert.That(
            () => T5GemmaForConditionalGeneration.FromPretrained(folder.Path, new PretrainedOptions { Quantization = WeightQuantization.FourBit }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("expected int4-64").And.Message.Contains("got int8"));
    }

    [Test]
    public void FromPretrained_MissingScales_AreNotMadeUp([Values] Strictness strictness)
    {
        using var folder = Saved(WeightQuantization.EightBit);
        using (var reader = CheckpointReader.Open(folder.Path))
        {
            using var kept = NewDisposeScope();
            new CheckpointWriter().Write(folder.Path + "/less", reader.Keys.Where(key => !key.EndsWith("1.mlp.up_proj.weight_scale", StringComparison.Ordinal)).ToDictionary(key => key, key => reader.Read(key)));
        }
        File.Copy(Path.Combine(folder.Path, "config.json"), Path.Combine(folder.Path, "less", "config.json"));
        Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path + "/less", new PretrainedOptions { Strictness = strictness }), Throws.Exception.With.Message.Contains("1.mlp.up_proj.weight_scale"));
    }

    [Test]
    public void FromJson_OthersQuantization_IsRefused()
    {
        var json = TinyModels.Config.ToJson().TrimEnd().TrimEnd('}') + ", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true}}";
        Assert.That(() => T5GemmaConfig.FromJson(json), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("quantization_config").And.Message.Contains("bitsandbytes"));
    }

    [Test]
    public void FromConfig_WithTheOption_IsRefused()
        => Assert.That(() => T5GemmaForConditionalGeneration.FromConfig(TinyModels.Config, new PretrainedOptions { Quantization = WeightQuantization.EightBit }), Throws.ArgumentException.With.Message.Contains("fresh weights"));

    private static T5GemmaConfig Config(bool isTied) => TinyModels.Config with { TieWordEmbeddings = isTied };

    private static ScratchFolder Saved(WeightQuantization quantization)
    {
        var folder = new ScratchFolder();
        using var model = TinyModels.LanguageModel();
        model.Quantize(quantization);
        model.SavePretrained(folder.Path);
        return folder;
    }

    private static T5GemmaInputs Inputs() => new() { InputIds = TinyModels.Ids(2, 7), DecoderInputIds = TinyModels.Ids(2, 8, seed: 2), UseCache = false };

    private static Tensor Logits(T5GemmaForConditionalGeneration model) => model.call(Inputs()).Logits;
}

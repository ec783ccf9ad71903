using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Configuration;

/// <summary>Every configuration field changes what a model is or computes, or is one of the few that are known to be informative.</summary>
public sealed class EveryFieldIsReadTests
{
    private const string Encoder = "encoder";
    private const string Decoder = "decoder";

    // Both stacks read these.
    private static readonly Dictionary<string, Func<T5GemmaModuleConfig, T5GemmaModuleConfig>> StackFields = new()
    {
        ["VocabSize"] = stack => stack with { VocabSize = 61 },
        ["HiddenSize"] = stack => stack with { HiddenSize = 36 },
        ["IntermediateSize"] = stack => stack with { IntermediateSize = 17 },
        ["NumHiddenLayers"] = stack => stack with { NumHiddenLayers = 4 },
        ["NumAttentionHeads"] = stack => stack with { NumAttentionHeads = 12, HiddenSize = 60 },
        ["NumKeyValueHeads"] = stack => stack with { NumKeyValueHeads = 1 },
        ["HeadDim"] = stack => stack with { HeadDim = 10 },
        ["HiddenActivation"] = stack => stack with { HiddenActivation = HiddenActivation.Silu },
        ["InitializerRange"] = stack => stack with { InitializerRange = 0.1 },
        ["RmsNormEps"] = stack => stack with { RmsNormEps = 0.01 },
        ["PadTokenId"] = stack => stack with { PadTokenId = 5 },
        ["RopeParameters.RopeTheta"] = stack => stack with { RopeParameters = new() { RopeTheta = 500 } },
        ["RopeParameters.RopeType"] = stack => stack with { RopeParameters = new() { RopeType = "yarn" } },
        ["RopeParameters.Factor"] = stack => stack with { RopeParameters = new() { RopeType = "linear", Factor = 4 } },
        ["AttentionBias"] = stack => stack with { AttentionBias = true },
        ["QueryPreAttnScalar"] = stack => stack with { QueryPreAttnScalar = 3 },
        ["SlidingWindow"] = stack => stack with { SlidingWindow = 3 },
        ["LayerTypes"] = stack => stack with { LayerTypes = [.. Enumerable.Repeat(LayerType.FullAttention, stack.NumHiddenLayers)] },
        ["AttnLogitSoftcapping"] = stack => stack with { AttnLogitSoftcapping = null },
    };

    private static readonly Dictionary<string, Func<T5GemmaModuleConfig, T5GemmaModuleConfig>> DecoderFields = new()
    {
        ["BosTokenId"] = stack => stack with { BosTokenId = 9 },
        ["EosTokenId"] = stack => stack with { EosTokenId = [9] },
        ["FinalLogitSoftcapping"] = stack => stack with { FinalLogitSoftcapping = 5 },
    };

    // Written for the file's sake, or replaced by T5GemmaConfig.Resolve; each property's documentation says so.
    private static readonly Dictionary<string, Func<T5GemmaModuleConfig, T5GemmaModuleConfig>> InformativeStackFields = new()
    {
        ["MaxPositionEmbeddings"] = stack => stack with { MaxPositionEmbeddings = 3 },
        ["TieWordEmbeddings"] = stack => stack with { TieWordEmbeddings = false },
        ["UseCache"] = stack => stack with { UseCache = false },
        ["AttentionDropout"] = stack => stack with { AttentionDropout = 0.5 },
        ["DropoutRate"] = stack => stack with { DropoutRate = 0.5 },
        ["IsDecoder"] = stack => stack with { IsDecoder = !stack.IsDecoder },
        ["CrossAttentionHiddenSize"] = stack => stack with { CrossAttentionHiddenSize = 999 },
        ["AttnImplementation"] = stack => stack with { AttnImplementation = AttentionImplementation.Sdpa },
    };

    private static readonly Dictionary<string, Func<T5GemmaConfig, T5GemmaConfig>> TopFields = new()
    {
        ["IsEncoderDecoder"] = config => config with { IsEncoderDecoder = false },
        ["DropoutRate"] = config => config with { DropoutRate = 0.3 },
        ["ClassifierDropoutRate"] = config => config with { ClassifierDropoutRate = 0.3 },
        ["AttentionDropout"] = config => config with { AttentionDropout = 0.3 },
        ["TieWordEmbeddings"] = config => config with { TieWordEmbeddings = false },
        ["InitializerRange"] = config => config with { InitializerRange = 0.7 },
        ["BosTokenId"] = config => config with { BosTokenId = 9 },
        ["EosTokenId"] = config => config with { EosTokenId = [9] },
        ["PadTokenId"] = config => config with { PadTokenId = 9 },
        ["Id2Label"] = config => config with { Id2Label = ["a", "b", "c", "d"] },
        ["Quantization"] = config => config with { Quantization = WeightQuantization.EightBit },
        ["ProblemType"] = config => config with { ProblemType = ProblemType.Regression },
        ["AttnImplementation"] = config => config with { AttnImplementation = AttentionImplementation.Sdpa },
    };

    private static readonly Dictionary<string, Func<T5GemmaConfig, T5GemmaConfig>> InformativeTopFields = new()
    {
        ["VocabSize"] = config => config with { VocabSize = 5 },
        ["DType"] = config => config with { DType = ScalarType.BFloat16 },
        ["Architectures"] = config => config with { Architectures = ["Other"] },
    };

    private static IEnumerable<TestCaseData> Read() =>
        [
            .. StackFields.SelectMany(field => new[] { Case($"{Encoder}.{field.Key}", OfEncoder(field.Value)), Case($"{Decoder}.{field.Key}", OfDecoder(field.Value)) }),
            .. DecoderFields.Select(field => Case($"{Decoder}.{field.Key}", OfDecoder(field.Value))),
            .. TopFields.Select(field => Case(field.Key, field.Value)),
        ];

    private static IEnumerable<TestCaseData> Informative() =>
        [
            .. InformativeStackFields.SelectMany(field => new[] { Case($"{Encoder}.{field.Key}", OfEncoder(field.Value)), Case($"{Decoder}.{field.Key}", OfDecoder(field.Value)) }),
            .. DecoderFields.Select(field => Case($"{Encoder}.{field.Key}", OfEncoder(field.Value))),
            .. InformativeTopFields.Select(field => Case(field.Key, field.Value)),
        ];

    [TestCaseSource(nameof(Read))]
    public void FromConfig_FieldChanged_ChangesTheModelOrThrows(Func<T5GemmaConfig, T5GemmaConfig> change) =>
        Assert.That(Fingerprint(change(TinyModels.Config)), Is.Not.EqualTo(Fingerprint(TinyModels.Config)));

    [TestCaseSource(nameof(Informative))]
    public void FromConfig_InformativeFieldChanged_ChangesNothing(Func<T5GemmaConfig, T5GemmaConfig> change) =>
        Assert.That(Fingerprint(change(TinyModels.Config)), Is.EqualTo(Fingerprint(TinyModels.Config)));

    [Test]
    public void Fields_OfEveryRecord_AreAllInTheTables()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(StackFields.Keys.Concat(DecoderFields.Keys).Concat(InformativeStackFields.Keys).Select(key => key.Split('.')[0]).Distinct(), Is.EquivalentTo(Fields<T5GemmaModuleConfig>()));
            Assert.That(TopFields.Keys.Concat(InformativeTopFields.Keys).Concat(["Encoder", "Decoder"]), Is.EquivalentTo(Fields<T5GemmaConfig>()));
            Assert.That(StackFields.Keys.Where(key => key.StartsWith("RopeParameters.", StringComparison.Ordinal)).Select(key => key.Split('.')[1]), Is.EquivalentTo(Fields<RopeParameters>()));
        }

        // Settable properties; unknown keys are kept and read by nobody.
        static IEnumerable<string> Fields<T>() => typeof(T).GetProperties().Where(property => property.CanWrite && property.Name != "AdditionalProperties").Select(property => property.Name);
    }

    private static TestCaseData Case(string name, Func<T5GemmaConfig, T5GemmaConfig> change) => new TestCaseData(change).SetName($"{{m}}({name})");

    private static Func<T5GemmaConfig, T5GemmaConfig> OfEncoder(Func<T5GemmaModuleConfig, T5GemmaModuleConfig> change) => config => config with { Encoder = change(config.Encoder) };

    private static Func<T5GemmaConfig, T5GemmaConfig> OfDecoder(Func<T5GemmaModuleConfig, T5GemmaModuleConfig> change) => config => config with { Decoder = change(config.Decoder) };

    /// <summary>What models of a configuration are and compute, as text: the same for the same configuration, to the last bit.</summary>
    private static string Fingerprint(T5GemmaConfig config)
    {
        using var scope = NewDisposeScope();
        var text = new StringBuilder();
        try
        {
            LanguageModel(config, text);
            Classifier(config, text);
        }
        catch (Exception fault) when (fault is T5GemmaConfigException or ArgumentException)
        {
            text.Append(fault.Message);
        }
        return text.ToString();
    }

    private static void LanguageModel(T5GemmaConfig config, StringBuilder text)
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(config);
        AppendParameters(model, text);
        // Padding of the decoder comes from -100, that of the encoder from its ids: no mask is given.
        var ids = Ids();
        var labels = TinyModels.Ids(2, 10, seed: 9);
        labels[1, TensorIndex.Slice(3, 5)] = -100;
        foreach (var training in new[] { false, true })
        {
            model.train(training);
            torch.manual_seed(1);
            Append(model.call(new() { InputIds = ids, Labels = labels, UseCache = false }).Logits, text);
        }
        model.eval();
        var output = model.Generate(new() { InputIds = ids }, new() { MaxNewTokens = 5, MinNewTokens = 5, OutputScores = true });
        Append(output.Sequences, text);
        Append(torch.stack(output.Scores!), text);
    }

    private static void Classifier(T5GemmaConfig config, StringBuilder text)
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier(config);
        AppendParameters(model, text);
        foreach (var training in new[] { false, true })
        {
            model.train(training);
            torch.manual_seed(1);
            var output = model.call(new() { InputIds = Ids(), Labels = torch.tensor(new[] { 2L, 0L }) });
            Append(output.Logits, text);
            Append(output.Loss!, text);
        }
    }

    private static Tensor Ids()
    {
        var ids = TinyModels.Ids(2, 12);
        ids[1, TensorIndex.Slice(7)] = TinyModels.Pad;
        ids[0, 11] = 9; // what the changed configurations call padding or an end
        return ids;
    }

    private static void AppendParameters(nn.Module model, StringBuilder text)
    {
        foreach (var (name, parameter) in model.named_parameters())
            text.Append($"{name} [{string.Join(", ", parameter.shape)}] {parameter.square().sum().item<float>():r}\n");
    }

    private static void Append(Tensor tensor, StringBuilder text) => text.AppendJoin(' ', tensor.ToDoubles().Select(value => value.ToString("r"))).Append('\n');
}

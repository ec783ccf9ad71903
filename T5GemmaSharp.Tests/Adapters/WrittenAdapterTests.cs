using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

/// <summary>
/// Writes base models, adapters and what they compute together; they stay under <c>T5GEMMA_EXPORT_DIR</c>, if that is set, for <c>scripts/check_adapters.py</c>. Replays what that
/// script has written with PEFT, if <c>T5GEMMA_ADAPTER_DIR</c> names the folder. Both have the form <c>CASE/base</c>, <c>CASE/adapter</c>, <c>CASE/expected.safetensors</c>.
/// </summary>
[Category("Parity")]
public sealed class WrittenAdapterTests
{
    // Logits of two implementations in float32, as in the replay of transformers' own checkpoints.
    private const double Tolerance = 2e-4;
    private const string Expected = "expected.safetensors";

    private static readonly (string Name, LoraConfig Config)[] Kinds =
    [
        ("lora", new() { R = 3, LoraAlpha = 5 }),
        ("rslora", new() { R = 3, LoraAlpha = 5, UseRslora = true, TargetModules = ModuleSelection.Matching(@".*\.(q_proj|down_proj)"), ExcludeModules = ModuleSelection.Named("cross_attn.q_proj") }),
        ("dora", new() { R = 3, LoraAlpha = 5, UseDora = true, RankPattern = new Dictionary<string, int> { ["k_proj"] = 2 }, AlphaPattern = new Dictionary<string, double> { ["mlp.up_proj"] = 7 } }),
        ("layers", new() { TargetModules = ModuleSelection.Named("o_proj", "gate_proj"), LayersToTransform = [1], LayersPattern = ["layers"] }),
        ("linear", new() { TargetModules = ModuleSelection.AllLinear }),
    ];

    private static IEnumerable<object[]> Cases() => ModelClass.All.SelectMany(_ => Kinds, (model, kind) => new object[] { model, kind.Name });

    private static string[] Made() => Environment.GetEnvironmentVariable("T5GEMMA_ADAPTER_DIR") is { Length: > 0 } root ? Directory.GetDirectories(root) : [];

    [TestCaseSource(nameof(Cases))]
    public void SavePretrained_AnyKind_IsReadBackTheSame(object source, string kind)
    {
        var kept = Environment.GetEnvironmentVariable("T5GEMMA_EXPORT_DIR") is { Length: > 0 } root ? root : null;
        var path = kept is null ? Directory.CreateTempSubdirectory("t5gemma-adapter-").FullName : Path.Combine(kept, $"{source}.{kind}");
        try
        {
            Write((ModelClass)source, Kinds.Single(candidate => candidate.Name == kind).Config, path);
            Replay(path, tolerance: 0); // the same code on the same values
        }
        finally
        {
            if (kept is null)
                Directory.Delete(path, recursive: true);
        }
    }

    [Test]
    public void FromPretrained_AdaptersOfPeft_GiveItsLogits()
    {
        if (Made().Length == 0)
            Assert.Ignore("T5GEMMA_ADAPTER_DIR names no folder that scripts/check_adapters.py --write has filled");
        using (Assert.EnterMultipleScope())
        {
            foreach (var path in Made())
                Replay(path, Tolerance);
        }
    }

    private static void Write(ModelClass modelClass, LoraConfig config, string path)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();

        // With PEFT, LoRA on a tied head would change the embeddings' matrix too, so the head is its own.
        using var model = SampleModel.Random(modelClass, SampleModel.Config with { TieWordEmbeddings = false }, new() { Attention = AttentionImplementation.Eager });
        ModelClass.Save(model, Path.Combine(path, "base"));
        using var adapter = AnyAdapter.Trained(model, config with { BaseModelNameOrPath = "base" });
        adapter.SavePretrained(Path.Combine(path, "adapter"));
        var inputs = SampleModel.Inputs(model);
        var tensors = new Dictionary<string, Tensor?>
        {
            ["input_ids"] = inputs.InputIds,
            ["attention_mask"] = SampleModel.SourceMask(),
            ["labels"] = inputs.Labels,
            ["decoder_input_ids"] = inputs.DecoderInputIds,
            [OutputName(model)] = Result(model, inputs),
        };
        SafetensorsWriter.Write(Path.Combine(path, Expected), tensors.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!)); // not null here
    }

    private static void Replay(string path, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var stored = SafetensorsFile.Open(Path.Combine(path, Expected));
        Tensor? Read(string name) => stored.TryGetEntry(name, out _) ? stored.Read(name) : null;

        var config = T5GemmaConfig.FromPretrained(Path.Combine(path, "base"));
        var modelClass = ModelClass.All.First(candidate => candidate.Type.Name == config.Architectures![0]); // every save writes it
        using var model = modelClass.Load(Path.Combine(path, "base"), new() { Attention = AttentionImplementation.Eager });
        using var adapter = AnyAdapter.Load(model, Path.Combine(path, "adapter"));
        var inputs = new T5GemmaInputs { InputIds = Read("input_ids"), AttentionMask = Read("attention_mask"), Labels = Read("labels"), DecoderInputIds = Read("decoder_input_ids") };
        TensorAssert.Close(Result(model, inputs), Read(OutputName(model))!, tolerance, Path.GetFileName(path)); // there is an output
    }

    private static string OutputName(nn.Module model) => model is T5GemmaModel or T5GemmaEncoderModel ? "last_hidden_state" : "logits";

    private static Tensor Result(nn.Module model, T5GemmaInputs inputs) => model switch
    {
        T5GemmaForConditionalGeneration typed => typed.call(inputs).Logits,
        T5GemmaModel typed => typed.call(inputs).LastHiddenState,
        T5GemmaEncoderModel typed => typed.call(inputs).LastHiddenState,
        T5GemmaForSequenceClassification typed => typed.call(inputs).Logits,
        T5GemmaForTokenClassification typed => typed.call(inputs).Logits,
        _ => throw new ArgumentException($"{model.GetType()} is no front-door class", nameof(model)),
    };
}

using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Training.Commands;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Adaptation;

[NonParallelizable] // the verb prints to the console
public sealed class AdaptCommandTests
{
    // Name in a stack of T5Gemma, and in Gemma 2.
    private static readonly Dictionary<string, string> LayerNames = new()
    {
        ["self_attn.q_proj"] = "self_attn.q_proj",
        ["self_attn.k_proj"] = "self_attn.k_proj",
        ["self_attn.v_proj"] = "self_attn.v_proj",
        ["self_attn.o_proj"] = "self_attn.o_proj",
        ["mlp.gate_proj"] = "mlp.gate_proj",
        ["mlp.up_proj"] = "mlp.up_proj",
        ["mlp.down_proj"] = "mlp.down_proj",
        ["pre_self_attn_layernorm"] = "input_layernorm",
        ["post_self_attn_layernorm"] = "post_attention_layernorm",
        ["pre_feedforward_layernorm"] = "pre_feedforward_layernorm",
        ["post_feedforward_layernorm"] = "post_feedforward_layernorm",
    };

    private static readonly string[] Projections = ["q_proj", "k_proj", "v_proj", "o_proj"];

    private readonly ScratchFolder _folder = new();

    private string Result => _folder["t5gemma"];

    [OneTimeTearDown]
    public void DisposeFolder() => _folder.Dispose();

    [TearDown]
    public void Clear() => Directory.EnumerateDirectories(_folder.Path).ToList().ForEach(folder => Directory.Delete(folder, recursive: true));

    [TestCase(true, ScalarType.Float32)]
    [TestCase(false, ScalarType.BFloat16)]
    public void Run_OneModelForBoth_CopiesEverythingAndLoadsExactly(bool isTied, ScalarType dtype)
    {
        var gemma = Gemma2Folder.Write(_folder["gemma"], hidden: 20, layers: 3, seed: 1, isTied, dtype);
        Adapt(gemma, gemma);
        using var scope = NewDisposeScope();
        using var source = CheckpointReader.Open(gemma);
        using var model = T5GemmaForConditionalGeneration.FromPretrained(Result, new PretrainedOptions { Strictness = Strictness.Exact });
        Assert.Multiple(() =>
        {
            AssertStack(model, source, "encoder", layers: 3);
            AssertStack(model, source, "decoder", layers: 3);
            for (var layer = 0; layer < 3; layer++)
            {
                foreach (var projection in Projections)
                    AssertEqual(model, $"model.decoder.layers.{layer}.cross_attn.{projection}.weight", source.Read($"model.layers.{layer}.self_attn.{projection}.weight"));
                AssertEqual(model, $"model.decoder.layers.{layer}.pre_cross_attn_layernorm.weight", zeros(20, dtype: dtype));
                AssertEqual(model, $"model.decoder.layers.{layer}.post_cross_attn_layernorm.weight", zeros(20, dtype: dtype));
            }

            if (!isTied)
                AssertEqual(model, "lm_head.out_proj.weight", source.Read("lm_head.weight"));
            Assert.That(model.Config.TieWordEmbeddings, Is.EqualTo(isTied));
            Assert.That(model.Config.DType, Is.EqualTo(dtype));
            Assert.That(model.Config.Architectures, Is.EqualTo(new[] { "T5GemmaForConditionalGeneration" }));
            Assert.That((model.Config.Decoder.QueryPreAttnScalar, model.Config.Encoder.SlidingWindow, model.Config.Encoder.RopeParameters.RopeTheta, model.Config.Decoder.FinalLogitSoftcapping), Is.EqualTo((7, 5, 5000.0, 20.0)));
            Assert.That((model.Config.Encoder.IsDecoder, model.Config.Decoder.IsDecoder), Is.EqualTo((false, true)));
        });
    }

    [Test]
    public void Run_ModelsOfTwoWidths_DrawsCrossAttentionBySeed()
    {
        var wide = Gemma2Folder.Write(_folder["wide"], hidden: 28, layers: 3, seed: 1);
        var narrow = Gemma2Folder.Write(_folder["narrow"], hidden: 20, layers: 2, seed: 2);
        Adapt(wide, narrow, "--seed", "5");
        using var scope = NewDisposeScope();
        using var model = T5GemmaForConditionalGeneration.FromPretrained(Result, new PretrainedOptions { Strictness = Strictness.Exact });
        using (var encoder = CheckpointReader.Open(wide))
            AssertStack(model, encoder, "encoder", layers: 3);
        using (var decoder = CheckpointReader.Open(narrow))
            AssertStack(model, decoder, "decoder", layers: 2);
        var drawn = model.named_parameters().Where(item => item.name.Contains(".cross_attn.", StringComparison.Ordinal)).ToDictionary(item => item.name, item => item.parameter.detach());
        var all = cat([.. drawn.Values.Select(tensor => tensor.flatten())]);
        Assert.Multiple(() =>
        {
            Assert.That(drawn["model.decoder.layers.0.cross_attn.k_proj.weight"].shape, Is.EqualTo(new long[] { 12, 28 }));
            Assert.That(drawn, Has.Count.EqualTo(8));
            Assert.That(all.std().item<float>(), Is.EqualTo(0.05).Within(5).Percent); // 3,264 samples: a standard error of 1.2 %
            Assert.That(all.mean().item<float>(), Is.Zero.Within(0.004));
            Assert.That(all.unique().output.numel(), Is.GreaterThan(all.numel() * 0.99)); // no stream is used twice
        });
        var first = File.ReadAllBytes(Path.Combine(Result, CheckpointFiles.Single));
        Directory.Delete(Result, recursive: true);
        Adapt(wide, narrow, "--seed", "5");
        Assert.That(File.ReadAllBytes(Path.Combine(Result, CheckpointFiles.Single)), Is.EqualTo(first));
        Directory.Delete(Result, recursive: true);
        Adapt(wide, narrow, "--seed", "6");
        Assert.That(File.ReadAllBytes(Path.Combine(Result, CheckpointFiles.Single)), Is.Not.EqualTo(first));
    }

    [Test]
    public void Run_Result_IsTrainedWithAWarmUpOfCrossAttention()
    {
        var wide = Gemma2Folder.Write(_folder["wide"], hidden: 28, layers: 1, seed: 1);
        var narrow = Gemma2Folder.Write(_folder["narrow"], hidden: 20, layers: 2, seed: 2);
        Adapt(wide, narrow);
        File.WriteAllText(_folder["pairs.jsonl"], """{"input": "a", "target": "b"}""");
        var run = CommandRun.Of("train", "--model", Result, "--data", _folder["pairs.jsonl"], "--out", _folder["run"], "--device", "cpu", "--steps", "3", "--batch-size", "1", "--cross-warmup", "2");
        Assert.That(run.Code, Is.Zero, run.Errors);
    }

    [Test]
    public void Run_MissingAndMisshapenTensors_AreAllNamed()
    {
        var good = Gemma2Folder.Write(_folder["good"], hidden: 20, layers: 2, seed: 1);
        var bad = Gemma2Folder.Write(_folder["bad"], hidden: 20, layers: 2, seed: 1, damage: tensors =>
        {
            tensors.Remove("model.norm.weight");
            tensors.Remove("model.layers.1.mlp.up_proj.weight");
            tensors["model.layers.0.self_attn.q_proj.weight"] = zeros(25, 20);
        });
        var run = Run(good, bad);
        CommandRun.AssertRefused(run, $"{bad}: model.layers.1.mlp.up_proj.weight: expected [30, 20], it is missing");
        Assert.Multiple(() =>
        {
            Assert.That(run.Errors, Does.Contain($"{bad}: model.norm.weight: expected [20], it is missing"));
            Assert.That(run.Errors, Does.Contain($"{bad}: model.layers.0.self_attn.q_proj.weight: expected [24, 20], got [25, 20]"));
            Assert.That(run.Errors, Does.Not.Contain(good));
            Assert.That(Directory.Exists(Result), Is.False);
        });
    }

    [Test]
    public void Run_ModelsThatDoNotFit_AreRefused()
    {
        var good = Gemma2Folder.Write(_folder["good"], hidden: 20, layers: 1, seed: 1);
        var half = Gemma2Folder.Write(_folder["half"], hidden: 20, layers: 1, seed: 1, dtype: ScalarType.BFloat16);
        var other = Gemma2Folder.Write(_folder["other"], hidden: 20, layers: 1, seed: 1, change: config => config["model_type"] = "gemma");
        var larger = Gemma2Folder.Write(_folder["larger"], hidden: 20, layers: 1, seed: 1, change: config => config["vocab_size"] = 1000);
        CommandRun.AssertRefused(Run(half, good), "expected one dtype");
        CommandRun.AssertRefused(Run(other, good), "model_type: expected gemma2, got gemma");
        CommandRun.AssertRefused(Run(good, larger), $"vocab_size: expected the same in {good} and {larger}");
        CommandRun.AssertRefused(Run(good, _folder["nowhere"]), "nowhere");
        CommandRun.AssertRefused(CommandRun.Of("adapt", "--encoder", good, "--decoder", good, "--out", good), "it holds something");
        Assert.That(Directory.Exists(Result), Is.False);
    }

    private (int Code, string Output, string Errors) Run(string encoder, string decoder, params string[] options)
        => CommandRun.Of(["adapt", "--encoder", encoder, "--decoder", decoder, "--out", Result, .. options]);

    private void Adapt(string encoder, string decoder, params string[] options)
    {
        var run = Run(encoder, decoder, options);
        Assert.That((run.Code, run.Output, run.Errors), Is.EqualTo((0, $"{Result}\n", "")));
    }

    private static void AssertStack(T5GemmaForConditionalGeneration model, CheckpointReader source, string stack, int layers)
    {
        AssertEqual(model, $"model.{stack}.embed_tokens.weight", source.Read("model.embed_tokens.weight"));
        AssertEqual(model, $"model.{stack}.norm.weight", source.Read("model.norm.weight"));
        for (var layer = 0; layer < layers; layer++)
        {
            foreach (var (ours, theirs) in LayerNames)
                AssertEqual(model, $"model.{stack}.layers.{layer}.{ours}.weight", source.Read($"model.layers.{layer}.{theirs}.weight"));
        }
    }

    private static void AssertEqual(T5GemmaForConditionalGeneration model, string name, Tensor expected)
        => Assert.That(model.get_parameter(name)!.Equals(expected), Is.True, name);
}

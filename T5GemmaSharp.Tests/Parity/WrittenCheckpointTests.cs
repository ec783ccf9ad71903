using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>
/// Writes a folder of every class with fresh random weights and what they compute. They stay under <c>T5GEMMA_EXPORT_DIR</c>, if that is set, so that
/// <c>scripts/check_reference.py</c> can load them in transformers; here they are read back by this library.
/// </summary>
[Category("Parity")]
public sealed class WrittenCheckpointTests
{
    private const long SmallShardInBytes = 40_000;

    private string _root = string.Empty;
    private bool _isKept;

    private static IEnumerable<TestCaseData> Folders() =>
        ParityFolder.All.Select(folder => new TestCaseData(folder).SetName($"written_{folder}"));

    [SetUp]
    public void ChooseRoot()
    {
        var kept = Environment.GetEnvironmentVariable("T5GEMMA_EXPORT_DIR");
        _isKept = kept is { Length: > 0 };
        _root = _isKept ? kept! : Directory.CreateTempSubdirectory("t5gemma-written-").FullName; // not null if kept
    }

    [TearDown]
    public void RemoveRoot()
    {
        if (!_isKept)
            Directory.Delete(_root, recursive: true);
    }

    [TestCaseSource(nameof(Folders))]
    public void SavePretrained_EveryClass_IsReadBackTheSame(object source)
    {
        var folder = (ParityFolder)source;
        var config = T5GemmaConfig.FromPretrained(folder.Checkpoint("lm"));
        var options = new PretrainedOptions { Attention = AttentionImplementation.Eager, NumLabels = 5 };
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        torch.manual_seed(11);
        var lm = Inputs(folder, "fwd.right.eager.labels");
        var bare = Inputs(folder, null) with { DecoderInputIds = folder.Read("nomask.decoder_input_ids").cpu() };
        foreach (var shard in new long?[] { null, SmallShardInBytes })
        {
            Check(Path.Combine(_root, $"{folder}.lm.{(shard is null ? "whole" : "shards")}"), shard, lm,
                T5GemmaForConditionalGeneration.FromConfig(config, options), path => T5GemmaForConditionalGeneration.FromPretrained(path, options), output => output.Logits);
        }
        Check(Path.Combine(_root, $"{folder}.model"), null, bare,
            T5GemmaModel.FromConfig(config, options), path => T5GemmaModel.FromPretrained(path, options), output => output.LastHiddenState);
        Check(Path.Combine(_root, $"{folder}.encoder"), null, Inputs(folder, null),
            T5GemmaEncoderModel.FromConfig(config, options with { IsEncoderDecoder = false }), path => T5GemmaEncoderModel.FromPretrained(path, options), output => output.LastHiddenState);
        foreach (var isEncoderDecoder in new[] { true, false })
        {
            var mode = isEncoderDecoder ? "encdec" : "enc";
            var head = options with { IsEncoderDecoder = isEncoderDecoder };
            Check(Path.Combine(_root, $"{folder}.seqcls.{mode}"), null, Inputs(folder, null),
                T5GemmaForSequenceClassification.FromConfig(config, head), path => T5GemmaForSequenceClassification.FromPretrained(path, options), output => output.Logits);
            Check(Path.Combine(_root, $"{folder}.tokcls.{mode}"), null, Inputs(folder, null),
                T5GemmaForTokenClassification.FromConfig(config, head), path => T5GemmaForTokenClassification.FromPretrained(path, options), output => output.Logits);
        }
    }

    private static void Check<TOutput>(
        string path, long? maxShardSizeInBytes, T5GemmaInputs inputs, T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model,
        Func<string, T5GemmaPreTrainedModel<T5GemmaInputs, TOutput>> load, Func<TOutput, Tensor> result)
    {
        using var scope = NewDisposeScope();
        using (model)
        {
            foreach (var parameter in model.parameters())
                parameter.normal_(0, 0.15); // fresh norms and biases are zero, which would hide a mix-up of names
            model.eval();
            model.SavePretrained(path, maxShardSizeInBytes);
            var expected = result(model.call(inputs));
            Write(path, inputs, expected, isHidden: typeof(TOutput) == typeof(Seq2SeqModelOutput) || typeof(TOutput) == typeof(BaseModelOutput));
            using var loaded = load(path);
            Assert.That(loaded.LoadReport!.ToString(), Is.Not.Empty);
            Assert.That(loaded.LoadReport.MissingKeys.Concat(loaded.LoadReport.UnexpectedKeys), Is.Empty, path);
            TensorAssert.Close(result(loaded.call(inputs)), expected, 0, path);
        }
    }

    private static void Write(string path, T5GemmaInputs inputs, Tensor result, bool isHidden)
    {
        var tensors = new Dictionary<string, Tensor?>
        {
            ["input_ids"] = inputs.InputIds,
            ["attention_mask"] = inputs.AttentionMask?.Mask,
            ["labels"] = inputs.Labels,
            ["decoder_input_ids"] = inputs.DecoderInputIds,
            [isHidden ? "last_hidden_state" : "logits"] = result,
        };
        SafetensorsWriter.Write(Path.Combine(path, "expected.safetensors"),
            tensors.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!));
    }

    private static T5GemmaInputs Inputs(ParityFolder folder, string? labels) => new()
    {
        InputIds = folder.Read("fwd.right.eager.input_ids").cpu(),
        AttentionMask = folder.Read("fwd.right.eager.attention_mask").cpu(),
        Labels = labels is null ? null : folder.Read(labels).cpu(),
    };
}

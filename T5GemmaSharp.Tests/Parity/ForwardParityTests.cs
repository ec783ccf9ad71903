using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

[Category("Parity")]
public sealed class ForwardParityTests
{
    private const double LogitsTolerance = 2e-4;
    private const double AttentionsTolerance = 2e-5;
    private const double LossTolerance = 1e-5;

    private static IEnumerable<TestCaseData> ForwardCases() =>
        from folder in ParityFolder.All
        from pad in new[] { "right", "left" }
        from attention in new[] { AttentionImplementation.Eager, AttentionImplementation.Auto, AttentionImplementation.Sdpa }
        let prefix = $"fwd.{pad}.{(attention == AttentionImplementation.Sdpa ? "sdpa" : "eager")}"
        where folder.Has(prefix)
        select new TestCaseData(folder, prefix, attention).SetName($"Forward_{folder}_{prefix}_{attention}");

    private static IEnumerable<TestCaseData> Folders(string group) =>
        ParityFolder.All.Where(folder => folder.Has(group)).Select(folder => new TestCaseData(folder).SetName($"{group}_{folder}"));

    [TestCaseSource(nameof(ForwardCases))]
    public void Forward_StoredInputs_EqualsReference(object source, string group, AttentionImplementation attention)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Load(folder, attention);
        var isRecorded = attention != AttentionImplementation.Sdpa && folder.Has($"{group}.encoder_hidden_states.");
        var output = model.call(new()
        {
            InputIds = folder.Read($"{group}.input_ids"),
            AttentionMask = folder.Read($"{group}.attention_mask"),
            Labels = folder.Read($"{group}.labels"),
            OutputHiddenStates = isRecorded,
            OutputAttentions = isRecorded,
        });
        ParityErrors.Record("fwd logits", folder.Name, TensorAssert.Close(output.Logits, folder.Read($"{group}.logits"), LogitsTolerance, "logits"));
        ParityErrors.Record("fwd loss (relative)", folder.Name,
            TensorAssert.RelativelyClose(output.Loss!.item<float>(), folder.Read($"{group}.loss").item<float>(), LossTolerance, "loss"));
        if (isRecorded)
            CheckRecorded(folder, group, output);
    }

    [TestCaseSource(nameof(Folders), new object[] { "nomask" })]
    public void Forward_NoMasks_EqualsReference(object source)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Load(folder, AttentionImplementation.Eager);
        var inputs = new T5GemmaInputs { InputIds = folder.Read("nomask.input_ids"), DecoderInputIds = folder.Read("nomask.decoder_input_ids") };
        ParityErrors.Record("nomask logits", folder.Name, TensorAssert.Close(model.call(inputs).Logits, folder.Read("nomask.logits"), LogitsTolerance, "logits"));
        if (folder.Keys.Contains("keep2.logits"))
            ParityErrors.Record("keep2 logits", folder.Name, TensorAssert.Close(model.call(inputs with { LogitsToKeep = 2 }).Logits, folder.Read("keep2.logits"), LogitsTolerance, "last two logits"));
    }

    [TestCaseSource(nameof(Folders), new object[] { "pos" })]
    public void Forward_ExplicitPositions_EqualsReference(object source)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Load(folder, AttentionImplementation.Eager);
        var output = model.call(new()
        {
            InputIds = folder.Read("nomask.input_ids"),
            DecoderInputIds = folder.Read("nomask.decoder_input_ids"),
            PositionIds = folder.Read("pos.position_ids"),
            DecoderPositionIds = folder.Read("pos.decoder_position_ids"),
            AttentionMask = folder.Read("pos.attention_mask"),
            DecoderAttentionMask = folder.Read("pos.decoder_attention_mask"),
        });
        ParityErrors.Record("pos logits", folder.Name, TensorAssert.Close(output.Logits, folder.Read("pos.logits"), LogitsTolerance, "logits"));
    }

    private static void CheckRecorded(ParityFolder folder, string group, Seq2SeqLMOutput output)
    {
        CheckList("encoder_hidden_states", output.EncoderHiddenStates!, LogitsTolerance);
        CheckList("decoder_hidden_states", output.DecoderHiddenStates, LogitsTolerance);
        CheckList("encoder_attentions", output.EncoderAttentions!, AttentionsTolerance);
        CheckList("decoder_attentions", output.DecoderAttentions!, AttentionsTolerance);
        CheckList("cross_attentions", output.CrossAttentions!, AttentionsTolerance);

        void CheckList(string name, IReadOnlyList<Tensor> tensors, double tolerance)
        {
            Assert.That(folder.Keys.Count(key => key.StartsWith($"{group}.{name}.", StringComparison.Ordinal)), Is.EqualTo(tensors.Count), name);
            for (var i = 0; i < tensors.Count; i++)
            {
                var error = TensorAssert.Close(tensors[i], folder.Read($"{group}.{name}.{i}"), tolerance, $"{name}[{i}]");
                ParityErrors.Record($"fwd {name}", folder.Name, error);
            }
        }
    }

    private static T5GemmaForConditionalGeneration Load(ParityFolder folder, AttentionImplementation attention) =>
        T5GemmaForConditionalGeneration.FromPretrained(folder.Checkpoint("lm"), new PretrainedOptions { Device = ParityFolder.Device, Attention = attention });
}

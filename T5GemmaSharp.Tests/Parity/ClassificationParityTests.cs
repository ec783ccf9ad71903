using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

[Category("Parity")]
public sealed class ClassificationParityTests
{
    private const double LogitsTolerance = 2e-4;
    private const double LossTolerance = 1e-5;

    private static IEnumerable<TestCaseData> Cases(string head) =>
        from folder in ParityFolder.All
        from mode in new[] { "encdec", "enc" }
        from pad in new[] { "right", "left" }
        let prefix = $"{head}.{mode}.{pad}"
        where folder.Has(prefix)
        select new TestCaseData(folder, $"{head}.{mode}", prefix).SetName($"{prefix}_{folder}");

    [TestCaseSource(nameof(Cases), new object[] { "seqcls" })]
    public void SequenceClassification_EveryProblemType_EqualsReference(object source, string checkpoint, string group)
    {
        var folder = (ParityFolder)source;
        foreach (var problem in Enum.GetValues<ProblemType>())
        {
            var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(problem.ToString());
            if (!folder.Has($"{group}.{name}."))
                continue;
            using var scope = NewDisposeScope();
            using var noGrad = torch.no_grad();
            using var model = T5GemmaForSequenceClassification.FromPretrained(folder.Checkpoint(checkpoint), Options() with { ProblemType = problem });
            var output = model.call(Inputs(folder, group, $"{group}.{name}.labels"));
            ParityErrors.Record("seqcls logits", folder.Name, TensorAssert.Close(output.Logits, folder.Read($"{group}.logits"), LogitsTolerance, "logits"));
            ParityErrors.Record("seqcls loss (relative)", folder.Name,
                TensorAssert.RelativelyClose(output.Loss!.item<float>(), folder.Read($"{group}.{name}.loss").item<float>(), LossTolerance, name));
        }
    }

    [TestCaseSource(nameof(Cases), new object[] { "tokcls" })]
    public void TokenClassification_StoredInputs_EqualsReference(object source, string checkpoint, string group)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = T5GemmaForTokenClassification.FromPretrained(folder.Checkpoint(checkpoint), Options());
        var output = model.call(Inputs(folder, group, $"{group}.labels"));
        ParityErrors.Record("tokcls logits", folder.Name, TensorAssert.Close(output.Logits, folder.Read($"{group}.logits"), LogitsTolerance, "logits"));
        ParityErrors.Record("tokcls loss (relative)", folder.Name,
            TensorAssert.RelativelyClose(output.Loss!.item<float>(), folder.Read($"{group}.loss").item<float>(), LossTolerance, "loss"));
    }

    private static PretrainedOptions Options() => new() { Device = ParityFolder.Device, Attention = AttentionImplementation.Eager };

    private static T5GemmaInputs Inputs(ParityFolder folder, string group, string labels) => new()
    {
        InputIds = folder.Read($"{group}.input_ids"),
        AttentionMask = folder.Read($"{group}.attention_mask"),
        Labels = folder.Read(labels),
    };
}

using NUnit.Framework;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary>Logits of rows that share their steps, on the trained model: what sampled answers depend on, where the most probable token hides small errors.</summary>
public sealed class StepLogitsTests
{
    private const int MaxRows = 16;
    private const int Steps = 120;
    private const double Rounding = 1e-4;

    [TestCase(2, 14)] // sources of many lengths
    [TestCase(10, 10)] // of one
    public void Step_RowsThatComeAndGo_HaveTheLogitsOfARowAlone(int shortest, int longest)
    {
        using var model = T5GemmaForConditionalGeneration.FromPretrained(Path.Combine(SourceTree.Root(), "weights", "g2p"), new() { DType = ScalarType.Float32 });
        model.eval();
        using var noGrad = torch.no_grad();
        using var together = new ModuleStepDecoder(model, MaxRows);
        var random = new Random(1);
        var alone = new List<ModuleStepDecoder>();
        var most = 0;
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            if (alone.Count < MaxRows && (alone.Count == 0 || random.Next(3) == 0))
            {
                var sources = Enumerable.Range(0, Math.Min(random.Next(1, 5), MaxRows - alone.Count)).Select(_ => Ids(random.Next(shortest, longest + 1))).ToArray();
                var joining = sources.Select(_ => new ModuleStepDecoder(model, maxRows: 1)).ToArray();
                Compare(together.Add(sources, [.. sources.Select(_ => 2L)]), [.. joining.Select((decoder, row) => decoder.Add([sources[row]], [2]))]);
                alone.AddRange(joining);
            }
            else
            {
                var newest = Ids(alone.Count).Select(id => (long)id).ToArray();
                Compare(together.Step(0, newest), [.. alone.Select((decoder, row) => decoder.Step(0, [newest[row]]))]);
            }

            most = Math.Max(most, alone.Count);
            if (alone.Count > 3 && random.Next(6) == 0)
            {
                var row = random.Next(alone.Count);
                together.RemoveAt(row);
                alone[row].Dispose();
                alone[row] = alone[^1];
                alone.RemoveAt(alone.Count - 1);
            }
        }

        alone.ForEach(decoder => decoder.Dispose());
        Assert.That(most, Is.EqualTo(MaxRows));

        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(3, (int)model.Config.Decoder.VocabSize))];
    }

    private static void Compare(Tensor actual, Tensor[] expected) => TensorAssert.Close(actual, torch.cat(expected, dim: 0), Rounding, "logits");
}

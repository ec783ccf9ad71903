using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Recipes.G2p;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Recipes.G2p;

/// <summary>What bf16 and the kernels do to the answers of a trained model.</summary>
public sealed class G2pWeightsOnDeviceTests : GpuFixture
{
    private const int BatchSize = 32;

    private const double EqualShare = 0.995;

    [Test]
    public void Generate_KernelsInBfloat16_GiveTheSequencesOfFloat32WhereTheTwoBestTokensAreFurtherApartThanRounding()
    {
        using var noGrad = torch.no_grad();
        using var exact = Load(ScalarType.Float32, AttentionImplementation.Eager);
        using var rounded = Load(ScalarType.BFloat16, AttentionImplementation.Eager);
        using var fast = Load(ScalarType.BFloat16, AttentionImplementation.Auto);
        var examples = G2pRecipe.Load();
        var sources = examples.Encode(examples.Words(DataSplit.Test)).Select(example => example.InputIds).DistinctBy(ids => string.Join(' ', ids)).ToList();
        var differences = new List<string>();
        foreach (var batch in sources.Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            var inputs = Inputs(batch);
            var config = new GenerationConfig { MaxNewTokens = G2pRecipe.MaxNewTokens, DoSample = false, NumBeams = 1 };
            var answer = fast.Generate(inputs, config);
            Assert.That(answer.Route.Engine, Is.EqualTo(DecodingEngine.CudaGraph), answer.Route.Reason);
            var (actual, expected) = (Rows(answer.Sequences), Rows(exact.Generate(inputs, config).Sequences));
            for (var row = 0; row < batch.Length; row++)
            {
                var place = Enumerable.Range(0, Math.Min(actual[row].Length, expected[row].Length)).FirstOrDefault(index => actual[row][index] != expected[row][index], -1);
                if (place < 0)
                    continue;
                var source = Inputs([batch[row]]);
                var (right, wrong) = ((int)expected[row][place], (int)actual[row][place]);
                var logits = Logits(exact, source, expected[row][..place]);
                var gap = logits[right] - logits[wrong];
                var rounding = Logits(rounded, source, expected[row][..place]).Zip(logits, (a, b) => Math.Abs(a - b)).Max();
                differences.Add($"{string.Join(' ', batch[row])}: at {place} {wrong} for {right}, gap {gap:F4}, rounding {rounding:F4}");
                Assert.That(gap, Is.LessThan(2 * rounding), differences[^1]); // either logit may be off by as much
            }
        }

        TestContext.Out.WriteLine($"{sources.Count - differences.Count} of {sources.Count} sequences are equal");
        differences.ForEach(TestContext.Out.WriteLine);
        Assert.That(differences, Has.Count.LessThanOrEqualTo((1 - EqualShare) * sources.Count));
    }

    private static T5GemmaForConditionalGeneration Load(ScalarType dtype, AttentionImplementation attention)
    {
        var folder = Path.Combine(SourceTree.Root(), "weights", "g2p");
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, new PretrainedOptions { DType = dtype, Device = CUDA, Attention = attention });
        model.eval();
        return model;
    }

    private static GenerationInputs Inputs(int[][] sources)
    {
        var length = sources.Max(ids => ids.Length);
        var ids = sources.SelectMany(source => source.Concat(Enumerable.Repeat(0, length - source.Length))).Select(id => (long)id).ToArray();
        var mask = sources.SelectMany(source => Enumerable.Range(0, length).Select(place => place < source.Length ? 1L : 0)).ToArray();
        return new GenerationInputs
        {
            InputIds = torch.tensor(ids, [sources.Length, length], dtype: ScalarType.Int64, device: CUDA),
            AttentionMask = torch.tensor(mask, [sources.Length, length], dtype: ScalarType.Int64, device: CUDA),
        };
    }

    // Up to the first end; what follows in a batch is padding.
    private static long[][] Rows(Tensor sequences)
    {
        var ids = sequences.cpu().data<long>().ToArray().Chunk((int)sequences.size(1));
        return [.. ids.Select(row => row[..(Array.IndexOf(row, 1) is var end and >= 0 ? end + 1 : row.Length)])];
    }

    private static float[] Logits(T5GemmaForConditionalGeneration model, GenerationInputs source, long[] prefix)
    {
        var output = model.call(new T5GemmaInputs { InputIds = source.InputIds, AttentionMask = source.AttentionMask, DecoderInputIds = torch.tensor(prefix, [1, prefix.Length], device: CUDA), UseCache = false });
        return output.Logits[0, -1].to(ScalarType.Float32).cpu().data<float>().ToArray();
    }
}

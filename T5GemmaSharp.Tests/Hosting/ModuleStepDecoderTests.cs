using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class ModuleStepDecoderTests
{
    private const int NewTokens = 40; // beyond the window, and beyond the first room of a slot

    private static readonly int[] SourceLengths = [3, 9, 1, 14, 6, 2, 40];

    [TestCase(AttentionImplementation.Auto, DecodingEngine.CpuKernels)]
    [TestCase(AttentionImplementation.Eager, DecodingEngine.Modules)]
    public void Step_RowsThatJoinAndLeaveAtDifferentTimes_AreAsAlone(AttentionImplementation attention, DecodingEngine engine)
    {
        using var model = HostedTestModels.Generator(new PretrainedOptions { Attention = attention });
        var sources = TinyModels.Rows(SourceLengths, vocabSize: 200).Select(row => row.Select(id => (int)id).ToArray()).ToList();
        var expected = sources.Select(source => HostedTestModels.Alone(model, source, new GenerationConfig { MaxNewTokens = NewTokens })).ToList();
        using var noGrad = torch.no_grad();
        using var decoder = new ModuleStepDecoder(model, maxRows: 4);
        Assert.That(decoder.Route.Engine, Is.EqualTo(engine));

        var (waiting, rows, answers) = (new Queue<int>(Enumerable.Range(0, sources.Count)), new List<int>(), sources.ConvertAll(_ => new List<long>()));
        for (var step = 0; waiting.Count + rows.Count > 0; step++)
        {
            using var scope = NewDisposeScope();
            // One at first, later two together, as there is room: every row has neighbours of other ages.
            var room = Math.Min(4 - rows.Count, step == 0 ? 1 : 2);
            if (step % 7 == 0 && room > 0 && waiting.Count > 0)
            {
                int[] joining = [.. Enumerable.Range(0, Math.Min(room, waiting.Count)).Select(_ => waiting.Dequeue())];
                Take(decoder.Add([.. joining.Select(source => sources[source])], [.. joining.Select(_ => TinyModels.Bos)]), joining);
                rows.AddRange(joining);
            }
            else if (rows.Count > 0)
            {
                Take(decoder.Step(0, [.. rows.Select(row => answers[row][^1])]), rows);
            }

            for (var index = rows.Count - 1; index >= 0; index--)
            {
                if (answers[rows[index]].Count < NewTokens)
                    continue;
                decoder.RemoveAt(index);
                rows[index] = rows[^1];
                rows.RemoveAt(rows.Count - 1);
            }
        }

        Assert.That(answers, Is.EqualTo(expected));
        Assert.That(decoder.Count, Is.Zero);

        void Take(Tensor logits, IReadOnlyList<int> of)
        {
            var best = logits.argmax(-1).ToLongs();
            for (var index = 0; index < of.Count; index++)
                answers[of[index]].Add(best[index]);
        }
    }

    [Test]
    public void Step_OneRowAfterAStepOfAllThatFailed_IsAsAlone()
    {
        using var model = HostedTestModels.Generator();
        int[][] sources = [[5, 6, 7], [9, 8, 7, 6, 5]];
        var expected = sources.Select(source => HostedTestModels.Alone(model, source, new GenerationConfig { MaxNewTokens = 3 })).ToList();
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        using var decoder = new ModuleStepDecoder(model, maxRows: 2);
        var first = decoder.Add(sources, [TinyModels.Bos, TinyModels.Bos]).argmax(-1).ToLongs();
        Assert.That(() => decoder.Step(0, [first[0], 100_000]), Throws.InstanceOf<ArgumentException>(), "an id that does not exist");
        long[] second = [.. first.Select((id, row) => decoder.Step(row, [id]).argmax(-1).item<long>())];
        var third = decoder.Step(0, second).argmax(-1).ToLongs();
        Assert.That(Enumerable.Range(0, 2).Select(row => new[] { first[row], second[row], third[row] }), Is.EqualTo(expected));
    }

    [Test]
    public void AddStepRemove_LeaveNoTensor()
    {
        using var model = HostedTestModels.Generator();
        using var noGrad = torch.no_grad();
        using var decoder = new ModuleStepDecoder(model, maxRows: 3);
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            decoder.Add([[5, 6], [7, 8, 9], [4]], [2, 2, 2]);
            decoder.RemoveAt(0);
            for (var step = 0; step < 70; step++)
                decoder.Step(0, [5, 6]);
            decoder.RemoveAt(1);
            decoder.RemoveAt(0);
        });
    }

    [Test]
    public void Add_AfterARowThatWasNotANumber_IsAsAlone()
    {
        using var model = HostedTestModels.Generator();
        var expected = HostedTestModels.Alone(model, [5, 6, 7], new GenerationConfig { MaxNewTokens = 2 });
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        using var decoder = new ModuleStepDecoder(model, maxRows: 2);
        decoder.Add([[9, 9, 9, 9, 9, 9], [4, 4]], [2, 2]);
        using (var hook = new NotANumber(model))
            decoder.Step(0, [5, 5]);
        decoder.RemoveAt(0);
        var first = decoder.Add([[5, 6, 7]], [2]).argmax(-1).item<long>();
        Assert.That(new[] { first, decoder.Step(1, [first]).argmax(-1).item<long>() }, Is.EqualTo(expected), "what the other row left behind its tokens is not seen");
    }

    /// <summary>Makes all keys of a layer no numbers for a while.</summary>
    private sealed class NotANumber : IDisposable
    {
        private readonly Tensor _weight;
        private readonly Tensor _kept;

        public NotANumber(T5GemmaForConditionalGeneration model)
        {
            _weight = model.Model.Decoder.Layers[0].SelfAttn.VProj.weight!; // a projection has a weight
            _kept = _weight.clone();
            _weight.fill_(float.NaN);
        }

        public void Dispose() => _weight.copy_(_kept);
    }
}

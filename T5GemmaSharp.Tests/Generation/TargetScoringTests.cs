using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

public sealed class TargetScoringTests
{
    [Test]
    public void ScoreTargets_Batch_EqualsTheLossOfEachTarget()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var ids = TinyModels.Ids(2, 6);
        var labels = TinyModels.Ids(6, 5, seed: 3); // three targets a source
        labels[1, 3] = -100;
        labels[1, 4] = -100;
        using var source = model.Encode(new() { InputIds = ids, AttentionMask = torch.ones_like(ids) });
        var scores = model.ScoreTargets(source, labels);
        for (var row = 0; row < 6; row++)
        {
            var own = ids.narrow(0, row / 3, 1);
            var loss = model.call(new() { InputIds = own, AttentionMask = torch.ones_like(own), Labels = labels.narrow(0, row, 1) }).Loss!.item<float>();
            Assert.That(scores.Means()[row].item<float>(), Is.EqualTo(-loss).Within(1e-5), $"row {row}");
        }

        Assert.That(scores.TokenCounts.ToLongs(), Is.EqualTo(new long[] { 5, 3, 5, 5, 5, 5 }));
        Assert.That(scores.LogProbabilities[1, 4].item<float>(), Is.Zero);
    }

    [Test]
    public void ScoreTargets_WrongLabels_SayWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        using var source = model.Encode(new() { InputIds = TinyModels.Ids(2, 6) });
        Assert.That(() => model.ScoreTargets(source, TinyModels.Ids(3, 5)), Throws.ArgumentException.With.Message.Contains("a multiple of 2"));
        Assert.That(() => model.ScoreTargets(source, TinyModels.Ids(2, 5) + 40), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}

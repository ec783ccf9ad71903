using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Recipes.G2p;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Recipes.G2p;

public sealed class G2pWeightsTests
{
    [Test]
    public void Evaluate_WeightsOfTheRepository_HaveTheErrorRatesThatTheirReadmeStates()
    {
        var folder = Path.Combine(SourceTree.Root(), "weights", "g2p");
        using var scope = NewDisposeScope();
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder, new PretrainedOptions { DType = ScalarType.Float32 });
        var (errors, _) = new G2pEvaluator(model, T5GemmaTokenizer.FromPretrained(folder)).Evaluate(G2pRecipe.Load().Words(DataSplit.Test));
        Assert.That(errors.Words, Is.EqualTo(6453));
        Assert.That(errors.WordErrorRate, Is.EqualTo(0.2315).Within(0.001));
        Assert.That(errors.PhonemeErrorRate, Is.EqualTo(0.0561).Within(0.0005));
    }
}

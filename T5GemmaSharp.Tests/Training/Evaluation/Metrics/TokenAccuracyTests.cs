using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class TokenAccuracyTests
{
    [Test]
    public void Value_TwoBatches_IsTheShareOfCountedTokens()
    {
        using var scope = NewDisposeScope();
        var accuracy = new TokenAccuracy();
        var logits = tensor(new float[] { 0, 1, 0, /**/ 2, 1, 0, /**/ 0, 0, 5 }).reshape(1, 3, 3); // predicts 1, 0, 2
        accuracy.Add(logits, tensor(new long[] { 1, 2, -100 }).reshape(1, 3));                   // 1 of 2
        accuracy.Add(logits, tensor(new long[] { 1, 0, 2 }).reshape(1, 3));                      // 3 of 3
        Assert.That(accuracy.Value, Is.EqualTo(4 / 5.0).Within(1e-12));
    }

    [Test]
    public void Value_NoTokens_IsZero()
        => Assert.That(new TokenAccuracy().Value, Is.Zero);

    [Test]
    public void Add_ShapesThatDiffer_NamesBoth()
    {
        using var scope = NewDisposeScope();
        Assert.That(() => new TokenAccuracy().Add(zeros(1, 3, 4), zeros(new long[] { 1, 2 }, ScalarType.Int64)),
            Throws.ArgumentException.With.Message.Contains("[1, 3, 4]").And.Message.Contains("[1, 2]"));
    }
}

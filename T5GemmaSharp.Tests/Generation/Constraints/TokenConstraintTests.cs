using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class TokenConstraintTests
{
    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    [Test]
    public void From_SameArguments_IsCompiledOnce()
    {
        var first = TokenConstraint.FromJsonSchema(Tokenizer, "{}", new() { MaxFreeFormDepth = 1 });
        var regex = TokenConstraint.FromRegex(Tokenizer, "ab");
        var choices = TokenConstraint.FromChoices(Tokenizer, ["a", "b"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TokenConstraint.FromJsonSchema(Tokenizer, "{}", new() { MaxFreeFormDepth = 1 }), Is.SameAs(first));
            Assert.That(TokenConstraint.FromJsonSchema(Tokenizer, "{}"), Is.Not.SameAs(first), "other options");
            Assert.That(TokenConstraint.FromJsonSchema(TinyTokenizer.Create(), "{}", new() { MaxFreeFormDepth = 1 }), Is.Not.SameAs(first), "another tokenizer");
            Assert.That(TokenConstraint.FromRegex(Tokenizer, "ab"), Is.SameAs(regex));
            Assert.That(TokenConstraint.FromChoices(Tokenizer, ["ab"]), Is.Not.SameAs(regex), "another kind");
            Assert.That(TokenConstraint.FromChoices(Tokenizer, ["a", "b"]), Is.SameAs(choices));
            Assert.That(TokenConstraint.FromChoices(Tokenizer, ["a1:b"]), Is.Not.SameAs(choices), "texts that look alike when joined");
        }
    }

    [Test]
    public void From_ManyArguments_ForgetsTheOldest()
    {
        var first = TokenConstraint.FromRegex(Tokenizer, "first");
        var used = TokenConstraint.FromRegex(Tokenizer, "used");
        for (var index = 0; index < 40; index++)
        {
            TokenConstraint.FromRegex(Tokenizer, $"other{index}");
            Assert.That(TokenConstraint.FromRegex(Tokenizer, "used"), Is.SameAs(used));
        }

        Assert.That(TokenConstraint.FromRegex(Tokenizer, "first"), Is.Not.SameAs(first));
    }

    [Test]
    public void Allowed_LittleMemory_GivesTheSameTokens()
    {
        const string Pattern = "(?:a|b)*a(?:a|b){6}|[^ab]{0,9}";
        var small = TokenConstraint.FromRegex(Tokenizer, Pattern, new() { MaxCacheBytes = 2_000 });
        var large = TokenConstraint.FromRegex(Tokenizer, Pattern);
        var random = new Random(29);
        for (var run = 0; run < 50; run++)
        {
            var (left, right) = (small.Start(), large.Start());
            for (var step = 0; step < 30; step++)
            {
                var allowed = left.GetAllowedIds();
                Assert.That(allowed, Is.EqualTo(right.GetAllowedIds()));
                Assert.That(left.IsAccepting, Is.EqualTo(right.IsAccepting));
                if (allowed.Count == 0)
                    break;
                var id = allowed[random.Next(allowed.Count)];
                Assert.That(left.TryAdvance(id) && right.TryAdvance(id), Is.True);
            }
        }
    }

    // The reference: every token tried on its own, without the tree of the vocabulary and without what was kept.
    [Test]
    public void GetAllowedIds_EveryState_AreTheTokensThatCanBeAdded()
    {
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, PersonSchema.Text);
        var random = new Random(31);
        var matcher = constraint.Start();
        for (var step = 0; step < 60 && matcher.GetAllowedIds() is { Count: > 0 } allowed; step++)
        {
            Assert.That(allowed, Is.EqualTo(Enumerable.Range(0, Tokenizer.VocabularySize).Where(id => matcher.Clone().TryAdvance(id))));
            matcher.TryAdvance(allowed[random.Next(allowed.Count)]);
        }
    }

    [Test]
    public void Constraint_OnManyThreads_IsTheSameForAll()
    {
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, PersonSchema.Text, options: new() { MaxCacheBytes = 200_000 });
        var texts = new string[8];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            var random = new Random(37);
            texts[thread] = string.Concat(Enumerable.Range(0, 20).Select(_ => ConstraintWalk.Sample(constraint, Tokenizer, random)));
            for (var index = 0; index < 30; index++)
                TokenConstraint.FromRegex(Tokenizer, $"x{(index + thread) % 20}");
        });
        Assert.That(texts.Distinct().Count(), Is.EqualTo(1));
    }
}

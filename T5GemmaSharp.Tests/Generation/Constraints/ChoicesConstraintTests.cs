using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class ChoicesConstraintTests
{
    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    [Test]
    public void Texts_OfRandomChoices_FitIfTheyAreOneOfThem()
    {
        var text = Gen.String[Choice.Of('a', 'b', ' ', 'é', '日'), 0, 5];
        Gen.Select(text.Array[1, 12], text.Array[40]).Sample(
            (choices, texts) =>
            {
                var constraint = TokenConstraint.FromChoices(Tokenizer, choices);
                return texts.Concat(choices).All(candidate => ConstraintWalk.Fits(constraint, Tokenizer, candidate) == choices.Contains(candidate));
            },
            iter: 1_000);
    }

    [Test]
    public void Sample_OfChoices_ReachesEachAndNothingElse()
    {
        string[] choices = ["yes", "no", "abc", "ab", "日本", "😀😀", "a b"];
        var constraint = TokenConstraint.FromChoices(Tokenizer, choices);
        var random = new Random(3);
        Assert.That(Enumerable.Range(0, 400).Select(_ => ConstraintWalk.Sample(constraint, Tokenizer, random)).Distinct(), Is.EquivalentTo(choices));
    }

    [Test]
    public void GetAllowedIds_Prefix_AreThePiecesThatStayInsideAChoice()
    {
        var matcher = TokenConstraint.FromChoices(Tokenizer, ["abcd", "aab"]).Start();
        int[] expected = [.. new[] { "a", "ab", "abc", "aa", "<0x61>" }.Select(piece => Tokenizer.TokenToId(piece)!.Value).Order()];
        Assert.That(matcher.GetAllowedIds(), Is.EqualTo(expected));

        var fork = matcher.Clone();
        Assert.That(matcher.TryAdvance(Tokenizer.TokenToId("abc")!.Value), Is.True);
        Assert.That(matcher.GetAllowedIds(), Is.EqualTo(new[] { "<0x64>", "d" }.Select(piece => Tokenizer.TokenToId(piece)!.Value)));
        Assert.That(matcher.TryAdvance(Tokenizer.TokenToId("a")!.Value), Is.False);
        Assert.That(matcher.TryAdvance(Tokenizer.TokenToId("d")!.Value), Is.True, "a refused token changes nothing");
        Assert.That(matcher.IsAccepting, Is.True);
        Assert.That(matcher.GetAllowedIds(), Is.Empty);
        Assert.That(fork.GetAllowedIds(), Is.EqualTo(expected), "the clone stayed where it was");
    }

    [Test]
    public void TryAdvance_SpecialOrUnknownToken_IsRefused()
    {
        var matcher = TokenConstraint.FromRegex(Tokenizer, @"[\s\S]*").Start();
        int[] refused = [0, 1, 2, 3, Tokenizer.EndOfTurnId!.Value, -1, Tokenizer.VocabularySize, int.MaxValue];
        Assert.That(refused.Where(matcher.TryAdvance), Is.Empty);
        Assert.That(matcher.GetAllowedIds().Intersect(refused), Is.Empty);
        Assert.That(matcher.TryAdvance(Tokenizer.TokenToId("<h1>")!.Value), Is.True, "an added token that is text");
    }

    [Test]
    public void FromChoices_BadChoices_AreNamed()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => TokenConstraint.FromChoices(Tokenizer, []), Throws.ArgumentException.With.Message.Contains("at least one"));
            Assert.That(() => TokenConstraint.FromChoices(Tokenizer, ["a", null!]), Throws.ArgumentException.With.Message.Contains("choices[1]"));
            Assert.That(() => TokenConstraint.FromChoices(Tokenizer, ["\ud800"]), Throws.ArgumentException.With.Message.Contains("choices[0]"));
            Assert.That(() => TokenConstraint.FromChoices(Tokenizer, null!), Throws.ArgumentNullException);
            Assert.That(() => TokenConstraint.FromChoices(null!, ["a"]), Throws.ArgumentNullException);
        }
    }
}

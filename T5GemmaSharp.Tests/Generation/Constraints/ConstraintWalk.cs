using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>Texts made of tokens that a constraint allows.</summary>
internal static class ConstraintWalk
{
    private const int MaxTokens = 5_000;

    /// <summary>Whether a text, given byte by byte, fits a constraint.</summary>
    public static bool Fits(TokenConstraint constraint, T5GemmaTokenizer tokenizer, string text)
    {
        var matcher = constraint.Start();
        return ConstraintTokenizer.ByteIds(tokenizer, text).All(matcher.TryAdvance) && matcher.IsAccepting;
    }

    /// <summary>A random text: each allowed token is as likely as any other, and as the end where the text may end.</summary>
    public static string Sample(TokenConstraint constraint, T5GemmaTokenizer tokenizer, Random random)
    {
        var (matcher, ids) = (constraint.Start(), new List<int>());
        while (ids.Count < MaxTokens)
        {
            var allowed = matcher.GetAllowedIds();
            Assert.That(allowed.Count > 0 || matcher.IsAccepting, Is.True, "a dead end");
            // One in eight steps takes a byte, so that even a string without a limit ends soon among many tokens.
            var few = random.Next(8) == 0 ? [.. allowed.Where(id => tokenizer.IdToToken(id)!.StartsWith("<0x", StringComparison.Ordinal))] : Array.Empty<int>();
            var candidates = few.Length > 0 ? few : allowed;
            var choice = random.Next(candidates.Count + (matcher.IsAccepting ? 1 : 0));
            if (choice == candidates.Count)
                return tokenizer.Decode(ids, skipSpecialTokens: false);
            Assert.That(matcher.TryAdvance(candidates[choice]), Is.True);
            ids.Add(candidates[choice]);
        }

        throw new InvalidOperationException($"no end after {MaxTokens} tokens");
    }
}

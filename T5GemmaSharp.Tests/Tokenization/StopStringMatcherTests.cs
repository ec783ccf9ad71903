using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class StopStringMatcherTests
{
    [TestCase(new[] { "END" }, new[] { "abENDcd" }, "ab", "END")]
    [TestCase(new[] { "END" }, new[] { "abE", "N", "Dcd" }, "ab", "END")]
    [TestCase(new[] { "END" }, new[] { "abEN", "EN", "D" }, "abEN", "END")]
    [TestCase(new[] { "aab" }, new[] { "aaa", "ab" }, "aa", "aab")]
    [TestCase(new[] { "\n\n" }, new[] { "x\n", "y\n", "\n" }, "x\ny", "\n\n")]
    [TestCase(new[] { "b", "abc" }, new[] { "abc" }, "a", "b")]
    [TestCase(new[] { "bc", "abc" }, new[] { "xabc" }, "x", "abc")]
    [TestCase(new[] { "END" }, new[] { "abEN" }, "abEN", null)]
    [TestCase(new string[0], new[] { "ab", "cd" }, "abcd", null)]
    public void Append_Chunks_EndBeforeTheStopString(string[] stopStrings, string[] chunks, string expected, string? stop)
    {
        var matcher = new StopStringMatcher(stopStrings);
        Assert.That(string.Concat(chunks.Select(matcher.Append)) + matcher.Flush(), Is.EqualTo(expected));
        Assert.That(matcher.StopString, Is.EqualTo(stop));
    }

    [Test]
    public void Append_BeginningOfAStopString_HoldsBackOnlyIt()
    {
        var matcher = new StopStringMatcher(["<end>", "\n\n"]);
        Assert.That(matcher.Append("one <e"), Is.EqualTo("one "));
        Assert.That(matcher.Append("arth\n"), Is.EqualTo("<earth"));
        Assert.That(matcher.Append(" two"), Is.EqualTo("\n two"));
    }

    [Test]
    public void Append_AfterTheEnd_GivesNothing()
    {
        var matcher = new StopStringMatcher(["."]);
        matcher.Append("one. two");
        Assert.That(matcher.Append("three"), Is.Empty);
        Assert.That(matcher.Flush(), Is.Empty);
    }

    // The reference: the shortest beginning of the text that ends with a stop string, found by looking at every beginning.
    [Test]
    public void Append_AnyTextInAnyChunks_EqualsASearchOfTheWholeText()
    {
        var word = Gen.Char['a', 'c'].Array[1, 4].Select(characters => new string(characters));
        Gen.Select(word.Array[1, 3], word.Array[0, 12]).Sample((stopStrings, chunks) =>
        {
            var text = string.Concat(chunks);
            var end = Enumerable.Range(0, text.Length + 1).FirstOrDefault(length => stopStrings.Any(text[..length].EndsWith), defaultValue: -1);
            var stop = end < 0 ? null : stopStrings.Where(text[..end].EndsWith).MaxBy(candidate => candidate.Length);

            var matcher = new StopStringMatcher(stopStrings);
            var emitted = string.Concat(chunks.Select(matcher.Append)) + matcher.Flush();
            return matcher.StopString == stop && emitted == (stop is null ? text : text[..(end - stop.Length)]);
        });
    }

    [Test]
    public void Constructor_EmptyStopString_Throws()
    {
        Assert.That(() => new StopStringMatcher(["a", ""]), Throws.ArgumentException);
        Assert.That(() => new StopStringMatcher(null!), Throws.ArgumentNullException);
    }
}

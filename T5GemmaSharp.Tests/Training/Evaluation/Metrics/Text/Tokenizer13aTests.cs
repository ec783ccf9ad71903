using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics.Text;

public sealed class Tokenizer13aTests
{
    [TestCase("Hello, world!", "Hello|,|world|!")]
    [TestCase("It costs 3.5 or 1,000.", "It|costs|3.5|or|1,000|.")]
    [TestCase("$5 at 50%", "$|5|at|50|%")]
    [TestCase("don't", "don't")]
    [TestCase("U.S.", "U|.|S|.")]
    [TestCase("v2.x .5", "v2|.|x|.|5")]
    [TestCase("1990-1995 well-known", "1990|-|1995|well-known")]
    [TestCase("(a)[b]{c}/d_e", "(|a|)|[|b|]|{|c|}|/|d|_|e")]
    [TestCase("&quot;a&quot; &amp;lt; b", "\"|a|\"|<|b")]
    [TestCase("hy-\nphen new\nline", "hyphen|new|line")]
    [TestCase("a<skipped>b", "ab")]
    [TestCase("end-\n", "end-")] // the blank at the end goes first, so that this is no hyphenation
    [TestCase("naïve 東京 😀.", "naïve|東京|😀|.")]
    [TestCase(" \t\n", "")]
    public void Tokenize_Text_GivesTheTokensOfMteval(string text, string expected)
        => Assert.That(string.Join('|', Tokenizer13a.Tokenize(text)), Is.EqualTo(expected));

    [Test]
    public void Tokenize_BlanksOfPython_PartTokens() // no test case, since a runner may drop one whose name has a control character
        => Assert.That(Tokenizer13a.Tokenize("a\u00A0b\u001Cc\u2028d\u001F"), Is.EqualTo(new[] { "a", "b", "c", "d" }));
}

using System.Text.RegularExpressions;
using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class RegexConstraintTests
{
    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    [TestCase("", "", true)]
    [TestCase("", "a", false)]
    [TestCase("ab|cd", "cd", true)]
    [TestCase("ab|cd", "abd", false)]
    [TestCase("^ab$|^cd$", "ab", true)]
    [TestCase("a{2,3}", "a", false)]
    [TestCase("a{2,3}", "aaa", true)]
    [TestCase("a{2,3}", "aaaa", false)]
    [TestCase("(?:ab){2,}?", "ababab", true)]
    [TestCase("[^a]", "😀", true, Description = "a character is a code point")]
    [TestCase("^.$", "😀", true)]
    [TestCase("[\\u{1F600}-\\u{1F64F}]{2}", "😀🙏", true)]
    [TestCase("[\\u{1F600}-\\u{1F64F}]", "😀🙏", false)]
    [TestCase("[\\u{1F600}-\\u{1F64F}]", "🙐", false)]
    [TestCase("[à-é]+", "éà", true)]
    [TestCase("[à-é]+", "ê", false)]
    [TestCase("a\\u0062\\x63", "abc", true)]
    [TestCase("\\$\\^\\(\\{\\[\\\\", "$^({[\\", true)]
    [TestCase("a▁b", "a▁b", true, Description = "the mark of the space is a character as well")]
    [TestCase("a b", "a▁b", false)]
    [TestCase("()*a(|b)", "ab", true)]
    [TestCase("(a*)*", "aaa", true)]
    [TestCase("(a{0}){3}b", "b", true)]
    [TestCase("a]}", "a]}", true)]
    [TestCase("[a-]", "-", true)]
    [TestCase("[^\\s\\S]|a", "a", true)]
    public void Texts_OfAPattern_FitAsAWhole(string pattern, string text, bool expected)
        => Assert.That(ConstraintWalk.Fits(TokenConstraint.FromRegex(Tokenizer, pattern), Tokenizer, text), Is.EqualTo(expected));

    [Test]
    public void Texts_AnyCharacterOfAClass_FitAsInDotNet()
    {
        // All of the basic plane but the surrogates, which .NET sees one by one, and U+0130, which its ECMAScript \w wrongly holds.
        string[] classes = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", ".", "[^a-zà-ÿ]", "[\\d\\sx-z]", "[^\\w\\u3040-\\u30ff]"];
        foreach (var pattern in classes)
        {
            var constraint = TokenConstraint.FromRegex(Tokenizer, pattern);
            var regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.ECMAScript);
            var wrong = Enumerable.Range(0, 0x10000)
                .Where(code => !char.IsSurrogate((char)code) && code != 0x130)
                .Select(code => ((char)code).ToString())
                .Where(text => ConstraintWalk.Fits(constraint, Tokenizer, text) != regex.IsMatch(text));
            Assert.That(wrong, Is.Empty, pattern);
        }
    }

    // Patterns of a small alphabet, so that texts hit and miss. .NET's engine is the reference, the one that does not overflow on loops of nothing.
    [Test]
    public void Texts_OfRandomPatterns_FitAsInDotNet()
    {
        var text = Gen.String[Choice.Of('a', 'b', 'c', '\n', 'é'), 0, 7];
        Gen.Select(Patterns(depth: 3), text.Array[30]).Sample(
            (pattern, texts) =>
            {
                var constraint = TokenConstraint.FromRegex(Tokenizer, pattern);
                var regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
                return texts.All(candidate => ConstraintWalk.Fits(constraint, Tokenizer, candidate) == regex.IsMatch(candidate));
            },
            iter: 2_000);
    }

    [TestCase(@"[a-e]{2,5}(?: [0-9]+)?")]
    [TestCase(@"(?:ab|abc|abcd)+")]
    [TestCase(@"\d{4}-(?:0[1-9]|1[0-2])-[0-3]\d")]
    [TestCase(@"-?(?:0|[1-9]\d{0,6})(?:\.\d{1,3})?")]
    [TestCase(@"[^\x00-\x7f]{1,4}", Description = "characters that are pieces, and characters of several byte tokens")]
    [TestCase(@".{0,12}")]
    [TestCase(@"\{""name"": ""[a-zé]{1,8}""\}")]
    public void Sample_OfAPattern_Matches(string pattern)
    {
        var constraint = TokenConstraint.FromRegex(Tokenizer, pattern);
        // Surrogate pairs are one character here and two in .NET: what stands for one character there takes a pair as well.
        var regex = new Regex($@"\A(?:{pattern.Replace(@"[^\x00-\x7f]", @"(?:[\ud800-\udbff][\udc00-\udfff]|[^\x00-\x7f])", StringComparison.Ordinal).Replace(".{", @"(?:[\ud800-\udbff][\udc00-\udfff]|.){", StringComparison.Ordinal)})\z");
        var random = new Random(7);
        for (var run = 0; run < 200; run++)
            Assert.That(ConstraintWalk.Sample(constraint, Tokenizer, random), Does.Match(regex));
    }

    [TestCase("ab)", 2, "no group is open")]
    [TestCase("a(b", 1, "group is not closed")]
    [TestCase("a[b", 1, "class is not closed")]
    [TestCase("[]", 1, "at least one character")]
    [TestCase("[b-a]", 1, "reverse order")]
    [TestCase("[\\d-a]", 1, "one character on each side")]
    [TestCase("[a-z-[b]]", 5, "classes within classes")]
    [TestCase("[[:alpha:]]", 1, "classes within classes")]
    [TestCase("*a", 0, "nothing to repeat")]
    [TestCase("a**", 2, "nothing to repeat")]
    [TestCase("a++", 2, "nothing to repeat")]
    [TestCase("a{2}{3}", 4, "nothing to repeat")]
    [TestCase("{", 0, "nothing to repeat")]
    [TestCase("a{,2}", 1, "expected a count")]
    [TestCase("a{2", 1, "expected a count")]
    [TestCase("a{3,2}", 1, "reverse order")]
    [TestCase("a{99999999999}", 2, "count is larger")]
    [TestCase("a^b", 1, "^ and $")]
    [TestCase("a$b", 1, "^ and $")]
    [TestCase("(^a)", 1, "^ and $")]
    [TestCase("(a$)", 2, "^ and $")]
    [TestCase("(?=a)", 0, "(?: )")]
    [TestCase("(?<!a)", 0, "(?: )")]
    [TestCase("(?i)a", 0, "(?: )")]
    [TestCase("a(?<n>b)", 1, "(?: )")]
    [TestCase(@"(a)\1", 3, "backreferences")]
    [TestCase(@"a\b", 1, "word boundaries")]
    [TestCase(@"\p{L}", 0, "Unicode categories")]
    [TestCase(@"\q", 0, @"the escape \q")]
    [TestCase(@"a\", 2, "ends too early")]
    [TestCase(@"\x4", 2, "2 hexadecimal digits")]
    [TestCase(@"\ud83d\ude00", 2, "no Unicode character")]
    [TestCase(@"\u{110000}", 3, "no Unicode character")]
    public void FromRegex_UnsupportedPattern_NamesThePosition(string pattern, int position, string problem)
    {
        var fault = Assert.Throws<ConstraintException>(() => TokenConstraint.FromRegex(Tokenizer, pattern));
        Assert.That(fault.Location, Is.EqualTo($"regular expression, position {position}"));
        Assert.That(fault.Message, Does.StartWith(fault.Location!).And.Contains(problem));
    }

    [Test]
    public void FromRegex_HalfOfASurrogatePair_NamesThePosition() // an attribute cannot hold such a text
        => FromRegex_UnsupportedPattern_NamesThePosition("a\ud83d", position: 1, "surrogate");

    [TestCase(@"a[^\s\S]")]
    [TestCase(@"[^\s\S]+")]
    public void FromRegex_PatternThatMatchesNothing_IsRefused(string pattern)
        => Assert.That(() => TokenConstraint.FromRegex(Tokenizer, pattern), Throws.TypeOf<ConstraintException>().With.Message.Contains("no text fits"));

    private static Gen<string> Patterns(int depth)
    {
        var atoms = Choice.Of("a", "b", "c", "é", ".", "[ab]", "[^a]", "\\n", "[^\\n-b]", "");
        if (depth == 0)
            return atoms;
        var inner = Patterns(depth - 1);
        return Gen.OneOf(
            atoms,
            Gen.Select(inner, inner, (left, right) => left + right),
            Gen.Select(inner, inner, (left, right) => $"(?:{left}|{right})"),
            Gen.Select(inner, Choice.Of("*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*?", "+?"), (body, count) => $"({body}){count}"));
    }
}

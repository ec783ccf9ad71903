using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>Constraints over the real vocabulary of 256,000 tokens.</summary>
public sealed class Gemma2ConstraintTests
{
    private const string DatePattern = "[A-Z][a-z]{2,8} [0-9]{1,2}, [0-9]{4}";

    [Test]
    public void Sample_OfAPattern_Matches()
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        var constraint = TokenConstraint.FromRegex(tokenizer, DatePattern);
        var random = new Random(47);
        for (var run = 0; run < 200; run++)
            Assert.That(ConstraintWalk.Sample(constraint, tokenizer, random), Does.Match($"\\A{DatePattern}\\z"));
    }

    [Test]
    public void Sample_OfARealisticSchema_IsValid()
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        var constraint = TokenConstraint.FromJsonSchema(tokenizer, PersonSchema.Text);
        var random = new Random(53);
        for (var run = 0; run < 200; run++)
            PersonSchema.Check(ConstraintWalk.Sample(constraint, tokenizer, random));
    }

    [Test]
    public void Sample_OfAnyJson_IsJson()
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        var constraint = TokenConstraint.FromJsonSchema(tokenizer, "{}", new() { MaxStringLength = 6 });
        var random = new Random(59);
        for (var run = 0; run < 200; run++)
        {
            var text = ConstraintWalk.Sample(constraint, tokenizer, random);
            Assert.That(() => JsonDocument.Parse(text).Dispose(), Throws.Nothing, text);
        }
    }

    // A model that knows its answer: the tokens of a valid text are never forbidden, and the text is as the tokenizer itself would write it.
    [Test]
    public void TryAdvance_TokensOfAValidText_AreAllowed()
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        const string Text = """{"id": "01234567-89ab-cdef-0123-456789abcdef","name": "Zoë \"日本\" 😀\n","age": 42, "height": 1.75e0,"role": "guest \"x\"","tags": ["a b", ""], "parent": {"name": "Ann", "parent": {"name": "x"}}}""";
        var matcher = TokenConstraint.FromJsonSchema(tokenizer, PersonSchema.Text).Start();
        var ids = tokenizer.Encode(Text, addBos: false);
        Assert.That(ids.TakeWhile(matcher.TryAdvance).Count(), Is.EqualTo(ids.Length));
        Assert.That(matcher.IsAccepting, Is.True);
        PersonSchema.Check(Text);
    }

    private static IEnumerable<TestCaseData> Kinds =>
    [
        new TestCaseData((T5GemmaTokenizer tokenizer) => TokenConstraint.FromRegex(tokenizer, "(?:" + DatePattern + ")?")).SetName("Step_RealVocabulary_CostsLittle(regex)"),
        new TestCaseData((T5GemmaTokenizer tokenizer) => TokenConstraint.FromRegex(tokenizer, "[^\"]*(?:\"|\\.)")).SetName("Step_RealVocabulary_CostsLittle(regex of almost anything)"),
        new TestCaseData((T5GemmaTokenizer tokenizer) => TokenConstraint.FromChoices(tokenizer, Enumerable.Range(0, 1_000).Select(index => $"label {index}")))
            .SetName("Step_RealVocabulary_CostsLittle(choices)"),
        new TestCaseData((T5GemmaTokenizer tokenizer) => TokenConstraint.FromJsonSchema(tokenizer, PersonSchema.Text, new() { MaxStringLength = 30 }))
            .SetName("Step_RealVocabulary_CostsLittle(schema)"),
    ];

    [TestCaseSource(nameof(Kinds))]
    public void Step_RealVocabulary_CostsLittle(Func<T5GemmaTokenizer, TokenConstraint> compile)
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        var watch = Stopwatch.StartNew();
        TokenConstraint.FromChoices(tokenizer, ["x"]).Start().GetAllowedIds();
        var tree = watch.Elapsed;
        watch.Restart();
        var constraint = compile(tokenizer);
        var compilation = watch.Elapsed;

        using var scores = torch.zeros(1, 256_000);
        TokenConstraint.FromRegex(tokenizer, "warm-up").CreateProcessor(promptLength: 0, [1]).Process(torch.zeros([1, 0], dtype: ScalarType.Int64), scores).zero_();
        var rows = new List<long[]>();
        var random = new Random(61);
        var first = new List<double>();
        for (var run = 0; run < 5; run++)
        {
            var (matcher, processor) = (constraint.Start(), constraint.CreateProcessor(promptLength: 1, [1]));
            for (var row = new[] { 2L }; row.Length < 60; row = [.. row, Pick(matcher, random)])
            {
                rows.Add(row);
                first.Add(Time(processor, row, scores));
                if (matcher.GetAllowedIds().Count == 0)
                    break;
            }
        }

        var again = constraint.CreateProcessor(promptLength: 1, [1]);
        var known = rows.Select(row => Time(again, row, scores)).ToList();
        TestContext.Out.WriteLine($"tree of the vocabulary, if it was not there: {tree.TotalMilliseconds:F0} ms; compilation: {compilation.TotalMilliseconds:F1} ms; {rows.Count} steps, first: {Summary(first)}; again: {Summary(known)}");
        Assert.That(known.Order().ElementAt(known.Count / 2), Is.LessThan(100), "milliseconds; about 1 here");
    }

    private static long Pick(ConstraintMatcher matcher, Random random)
    {
        var allowed = matcher.GetAllowedIds();
        var id = allowed[random.Next(allowed.Count)];
        matcher.TryAdvance(id);
        return id;
    }

    private static double Time(LogitsProcessor processor, long[] row, Tensor scores)
    {
        using var ids = torch.tensor(row, [1, row.Length]);
        scores.zero_(); // the processor has ruled out tokens of the last state in place
        var start = Stopwatch.GetTimestamp();
        processor.Process(ids, scores);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static string Summary(List<double> milliseconds)
        => $"median {milliseconds.Order().ElementAt(milliseconds.Count / 2):F2} ms, mean {milliseconds.Average():F2} ms, greatest {milliseconds.Max():F1} ms";
}

using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>Patterns, choices and schemas that are meant to cost too much end in an error that says so, or soon.</summary>
public sealed class HostileConstraintTests
{
    private const int MaxSeconds = 20; // each takes well under a second here

    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    private static IEnumerable<TestCaseData> TooLarge =>
    [
        new TestCaseData("(a{1,1000}){1,1000}", "states").SetName("nested counts"),
        new TestCaseData("((a{0,99}){0,99}){0,99}", "states").SetName("nested counts from zero"),
        new TestCaseData("a{2000000000}", "states").SetName("large count"),
        new TestCaseData("(a|){2000000000}", "states").SetName("large count of a body that may be empty"),
        new TestCaseData("(((((.{9}){9}){9}){9}){9}){9}", "states").SetName("many small counts"),
        new TestCaseData(new string('(', 100_000) + new string(')', 100_000), "nested deeper").SetName("many groups inside one another"),
        new TestCaseData(string.Concat(Enumerable.Repeat("(?:a|", 100_000)), "nested deeper").SetName("many open groups"),
        new TestCaseData(new string('a', 1_000_000), "states").SetName("long literal"),
        new TestCaseData(new string('[', 1_000_000), "classes within classes").SetName("many brackets"),
    ];

    [TestCaseSource(nameof(TooLarge))]
    public void FromRegex_TooLarge_IsNamed(string pattern, string problem)
        => Timed(() => Assert.That(() => TokenConstraint.FromRegex(Tokenizer, pattern), Throws.TypeOf<ConstraintException>().With.Message.Contains(problem).And.Message.Length.LessThan(500)));

    [TestCase("((((((a*)*)*)*)*)*)*b")]
    [TestCase("(a?){1000}a{1000}")]
    [TestCase("((){100000}){100000}")]
    [TestCase("(|a)*(|a)*(|a)*(|a)*b")]
    [TestCase("(?:a|b)*a(?:a|b){200}", Description = "two to the power of 200 states, were they all made")]
    [TestCase("(?:.?){2000}")]
    [TestCase("(?:a|a|a|a|a|a|a|a)*b")]
    public void Steps_OfACostlyPattern_EndSoon(string pattern) => Timed(() =>
    {
        var constraint = TokenConstraint.FromRegex(Tokenizer, pattern);
        var matcher = constraint.Start();
        var random = new Random(41);
        for (var step = 0; step < 60 && matcher.GetAllowedIds() is { Count: > 0 } allowed; step++)
            matcher.TryAdvance(allowed[random.Next(allowed.Count)]);
    });

    [Test]
    public void FromChoices_MegabytesOfChoices_EndSoon() => Timed(() =>
    {
        string[] many = [.. Enumerable.Range(0, 60_000).Select(index => $"choice number {index * 7919}")]; // 1.3 MB
        var constraint = TokenConstraint.FromChoices(Tokenizer, many);
        Assert.That(ConstraintWalk.Fits(constraint, Tokenizer, many[12_345]), Is.True);
        Assert.That(many, Does.Contain(ConstraintWalk.Sample(constraint, Tokenizer, new Random(43))));

        var longText = new string('b', 1_000_000);
        var single = TokenConstraint.FromChoices(Tokenizer, [longText, longText + "c"]);
        Assert.That(single.Start().GetAllowedIds(), Is.Not.Empty);
    });

    private static IEnumerable<TestCaseData> TooLargeSchemas =>
    [
        new TestCaseData(string.Concat(Enumerable.Repeat("{\"items\":", 100_000)), "not JSON").SetName("many schemas inside one another"),
        new TestCaseData("""{"maxLength":2000000000}""", "states").SetName("long string"),
        new TestCaseData("""{"items":{"type":"integer"},"minItems":2000000000}""", "states").SetName("long array"),
        new TestCaseData("""{"items":{"items":{"items":{},"maxItems":99},"maxItems":99},"maxItems":99}""", "states").SetName("nested counts of items"),
        new TestCaseData(Chain(500), "nested deeper").SetName("many references in a chain"),
        new TestCaseData("""{"anyOf":[{"$ref":"#/$defs/b"}],"$defs":{"b":{"prefixItems":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]}}}""", "more than 100000 parts").SetName("many references to itself"),
    ];

    [TestCaseSource(nameof(TooLargeSchemas))]
    public void FromJsonSchema_TooLarge_IsNamed(string schema, string problem)
        => Timed(() => Assert.That(() => TokenConstraint.FromJsonSchema(Tokenizer, schema, new() { MaxRecursion = 12 }), Throws.TypeOf<ConstraintException>().With.Message.Contains(problem).And.Message.Length.LessThan(500)));

    [Test]
    public void FromJsonSchema_DeepFreeForm_IsNamed()
        => Timed(() => Assert.That(() => TokenConstraint.FromJsonSchema(Tokenizer, "{}", new() { MaxFreeFormDepth = 64 }), Throws.TypeOf<ConstraintException>().With.Message.Contains("states")));

    [Test]
    public void FromJsonSchema_ManyProperties_EndSoon() => Timed(() =>
    {
        var properties = string.Join(',', Enumerable.Range(0, 2_000).Select(index => $$"""
            "property{{index}}":{"type":"boolean"}
            """));
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, "{\"properties\":{" + properties + "}}");
        Assert.That(ConstraintWalk.Fits(constraint, Tokenizer, """{"property0":true,"property1999":false}"""), Is.True);
        Assert.That(constraint.Start().GetAllowedIds(), Is.Not.Empty);
    });

    [Test]
    public void FromJsonSchema_OnASmallStack_DoesNotOverflowIt()
    {
        // As many schemas inside one another as are accepted, by references, and in the last one the deepest pattern; the usual stack is three times as large at least.
        var pattern = new string('(', 200) + "a" + new string(')', 200);
        var definitions = Enumerable.Range(0, 95).Select(index => $$$"""
            "r{{{index}}}":{"properties":{"p":{"$ref":"#/$defs/r{{{index + 1}}}"}},"required":["p"]}
            """);
        var schema = """{"$ref":"#/$defs/r0","$defs":{"r95":{"pattern":""" + '"' + pattern + "\"}," + string.Join(',', definitions) + "}}";
        TokenConstraint? constraint = null;
        var thread = new Thread(() => constraint = TokenConstraint.FromJsonSchema(Tokenizer, schema), maxStackSize: 512 * 1024);
        thread.Start();
        thread.Join();
        Assert.That(constraint, Is.Not.Null);
    }

    private static string Chain(int length)
    {
        var references = Enumerable.Range(0, length).Select(index => $$"""
            "r{{index}}":{"$ref":"#/$defs/r{{index + 1}}"}
            """);
        return $$"""{"$ref":"#/$defs/r0","$defs":{"r{{length}}":{},""" + string.Join(',', references) + "}}";
    }

    private static void Timed(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        TestContext.Out.WriteLine($"{watch.ElapsedMilliseconds} ms");
        Assert.That(watch.Elapsed.TotalSeconds, Is.LessThan(MaxSeconds));
    }
}

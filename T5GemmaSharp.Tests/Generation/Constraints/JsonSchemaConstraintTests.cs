using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class JsonSchemaConstraintTests
{
    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    [TestCase("""{"type":"string"}""", """ "" | "a b" | "é日😀" | "\"\\\n\u0001" """, """ "\u0041" | "\/" | "a | 1 | "a" "b" """)]
    [TestCase("""{"type":"string","minLength":2,"maxLength":3}""", """ "ab" | "😀é" | "\"\n\\" """, """ "a" | "abcd" | "😀" """)]
    [TestCase("""{"type":"string","pattern":"^a+$"}""", """ "a" | "aaa" """, """ "" | "ab" | "ba" """)]
    [TestCase("""{"type":"string","pattern":"a+"}""", """ "a" | "xay" """, """ "" | "xy" """)]
    [TestCase("""{"type":"string","pattern":"^a|b$"}""", """ "ax" | "xb" """, """ "xa" | "bx" """)]
    [TestCase("""{"type":"string","pattern":"^[\"\\\\\\n]{2}$"}""", """ "\"\\" | "\n\n" """, """ "\"" | "nn" """)]
    [TestCase("""{"type":"string","format":"date"}""", """ "2024-02-29" | "2000-02-29" | "0001-12-31" """, """ "2023-02-29" | "1900-02-29" | "2024-04-31" | "0000-01-01" | "2024-13-01" """)]
    [TestCase("""{"type":"string","format":"time"}""", """ "23:59:59Z" | "00:00:00.125+02:00" """, """ "24:00:00Z" | "00:60:00Z" | "00:00:00" | "00:00:00+15:00" """)]
    [TestCase("""{"type":"string","format":"date-time"}""", """ "2024-02-29T00:00:00Z" """, """ "2024-02-29 00:00:00Z" | "2024-02-29" """)]
    [TestCase("""{"type":"string","format":"uuid"}""", """ "01234567-89ab-cdef-0123-456789abcdef" """, """ "0123456789abcdef0123456789abcdef" | "01234567-89ab-cdef-0123-456789abcdeg" """)]
    [TestCase("""{"type":"boolean"}""", "true|false", "True|1")]
    [TestCase("""{"type":"null"}""", "null", "none")]
    [TestCase("""{"type":["null","boolean"]}""", "null|true", "0")]
    [TestCase("""{"type":"number"}""", "0|-0|1.5|-12.25e-3|1E5", "01|.5|1.|+1|1e|NaN|--1")]
    [TestCase("""{"type":"integer"}""", "0|-1|120|999999999999999999", "01|-0|1.0|1e3|1000000000000000000")]
    [TestCase("""{"type":"integer","minimum":-5,"maximum":120}""", "-5|-1|0|9|10|99|100|119|120", "-6|121|-50|200|1200")]
    [TestCase("""{"type":"integer","exclusiveMinimum":0.5,"exclusiveMaximum":3}""", "1|2", "0|3")]
    [TestCase("""{"type":"integer","minimum":85}""", "85|90|100|123456", "84|9|0|-90")]
    [TestCase("""{"type":"integer","maximum":-85}""", "-85|-90|-100", "-84|-9|0|90")]
    [TestCase("""{"enum":["a\"b",1,null,[1,{"x":true}]]}""", """ "a\"b" | 1 | null | [1,{"x":true}] | [1, {"x": true}] """, """ "ab" | 2 | [1] """)]
    [TestCase("""{"type":"integer","enum":["a",1,2.5,2.0]}""", "1|2.0", """ "a" | 2.5 """)]
    [TestCase("""{"const":{"a":[]}}""", """ {"a":[]} | {"a": []} """, """ {} | {"a":[1]} """)]
    [TestCase("""{"anyOf":[{"type":"integer"},{"type":"string"}]}""", """ 5 | "5" """, "null")]
    [TestCase("""{"oneOf":[{"const":1},{"const":"x"}]}""", """ 1 | "x" """, "2")]
    [TestCase("""{"anyOf":[false,{"const":1}]}""", "1", "2")]
    [TestCase("true", """ 1 | "x" | {"a":[[]]} | [{"b":{}}] """, """ [[[[]]]] | {"a":[{"b":[]}]} """)]
    [TestCase("{}", """ 1 | [] | {} | [1, "x", {"a": null}] """, "[1,] | {1:2}")]
    [TestCase("""{"type":"object"}""", """ {} | {"a":1,"a":[2]} """, "[] | 1")]
    [TestCase("""{"type":"array"}""", """ [] | [[[]]] """, "[[[[]]]] | {}")]
    public void Texts_OfASchema_FitOrNot(string schema, string fitting, string others)
    {
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, schema);
        using (Assert.EnterMultipleScope())
        {
            foreach (var text in Split(fitting))
                Assert.That(ConstraintWalk.Fits(constraint, Tokenizer, text), Is.True, text);
            foreach (var text in Split(others))
                Assert.That(ConstraintWalk.Fits(constraint, Tokenizer, text), Is.False, text);
        }
    }

    [TestCase("""{"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}""",
        """ {"b":2} | {"a":1,"b":2} | {"b":2,"c":3} | {"a":1, "b": 2,"c":3} """, """ {} | {"a":1} | {"b":2,"a":1} | {"b":2,} | {"a":1 ,"b":2} | {"b":2,"d":1} | {"a":1"b":2} """)]
    [TestCase("""{"properties":{"a":{"const":1},"b":{"const":2}}}""", """ {} | {"a":1} | {"b":2} | {"a":1,"b":2} """, """ {,"b":2} | {"b":2,"b":2} """)]
    [TestCase("""{"type":"object","properties":{}}""", "{}", """ {"a":1} """)]
    [TestCase("""{"properties":{"a\"\n":{"const":1}},"required":["a\"\n"]}""", """ {"a\"\n":1} """, "{}")]
    [TestCase("""{"properties":{"a":{"const":1},"ab":{"const":2}},"required":["a"],"additionalProperties":{"type":"boolean"}}""",
        """ {"a":1} | {"a":1,"ab":2,"b":true} | {"a":1,"abc":false,"":true} | {"a":1,"é":true,"x\"":false} """, """ {"a":true} | {"a":1,"ab":true} | {"b":true} | {"a":1,"b":2} """)]
    [TestCase("""{"additionalProperties":{"type":"integer"}}""", """ {} | {"x":1,"y":2} """, """ {"x":"1"} """)]
    [TestCase("""{"properties":{"a":{}},"additionalProperties":false}""", """ {} | {"a":[{}]} """, """ {"b":1} """)]
    [TestCase("""{"properties":{"a":false,"b":{"const":2}}}""", """ {} | {"b":2} """, """ {"a":1} """)]
    [TestCase("""{"items":{"type":"integer"}}""", "[] | [1] | [1,2, 3]", "[1,] | [\"a\"] | [1 2]")]
    [TestCase("""{"items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2] | [1,2,3]", "[] | [1] | [1,2,3,4]")]
    [TestCase("""{"items":{"type":"integer"},"minItems":2}""", "[1,2] | [1,2,3,4,5]", "[] | [1]")]
    [TestCase("""{"items":{"type":"integer"},"maxItems":0}""", "[]", "[1]")]
    [TestCase("""{"items":false}""", "[]", "[1]")]
    [TestCase("""{"prefixItems":[{"type":"integer"},{"type":"boolean"}]}""", "[] | [1] | [1,true]", "[true] | [1,true,2]")]
    [TestCase("""{"prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":{"type":"null"},"minItems":1,"maxItems":4}""", "[1] | [1,true,null] | [1,true,null,null]", "[] | [1,null] | [1,true,null,null,null]")]
    [TestCase("""{"prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":false,"minItems":2}""", "[1,true]", "[1] | [1,true,1]")]
    [TestCase("""{"prefixItems":[{"const":1},{"const":2}],"maxItems":1}""", "[] | [1]", "[1,2]")]
    [TestCase("""{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"integer"}}}""", "1", "\"x\"")]
    [TestCase("""{"properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["v","next"]}""",
        """ {"v":1,"next":null} | {"v":1,"next":{"v":2,"next":null}} """, """ {"v":1} | {"v":1,"next":{"v":2}} """)]
    public void Texts_OfASchemaWithParts_FitOrNot(string schema, string fitting, string others) => Texts_OfASchema_FitOrNot(schema, fitting, others);

    [Test]
    public void Texts_IntegersOfEveryRange_FitIfTheyLieWithin()
    {
        var random = new Random(5);
        for (var run = 0; run < 60; run++)
        {
            var first = random.Next(-1_200, 1_200);
            var last = first + random.Next(0, 1_000);
            var constraint = TokenConstraint.FromJsonSchema(Tokenizer, $$"""{"type":"integer","minimum":{{first}},"maximum":{{last}}}""");
            var wrong = Enumerable.Range(-2_500, 5_000).Where(value => ConstraintWalk.Fits(constraint, Tokenizer, value.ToString(CultureInfo.InvariantCulture)) != (first <= value && value <= last));
            Assert.That(wrong, Is.Empty, $"{first} to {last}");
        }
    }

    [Test]
    public void Options_Whitespace_SaysWhereSpacesStand()
    {
        const string Schema = """{"items":{"additionalProperties":{"const":1}}}""";
        var compact = TokenConstraint.FromJsonSchema(Tokenizer, Schema, new() { Whitespace = JsonWhitespace.None });
        var spaced = TokenConstraint.FromJsonSchema(Tokenizer, Schema);
        const string Tight = """[{"a":1,"b":1},{}]""";
        const string Loose = """[{"a": 1, "b": 1}, {}]""";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ConstraintWalk.Fits(compact, Tokenizer, Tight), Is.True);
            Assert.That(ConstraintWalk.Fits(compact, Tokenizer, Loose), Is.False);
            Assert.That(ConstraintWalk.Fits(spaced, Tokenizer, Tight), Is.True);
            Assert.That(ConstraintWalk.Fits(spaced, Tokenizer, Loose), Is.True);
            Assert.That(ConstraintWalk.Fits(spaced, Tokenizer, "[{\"a\":  1}]"), Is.False);
            Assert.That(ConstraintWalk.Fits(spaced, Tokenizer, "[ {}]"), Is.False);
        }
    }

    [Test]
    public void Options_Limits_BoundDepthRecursionAndStrings()
    {
        const string List = """{"properties":{"next":{"$ref":"#"}}}""";
        var flat = TokenConstraint.FromJsonSchema(Tokenizer, "{}", new() { MaxFreeFormDepth = 1, MaxStringLength = 2 });
        var once = TokenConstraint.FromJsonSchema(Tokenizer, List, new() { MaxRecursion = 0 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ConstraintWalk.Fits(flat, Tokenizer, """{"ab":"é😀"}"""), Is.True);
            Assert.That(ConstraintWalk.Fits(flat, Tokenizer, """{"abc":1}"""), Is.False);
            Assert.That(ConstraintWalk.Fits(flat, Tokenizer, "[\"abc\"]"), Is.False);
            Assert.That(ConstraintWalk.Fits(flat, Tokenizer, "[[]]"), Is.False);
            Assert.That(ConstraintWalk.Fits(once, Tokenizer, """{"next":{}}"""), Is.True);
            Assert.That(ConstraintWalk.Fits(once, Tokenizer, """{"next":{"next":{}}}"""), Is.False);
        }
    }

    [TestCase("true")]
    [TestCase("""{"type":"object","additionalProperties":{"type":["string","number"]}}""")]
    [TestCase("""{"items":{"properties":{"name":{"type":"string"},"tags":{"items":{"enum":["a","b\"c",3]},"maxItems":3},"n":{"type":"number"}},"required":["name"]}}""")]
    public void Sample_WithoutLimits_IsJson(string schema)
    {
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, schema);
        var random = new Random(11);
        for (var run = 0; run < 200; run++)
        {
            var text = ConstraintWalk.Sample(constraint, Tokenizer, random);
            Assert.That(() => JsonDocument.Parse(text).Dispose(), Throws.Nothing, text);
        }
    }

    [Test]
    public void Sample_OfARealisticSchema_IsValid()
    {
        var constraint = TokenConstraint.FromJsonSchema(Tokenizer, PersonSchema.Text);
        var random = new Random(13);
        for (var run = 0; run < 200; run++)
            PersonSchema.Check(ConstraintWalk.Sample(constraint, Tokenizer, random));
    }

    private static IEnumerable<string> Split(string texts) => texts.Split('|').Select(text => text.Trim(' ')).Where(text => text.Length > 0);
}

using NUnit.Framework;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class JsonSchemaRefusalTests
{
    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    [TestCase("""{"type":"array","uniqueItems":true}""", "#", "uniqueItems")]
    [TestCase("""{"properties":{"a/b":{"properties":{"c":{"multipleOf":2}}}}}""", "#/properties/a~1b/properties/c", "multipleOf")]
    [TestCase("""{"patternProperties":{}}""", "#", "patternProperties")]
    [TestCase("""{"allOf":[{}]}""", "#", "allOf")]
    [TestCase("""{"nullable":true}""", "#", "nullable")]
    [TestCase("""{"items":{"type":"strin"}}""", "#/items/type", "strin")]
    [TestCase("""{"type":[]}""", "#/type", "at least one")]
    [TestCase("""{"type":5}""", "#/type", "expected a string")]
    [TestCase("""{"type":"number","minimum":1}""", "#", "minimum")]
    [TestCase("""{"type":["integer","number"],"minimum":1}""", "#", "minimum is supported for integers")]
    [TestCase("""{"type":"integer","minLength":1}""", "#", "minLength is supported for the type string")]
    [TestCase("""{"minLength":1,"items":{}}""", "#", "several types")]
    [TestCase("""{"type":"integer","minimum":5,"maximum":4}""", "#", "no integer")]
    [TestCase("""{"type":"integer","minimum":"5"}""", "#/minimum", "expected a number")]
    [TestCase("""{"type":"integer","minimum":1e400}""", "#/minimum", "expected a number")]
    [TestCase("""{"type":"integer","minimum":1e20}""", "#", "no integer")]
    [TestCase("""{"minLength":-1}""", "#/minLength", "expected an integer")]
    [TestCase("""{"maxLength":1.5}""", "#/maxLength", "expected an integer")]
    [TestCase("""{"minLength":3,"maxLength":2}""", "#", "greater than maxLength")]
    [TestCase("""{"minItems":3,"maxItems":2}""", "#", "greater than maxItems")]
    [TestCase("""{"pattern":"a","maxLength":2}""", "#", "maxLength beside pattern")]
    [TestCase("""{"format":"date","pattern":"a"}""", "#", "format beside pattern")]
    [TestCase("""{"format":"email"}""", "#/format", "email")]
    [TestCase("""{"items":{"pattern":"a(?=b)"}}""", "#/items/pattern, position 1", "(?: )")]
    [TestCase("""{"required":["b"],"properties":{"a":{}}}""", "#/required/0", "not among the properties")]
    [TestCase("""{"required":"a"}""", "#/required", "expected an array")]
    [TestCase("""{"properties":[]}""", "#/properties", "expected an object")]
    [TestCase("""{"properties":{"a":5}}""", "#/properties/a", "expected a schema")]
    [TestCase("""{"anyOf":[{}],"type":"string"}""", "#", "type beside anyOf")]
    [TestCase("""{"anyOf":[{}],"oneOf":[{}]}""", "#", "oneOf beside anyOf")]
    [TestCase("""{"anyOf":[]}""", "#/anyOf", "at least one")]
    [TestCase("""{"enum":[]}""", "#/enum", "at least one")]
    [TestCase("""{"enum":["a"],"type":"integer"}""", "#/enum", "no value has the type integer")]
    [TestCase("""{"enum":["a"],"minLength":1}""", "#", "minLength beside enum")]
    [TestCase("""{"$ref":"#/$defs/a"}""", "#/$ref", "there is no #/$defs/a")]
    [TestCase("""{"$ref":"other.json"}""", "#/$ref", "within the schema")]
    [TestCase("""{"$ref":"#","type":"string"}""", "#", "type beside $ref")]
    [TestCase("""{"$ref":"#"}""", "#", "no value fits")]
    [TestCase("""{"properties":{"a":{"$ref":"#"}},"required":["a"]}""", "#", "no value fits")]
    [TestCase("false", "#", "no value fits")]
    [TestCase("5", "#", "expected a schema")]
    public void FromJsonSchema_UnsupportedSchema_NamesThePlace(string schema, string path, string problem)
    {
        var fault = Assert.Throws<ConstraintException>(() => TokenConstraint.FromJsonSchema(Tokenizer, schema));
        Assert.That(fault.Location, Is.EqualTo($"schema, {path}"));
        Assert.That(fault.Message, Does.Contain(problem));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("""{"type":"string","type":"integer"}""")]
    [TestCase("""{"const":"\ud800"}""")]
    [TestCase("""{"properties":{"\udc00":{}}}""")]
    public void FromJsonSchema_BrokenJson_IsNamed(string schema)
        => Assert.That(() => TokenConstraint.FromJsonSchema(Tokenizer, schema), Throws.TypeOf<ConstraintException>().With.Message.StartsWith("schema: "));

    [Test]
    public void FromJsonSchema_OptionsOutOfRange_AreNamed()
    {
        JsonSchemaOptions[] wrong = [new() { MaxFreeFormDepth = -1 }, new() { MaxFreeFormDepth = 65 }, new() { MaxRecursion = -1 }, new() { MaxRecursion = 65 }, new() { MaxStringLength = -1 }, new() { Whitespace = (JsonWhitespace)9 }];
        foreach (var options in wrong)
            Assert.That(() => TokenConstraint.FromJsonSchema(Tokenizer, "{}", options), Throws.InstanceOf<ArgumentOutOfRangeException>(), options.ToString());
        Assert.That(() => TokenConstraint.FromRegex(Tokenizer, "a", new() { MaxStates = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => TokenConstraint.FromRegex(Tokenizer, "a", new() { MaxCacheBytes = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}

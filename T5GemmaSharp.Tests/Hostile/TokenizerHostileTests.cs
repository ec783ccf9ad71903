using System.Diagnostics;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Hostile;

/// <summary>Tokenizer files that are broken or made to do harm: a named exception each, in bounded time and memory.</summary>
public sealed class TokenizerHostileTests
{
    private static readonly byte[] Json = JsonSerializer.SerializeToUtf8Bytes(TinyTokenizer.Json());
    private static readonly byte[] Model = TinyTokenizer.Model().ToBytes();

    private static IEnumerable<TestCaseData> JsonFiles()
    {
        yield return Case("NestedArrays", new string('[', 10_000_000));
        yield return Case("NestedObjects", string.Concat(Enumerable.Repeat("{\"model\":", 1_000_000)));
        yield return Case("NestedMerges", With("\"merges\":[", "\"merges\":" + new string('[', 10_000_000)));
        yield return Case("NestedUnknownField", With("{\"added_tokens\"", "{\"x\":" + new string('[', 10_000_000) + ",\"added_tokens\""));
        yield return Case("MergesOfUnknownPieces", With("\"merges\":[", "\"merges\":[\"qq zz\","));
        yield return Case("MergesThatAreNumbers", With("\"merges\":[", "\"merges\":[7,"));
        yield return Case("MergesOfThree", With("\"merges\":[", "\"merges\":[[\"a\",\"b\",\"c\"],"));
        yield return Case("MergesOfOne", With("\"merges\":[", "\"merges\":[[\"a\"],"));
        yield return Case("MergeOfBytes", With("\"merges\":[", "\"merges\":[\"<0x41> <0x42>\","));
        yield return Case("DuplicateIds", With("\"vocab\":{", "\"vocab\":{\"twin\":3,"));
        yield return Case("DuplicatePieces", With("\"vocab\":{", "\"vocab\":{\"a\":266,"));
        yield return Case("IdBeyondInt32", With("\"vocab\":{", "\"vocab\":{\"far\":4294967296,"));
        yield return Case("IdBeyondInt64", With("\"vocab\":{", "\"vocab\":{\"far\":99999999999999999999999,"));
        yield return Case("IdThatIsAFraction", With("\"vocab\":{", "\"vocab\":{\"half\":0.5,"));
        yield return Case("IdFarAboveTheRest", With("\"vocab\":{", "\"vocab\":{\"far\":16777215,"));
        yield return Case("AddedIdBeyondInt32", With("\"added_tokens\":[", "\"added_tokens\":[{\"id\":2147483648,\"content\":\"x\"},"));
        yield return Case("AddedTokenWithoutContent", With("\"added_tokens\":[", "\"added_tokens\":[{\"id\":5},"));
        yield return Case("LoneSurrogatePiece", With("\"vocab\":{", "\"vocab\":{\"\\ud800\":5,"));
        yield return Case("ModelTwice", With("{\"added_tokens\"", "{\"model\":{},\"added_tokens\""));
        yield return Case("TextBehindTheEnd", Encoding.UTF8.GetString(Json) + "x");
        yield return Case("OnlySpaces", new string(' ', 1_000_000));
        yield return Case("NoJson", "PK\u0003\u0004");
    }

    [TestCaseSource(nameof(JsonFiles))]
    public void FromJson_HostileFile_Throws(string text)
        => AssertRefused(() => T5GemmaTokenizer.FromJson(Encoding.UTF8.GetBytes(text)));

    [Test]
    public void FromJson_InvalidUtf8_Throws()
    {
        var bytes = Encoding.Latin1.GetBytes(With("\"vocab\":{", "\"vocab\":{\"\u00ff\":5,"));
        AssertRefused(() => T5GemmaTokenizer.FromJson(bytes));
    }

    [Test]
    public void FromJson_CutOffAnywhere_Throws()
    {
        for (var length = 0; length < Json.Length; length += 13)
            AssertRefused(() => T5GemmaTokenizer.FromJson(Json[..length]));
    }

    [Test]
    public void FromSentencePiece_CutOffAnywhere_Throws()
    {
        for (var length = 0; length < Model.Length; length++)
            AssertRefused(() => T5GemmaTokenizer.FromSentencePiece(Model[..length], addBos: true, addEos: false));
    }

    [Test]
    public void FromSentencePiece_AnyByteChanged_LoadsOrThrows()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 5000; trial++)
        {
            var damaged = Model.ToArray();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                T5GemmaTokenizer.FromSentencePiece(damaged, addBos: false, addEos: false).Encode("abc <h1>€");
            }
            catch (TokenizerFormatException exception)
            {
                Assert.That(exception.Field, Is.Not.Null);
            }
        }
    }

    [TestCase("FFFFFFFFFFFFFFFFFFFFFF", TestName = "FromSentencePiece_EndlessInteger_Throws")]
    [TestCase("0AFFFFFFFFFFFFFFFF7F", TestName = "FromSentencePiece_LengthBeyondInt64_Throws")]
    [TestCase("0AFFFFFFFF07", TestName = "FromSentencePiece_LengthBeyondTheFile_Throws")]
    [TestCase("0B", TestName = "FromSentencePiece_UnknownWireType_Throws")]
    [TestCase("0801", TestName = "FromSentencePiece_IntegerForAPiece_Throws")]
    [TestCase("0A040A02FF41", TestName = "FromSentencePiece_InvalidUtf8_Throws")]
    [TestCase("1F8B0800", TestName = "FromSentencePiece_OtherFile_Throws")]
    public void FromSentencePiece_HostileBytes_Throws(string hex)
        => AssertRefused(() => T5GemmaTokenizer.FromSentencePiece(Convert.FromHexString(hex), addBos: true, addEos: false));

    [TestCase("""{"added_tokens_decoder":{"x":{"content":"<q>"}}}""")]
    [TestCase("""{"added_tokens_decoder":{"4294967296":{"content":"<q>"}}}""")]
    [TestCase("""{"added_tokens_decoder":{"5":{"content":"<bos>"}}}""")]
    [TestCase("""{"added_tokens_decoder":{"4":{"content":"<mask>","normalized":true}}}""")]
    [TestCase("""{"additional_special_tokens":["<nothing>"]}""")]
    [TestCase("""{"additional_special_tokens":7}""")]
    [TestCase("""{"model_max_length":-1}""")]
    [TestCase("""{"truncation_side":"up"}""")]
    public void FromJson_HostileConfig_Throws(string config)
        => AssertRefused(() => T5GemmaTokenizer.FromJson(Json, Encoding.UTF8.GetBytes(config)));

    private static void AssertRefused(Func<T5GemmaTokenizer> load)
    {
        var watch = Stopwatch.StartNew();
        var before = GC.GetTotalAllocatedBytes();
        Assert.That(() => load(), Throws.TypeOf<TokenizerFormatException>());
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
        Assert.That(GC.GetTotalAllocatedBytes() - before, Is.LessThan(300_000_000));
    }

    private static string With(string anchor, string replacement)
    {
        var text = Encoding.UTF8.GetString(Json);
        Assert.That(text, Does.Contain(anchor));
        return text.Replace(anchor, replacement, StringComparison.Ordinal);
    }

    private static TestCaseData Case(string name, string text) => new TestCaseData(text).SetName($"FromJson_{name}_Throws");
}

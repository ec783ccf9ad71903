using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Tests.Training.Tokenization;

public sealed class JsonLineTextTests
{
    [TestCase("\"\"", "")]
    [TestCase(" \"a b\" \r", "a b")]
    [TestCase("\"é€😀\"", "é€😀")]
    [TestCase("""  "\"\\\/\b\f\n\r\t"  """, "\"\\/\b\f\n\r\t")]
    [TestCase("""  "é\u00e9\u00E9é\ud83d\ude00x"  """, "éééé😀x")]
    [TestCase("""  "\u0000"  """, "\0")]
    public void ReadString_String_GivesItsUnits(string line, string expected)
    {
        var buffer = new char[2];
        var text = JsonLineText.ReadString(Encoding.UTF8.GetBytes(line), ref buffer).ToString();
        Assert.That(text, Is.EqualTo(expected));
    }

    // The compiler stores an attribute's strings as UTF-8, which has no lone surrogates.
    [TestCase("""  "\ud800"  """, new[] { 0xD800 })]
    [TestCase("""  "a\ude00\ud83d\\u00e9"  """, new[] { 'a', 0xDE00, 0xD83D, '\\', 'u', '0', '0', 'e', '9' })]
    [TestCase("""  "\ud83d\ud83d\ude00é"  """, new[] { 0xD83D, 0xD83D, 0xDE00, 0xE9 })]
    public void ReadString_LoneSurrogates_AreKept(string line, int[] expected)
    {
        var buffer = new char[2];
        var text = JsonLineText.ReadString(Encoding.UTF8.GetBytes(line), ref buffer).ToString();
        Assert.That(text.Select(unit => (int)unit), Is.EqualTo(expected));
    }

    [TestCase("", "an empty line")]
    [TestCase("  \r", "an empty line")]
    [TestCase("12", "12")]
    [TestCase("[\"a\"]", "[\"a\"]")]
    [TestCase("\"a\" \"b\"", "\"a\" \"b\"")]
    [TestCase("\"a", "\"a")]
    [TestCase("\"\\x\"", "\"\\x\"")]
    [TestCase("\"\\u12g4\"", "\"\\u12g4\"")]
    [TestCase("\"\\", "\"\\")]
    [TestCase("\"a\tb\"", "\"a\tb\"")]
    [TestCase("'a'", "'a'")]
    [TestCase("a", "a")]
    public void ReadString_SomethingElse_SaysWhatItGot(string line, string got)
    {
        var buffer = new char[2];
        Assert.That(
            () => JsonLineText.ReadString(Encoding.UTF8.GetBytes(line), ref buffer).ToString(),
            Throws.TypeOf<FormatException>().With.Message.StartsWith($"expected a JSON string, got {got}"));
    }

    [TestCase(new byte[] { 0x22, 0xE9, 0x22 })]
    [TestCase(new byte[] { 0x22, 0xED, 0xA0, 0x80, 0x22 })] // a surrogate as UTF-8
    [TestCase(new byte[] { 0x22, 0x5C, 0x6E, 0xFF, 0x22 })] // behind an escape
    public void ReadString_InvalidUtf8_SaysSo(byte[] line)
    {
        var buffer = new char[2];
        Assert.That(() => JsonLineText.ReadString(line, ref buffer).ToString(), Throws.TypeOf<FormatException>().With.Message.Contains("valid UTF-8"));
    }

    [Test]
    public void ReadString_LongLine_ShowsItsStart()
    {
        var buffer = new char[2];
        Assert.That(
            () => JsonLineText.ReadString(Encoding.UTF8.GetBytes(new string('1', 1000)), ref buffer).ToString(),
            Throws.TypeOf<FormatException>().With.Message.EqualTo($"expected a JSON string, got {new string('1', 60)}... (1000 bytes)"));
    }

    [TestCase("[]", new int[0])]
    [TestCase(" [ 1 , 2 ] ", new[] { 1, 2 })]
    [TestCase("[2147483647, 2147483648, -1, -99999999999]", new[] { int.MaxValue, -1, -1, -1 })]
    public void ReadIds_Array_GivesIds(string line, int[] expected)
    {
        List<int> ids = [7];
        JsonLineText.ReadIds(Encoding.UTF8.GetBytes(line), ids);
        Assert.That(ids, Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("\"a\"")]
    [TestCase("{}")]
    [TestCase("[1")]
    [TestCase("[1,]")]
    [TestCase("[1] [2]")]
    [TestCase("[[1]]")]
    [TestCase("[1.5]")]
    [TestCase("[null]")]
    [TestCase("[99999999999999999999]")]
    public void ReadIds_SomethingElse_Throws(string line)
        => Assert.That(() => JsonLineText.ReadIds(Encoding.UTF8.GetBytes(line), []), Throws.TypeOf<FormatException>().With.Message.StartsWith("expected a JSON array of integers"));
}

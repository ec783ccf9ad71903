using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files;

public sealed class KeyMapTests
{
    [Test]
    public void Parse_Entries_GiveKeys()
    {
        var map = KeyMap.Parse(["input=a=b", "target=c"]);
        Assert.That((map.KeyOf("input"), map.KeyOf("target"), map.KeyOf("text")), Is.EqualTo(("a=b", "c", "text")));
    }

    [TestCase("input")]
    [TestCase("=a")]
    [TestCase("input=")]
    public void Parse_AnotherForm_Throws(string entry)
        => Assert.That(() => KeyMap.Parse([entry]), Throws.TypeOf<FormatException>().With.Message.EqualTo($"map: expected field=key, got '{entry}'"));

    [Test]
    public void Parse_FieldTwice_Throws()
        => Assert.That(() => KeyMap.Parse(["input=a", "input=b"]), Throws.TypeOf<FormatException>().With.Message.EqualTo("map: expected each field once, got input twice"));

    [Test]
    public void Read_FieldOfAnotherTask_Throws()
        => Assert.That(
            () => DataReader.Read(["none.jsonl"], RowFormats.Pairs, new DataFileOptions { Map = KeyMap.Parse(["text=a"]) }),
            Throws.ArgumentException.With.Message.EqualTo("map: expected one of the fields input, target, got text"));
}

using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files.Rows;

public sealed class LabelledTextRowsTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("""{"text":"a","label":3}""", null)]
    [TestCase("""{"sentence":"a","label":3}""", null)]
    [TestCase("""{"sentence1":"a","sentence2":"b","label":3}""", "b")]
    [TestCase("""{"premise":"a","hypothesis":"b","label":3}""", "b")]
    [TestCase("""{"question":"a","passage":"b","label":3}""", "b")]
    public void Read_EveryKeyMap_GivesTheTexts(string json, string? second)
        => Assert.That(_folder.ReadRow(RowFormats.LabelledTexts, json), Is.EqualTo(new LabelledTextRow("a", second, RowLabel.Of(3))));

    [TestCase("""{"sentence":"x","text":"a","label":3}""", null)]
    [TestCase("""{"sentence1":"x","sentence2":"y","sentence":"a","label":3}""", null)]
    [TestCase("""{"premise":"x","hypothesis":"y","sentence1":"a","sentence2":"b","label":3}""", "b")]
    [TestCase("""{"question":"x","passage":"y","premise":"a","hypothesis":"b","label":3}""", "b")]
    public void Read_SeveralMaps_TakesTheFirst(string json, string? second)
        => Assert.That(_folder.ReadRow(RowFormats.LabelledTexts, json), Is.EqualTo(new LabelledTextRow("a", second, RowLabel.Of(3))));

    [TestCase("""{"text":"x","body":"a","label":3}""", null, "text=body")]
    [TestCase("""{"text":"a","reply":"b","class":3}""", "b", "second_text=reply", "label=class")]
    [TestCase("""{"text":"a","label":0,"class":3}""", null, "label=class")]
    public void Read_MappedKeys_ComeFirst(string json, string? second, params string[] map)
        => Assert.That(_folder.ReadRow(RowFormats.LabelledTexts, json, map), Is.EqualTo(new LabelledTextRow("a", second, RowLabel.Of(3))));

    [Test]
    public void Read_EveryKindOfLabel_IsTold()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Label("-1"), Is.EqualTo(RowLabel.Of(-1)));
            Assert.That(Label("\"good\""), Is.EqualTo(RowLabel.Of("good")));
            Assert.That(Label("1.0"), Is.EqualTo(RowLabel.Of(1f)));
            Assert.That(Label("25e-2"), Is.EqualTo(RowLabel.Of(0.25f)));
            Assert.That(Label("[]").Classes, Is.Empty);
            Assert.That(Label("[2,\"b\"]").Classes, Is.EqualTo(new[] { RowLabel.Of(2), RowLabel.Of("b") }));
        });

        RowLabel Label(string json) => _folder.ReadRow(RowFormats.LabelledTexts, $$"""{"text":"a","label":{{json}}}""").Label;
    }

    [TestCase("""{"text":"a","label":null}""", "label: expected an integer, a string, a number or a list, got null")]
    [TestCase("""{"text":"a","label":true}""", "label: expected an integer, a string, a number or a list, got a boolean")]
    [TestCase("""{"text":"a","label":""}""", "label: expected a text, got an empty one")]
    [TestCase("""{"text":"a","label":2147483648}""", "label: expected an integer of 32 bits, got 2147483648")]
    [TestCase("""{"text":"a","label":1e99}""", "label: expected a number of 32 bits, got 1e99")]
    [TestCase("""{"text":"a","label":[1,0.5]}""", "label[1]: expected an integer of 32 bits, got 0.5")]
    [TestCase("""{"text":"a","label":[[1]]}""", "label[0]: expected an integer or a string, got an array")]
    [TestCase("""{"text":5,"label":1}""", "text: expected a string, got a number")]
    [TestCase("""{"premise":"a","hypothesis":5,"label":1}""", "hypothesis: expected a string, got a number")]
    [TestCase("""{"text":"a"}""", "expected the key label, got the keys text; --map names other keys")]
    [TestCase("""{"premise":"a","label":1}""", "expected text, sentence, sentence1 and sentence2, premise and hypothesis, question and passage, got the keys premise, label; --map names other keys")]
    public void Read_SomethingElse_NamesTheKey(string json, string problem)
        => Assert.That(() => _folder.ReadRow(RowFormats.LabelledTexts, json), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"line 1: {problem}"));
}

using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

public sealed class TextGenerationTests
{
    private static readonly string[] Words = ["interlinked", "cat", "phoneme"];

    private T5GemmaForConditionalGeneration _model = null!;
    private T5GemmaTokenizer _tokenizer = null!;

    [OneTimeSetUp]
    public void Load()
    {
        var folder = Path.Combine(SourceTree.Root(), "weights", "g2p");
        _model = T5GemmaForConditionalGeneration.FromPretrained(folder);
        _tokenizer = T5GemmaTokenizer.FromPretrained(folder);
    }

    [OneTimeTearDown]
    public void Free() => _model?.Dispose(); // null outside of a checkout

    [Test]
    public void GenerateTexts_BatchOfUnequalLengths_AreTheDecodedResultsOfGenerate()
    {
        var answers = _model.GenerateTexts(_tokenizer, Words);
        using var scope = NewDisposeScope();
        var alone = Words.Select(word =>
        {
            var batch = _tokenizer.EncodeBatch([word]);
            var sequence = _model.Generate(new GenerationInputs { InputIds = batch.InputIds, AttentionMask = batch.AttentionMask }).Sequences[0];
            return _tokenizer.Decode(sequence.data<long>().Select(id => (int)id), skipSpecialTokens: true);
        });
        Assert.That(answers, Is.EqualTo(alone));
        Assert.That(answers[1].Trim(), Is.EqualTo("K AE T"));
    }

    [Test]
    public void GenerateTexts_SeveralResultsOfAText_StandTogether()
    {
        var config = new GenerationConfig { NumBeams = 3, NumReturnSequences = 2 };
        var answers = _model.GenerateTexts(_tokenizer, Words, config);
        Assert.That(answers, Is.EqualTo(Words.SelectMany(word => _model.GenerateTexts(_tokenizer, [word], config))).And.Count.EqualTo(6));
    }

    [Test]
    public void GenerateTexts_StopStrings_FindTheTokenizer() =>
        Assert.That(_model.GenerateTexts(_tokenizer, ["interlinked"], new GenerationConfig { StopStrings = ["IH NG"] })[0], Does.EndWith("IH NG"));

    [Test]
    public void GenerateTexts_AnyCall_LeavesNoTensor() => LiveTensors.AssertNothingLeft(() => _model.GenerateTexts(_tokenizer, Words));

    [Test]
    public void GenerateTexts_NoText_IsRefused() => Assert.That(() => _model.GenerateTexts(_tokenizer, []), Throws.ArgumentException);
}

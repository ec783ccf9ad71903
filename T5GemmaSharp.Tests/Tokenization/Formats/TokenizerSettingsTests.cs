using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization.Formats;

public sealed class TokenizerSettingsTests
{
    [Test]
    public void AddedTokensDecoder_TokenBeyondTheVocabulary_JoinsIt()
    {
        var id = TinyTokenizer.Pieces.Count;
        var tokenizer = TinyTokenizer.Create(config: "{\"added_tokens_decoder\":{\"" + id + "\":{\"content\":\"<new>\",\"special\":true}}}");
        Assert.That(tokenizer.Encode("a<new>b", addBos: false), Is.EqualTo(new[] { TinyTokenizer.Id("a"), id, TinyTokenizer.Id("b") }));
        Assert.That(tokenizer.IsSpecial(id), Is.True);
        Assert.That(tokenizer.VocabularySize, Is.EqualTo(id + 1));
    }

    [Test]
    public void AddedTokensDecoder_OtherFlag_Wins()
    {
        var tokenizer = TinyTokenizer.Create(config: """{"added_tokens_decoder":{"4":{"content":"<mask>","special":true}}}""");
        Assert.That(TinyTokenizer.Create().IsSpecial(4), Is.False);
        Assert.That(tokenizer.IsSpecial(4), Is.True);
    }

    [Test]
    public void AdditionalSpecialTokens_PieceOfTheVocabulary_IsCutOutAndSpecial()
    {
        var tokenizer = TinyTokenizer.Create(config: """{"additional_special_tokens":["bc",{"content":"<h1>"}]}""");
        Assert.That(tokenizer.Encode("abc", addBos: false), Is.EqualTo(TinyTokenizer.Ids("a", "bc")));
        Assert.That(tokenizer.Decode(TinyTokenizer.Ids("a", "bc", "<h1>"), skipSpecialTokens: true), Is.EqualTo("a<h1>"), "a token that the file lists keeps its own flag");
    }

    [Test]
    public void LengthsAndSides_InTheConfig_AreRead()
    {
        var tokenizer = TinyTokenizer.Create(config: """{"model_max_length":512,"truncation_side":"left","padding_side":"left"}""");
        Assert.That((tokenizer.ModelMaxLength, tokenizer.TruncationSide, tokenizer.PaddingSide), Is.EqualTo((512, TruncationSide.Left, PaddingSide.Left)));
    }

    [Test]
    public void ModelMaxLength_HugeNumber_IsNoLimit()
        => Assert.That(TinyTokenizer.Create(config: """{"model_max_length":1000000000000000019884624838656}""").ModelMaxLength, Is.Null);

    [Test]
    public void AddedTokensJson_BesideAModel_IsRead()
    {
        using var folder = new ScratchFolder();
        var id = TinyTokenizer.Pieces.Count;
        File.WriteAllBytes(folder["tokenizer.model"], TinyTokenizer.Model().ToBytes());
        File.WriteAllText(folder["added_tokens.json"], $$"""{"<new>":{{id}}}""");
        var tokenizer = T5GemmaTokenizer.FromPretrained(folder.Path, addBos: false, addEos: false);
        Assert.That(tokenizer.Encode("<new>"), Is.EqualTo(new[] { id }));
        Assert.That(tokenizer.IsSpecial(id), Is.False);
    }
}

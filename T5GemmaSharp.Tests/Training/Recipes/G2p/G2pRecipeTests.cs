using NUnit.Framework;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Tests.Training.Recipes.G2p;

public sealed class G2pRecipeTests
{
    private static readonly G2pRecipe Recipe = G2pRecipe.Load();

    [Test]
    public void Tokenizer_Word_IsOneTokenALetterBetweenBosAndEos()
        => Assert.That(Pieces(Recipe.Tokenizer.Encode("o'hare")), Is.EqualTo(new[] { "<bos>", "o", "'", "h", "a", "r", "e", "<eos>" }));

    [Test]
    public void Tokenizer_Pronunciation_IsOneTokenAPhoneme()
    {
        var ids = Recipe.Tokenizer.Encode(" HH AH L OW B", addBos: false, addEos: true);
        Assert.Multiple(() =>
        {
            Assert.That(Pieces(ids), Is.EqualTo(new[] { "▁HH", "▁AH", "▁L", "▁OW", "▁B", "<eos>" }));
            Assert.That(Recipe.Tokenizer.Decode(ids, skipSpecialTokens: true).Trim(), Is.EqualTo("HH AH L OW B"));
        });
    }

    [Test]
    public void Tokenizer_SpecialIds_AreGemmas()
    {
        T5GemmaTokenizer tokenizer = Recipe.Tokenizer;
        Assert.That(new[] { tokenizer.PadId, tokenizer.EosId, tokenizer.BosId, tokenizer.UnkId }, Is.EqualTo(new int?[] { 0, 1, 2, 3 }));
    }

    [Test]
    public void Encode_EveryPronunciation_HasAsManyTokensAsPhonemesAndEos()
    {
        var words = Recipe.Words(DataSplit.Test);
        var lengths = Recipe.Encode(words).Select(example => example.Labels.Length);
        Assert.That(lengths, Is.EqualTo(words.SelectMany(entry => entry.Pronunciations).Select(text => text.Split(' ').Length + 1)));
    }

    [Test]
    public void Words_Splits_ShareNoWordAndLeaveNoneOut()
    {
        var all = Enum.GetValues<DataSplit>().SelectMany(split => Recipe.Words(split)).Select(entry => entry.Word).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(all, Is.Unique);
            Assert.That(all, Has.Count.EqualTo(126_046));
        });
    }

    [Test]
    public void CreateConfig_HeadsDoNotDivideTheWidth_Throws()
        => Assert.That(() => Recipe.CreateConfig(new G2pModelOptions { HiddenSize = 100, Heads = 3 }), Throws.ArgumentException.With.Message.Contains("got 100"));

    private static IEnumerable<string?> Pieces(int[] ids) => ids.Select(Recipe.Tokenizer.IdToToken);
}

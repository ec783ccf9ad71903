using Microsoft.Extensions.AI;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaEmbeddingGeneratorTests
{
    // Of such lengths that they are computed in several batches with padding.
    private static readonly string[] Words = ["cat", "internationalization", "a", "strength", "zebra", "psychology", "go", "extraordinary"];

    private static string Folder => Path.Combine(SourceTree.Root(), "weights", "g2p");

    [TestCase(T5GemmaPooling.Mean, true)]
    [TestCase(T5GemmaPooling.Mean, false)]
    [TestCase(T5GemmaPooling.LastToken, false)]
    public async Task GenerateAsync_Texts_AreTheStatesOfTheEncoderModel(T5GemmaPooling pooling, bool isNormalized)
    {
        using var engine = HostedTestModels.EngineOf(new T5GemmaOptions { ModelPath = Folder, Device = "cpu", Pooling = pooling, NormalizeEmbeddings = isNormalized, MaxEncoderTokens = 40 });
        using var generator = new T5GemmaEmbeddingGenerator(engine);
        var vectors = await generator.GenerateAsync(Words);
        var expected = Words.Select(word => ByHand(word, pooling, isNormalized)).ToList();
        Assert.That(vectors, Has.Count.EqualTo(Words.Length));
        using (Assert.EnterMultipleScope())
        {
            for (var index = 0; index < Words.Length; index++)
                Assert.That(vectors[index].Vector.ToArray(), Is.EqualTo(expected[index]).Within(2e-5), Words[index]);
        }

        var tokenizer = T5GemmaTokenizer.FromPretrained(Folder);
        Assert.That(vectors.Usage!.InputTokenCount, Is.EqualTo(Words.Sum(word => tokenizer.Encode(word).Length)));
        Assert.That(vectors[0].ModelId, Is.EqualTo("g2p"));
    }

    [Test]
    public async Task GenerateAsync_ManyCallersBesideChats_AreAsAlone()
    {
        using var engine = HostedTestModels.Engine();
        using var generator = new T5GemmaEmbeddingGenerator(engine);
        using var client = new T5GemmaChatClient(engine);
        string[] texts = ["abc", "a b c d a b c d", "dd", "abcabcabc e so"];
        var alone = new List<float[]>();
        foreach (var text in texts)
            alone.Add((await generator.GenerateAsync([text]))[0].Vector.ToArray());
        var chats = Task.WhenAll(texts.Select(text => client.GetResponseAsync(text, new ChatOptions { MaxOutputTokens = 50 })));
        var together = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => generator.GenerateAsync([texts[number % 4], texts[(number + 1) % 4]]))));
        await chats;
        for (var number = 0; number < together.Length; number++)
        {
            Assert.That(together[number][0].Vector.ToArray(), Is.EqualTo(alone[number % 4]).Within(2e-5));
            Assert.That(together[number][1].Vector.ToArray(), Is.EqualTo(alone[(number + 1) % 4]).Within(2e-5));
        }
    }

    [Test]
    public async Task GenerateAsync_BadText_FailsAlone()
    {
        using var engine = HostedTestModels.Engine();
        using var generator = new T5GemmaEmbeddingGenerator(engine);
        Assert.That(() => generator.GenerateAsync([new string('a', 10_000_000)]), Throws.ArgumentException.With.Message.Contains("MaxInputCharacters"));
        Assert.That(() => generator.GenerateAsync(["abc"], new EmbeddingGenerationOptions { Dimensions = 3 }), Throws.TypeOf<NotSupportedException>());
        Assert.That(await generator.GenerateAsync([]), Is.Empty);
        Assert.That(await generator.GenerateAsync(["abc"]), Has.Count.EqualTo(1));
    }

    private static float[] ByHand(string word, T5GemmaPooling pooling, bool isNormalized)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        using var model = T5GemmaEncoderModel.FromPretrained(Folder, new PretrainedOptions { DType = ScalarType.Float32, IsEncoderDecoder = false });
        var ids = T5GemmaTokenizer.FromPretrained(Folder).Encode(word);
        var states = model.call(new() { InputIds = torch.tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length], dtype: ScalarType.Int64) }).LastHiddenState[0]; // [S, D]
        var vector = pooling == T5GemmaPooling.Mean ? states.mean([0]) : states[-1];
        return (isNormalized ? vector / vector.norm() : vector).data<float>().ToArray();
    }
}

using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Commands;

[NonParallelizable] // the verb prints to the console
public sealed class EmbedCommandTests
{
    private static readonly string[] Words = ["cat", "internationalization", "a", "strength", "zebra"];

    private static string Folder => Path.Combine(SourceTree.Root(), "weights", "g2p");

    [TestCase]
    [TestCase("--no-normalize")]
    [TestCase("--pooling", "last", "--no-normalize")]
    public void Embed_Texts_AreTheStatesOfTheEncoder(params string[] options)
    {
        var input = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(input, Words);
            var run = CommandRun.Of(["embed", "--model", Folder, "--device", "cpu", "--input", input, "--batch-size", "2", .. options]);
            Assert.That(run.Code, Is.Zero, run.Errors);
            var vectors = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!["embedding"]!.AsArray().Select(number => (float)number!).ToArray()).ToList();
            using var model = T5GemmaEncoderModel.FromPretrained(Folder, new PretrainedOptions { DType = ScalarType.Float32, IsEncoderDecoder = false });
            var tokenizer = T5GemmaTokenizer.FromPretrained(Folder);
            Assert.That(vectors, Has.Count.EqualTo(Words.Length));
            for (var index = 0; index < Words.Length; index++)
                Assert.That(vectors[index], Is.EqualTo(ByHand(model, tokenizer.Encode(Words[index]), options)).Within(2e-5), Words[index]);
        }
        finally
        {
            File.Delete(input);
        }
    }

    [Test]
    public void Embed_Parts_JoinToTheWhole()
    {
        var folder = Directory.CreateTempSubdirectory("vectors-").FullName;
        try
        {
            var input = Path.Combine(folder, "words.txt");
            File.WriteAllLines(input, Enumerable.Range(0, 20).Select(index => Words[index % Words.Length]));
            string[] options = ["embed", "--model", Folder, "--device", "cpu", "--input", input, "--batch-size", "1", "--output", Path.Combine(folder, "vectors.jsonl")];
            Assert.That(CommandRun.Of([.. options, "--shard", "0/1"]).Code, Is.Zero);
            for (var part = 0; part < 2; part++)
                Assert.That(CommandRun.Of([.. options, "--shard", $"{part}/2"]).Code, Is.Zero);
            var joined = string.Concat(Enumerable.Range(0, 2).Select(part => File.ReadAllText(Path.Combine(folder, $"vectors-0000{part}-of-00002.jsonl"))));
            Assert.That(joined, Is.EqualTo(File.ReadAllText(Path.Combine(folder, "vectors.jsonl"))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Embed_Words_AreRefused()
    {
        var input = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
        try
        {
            File.WriteAllText(input, """{"tokens": ["a", "b"], "ner_tags": [0, 0]}""");
            CommandRun.AssertRefused(CommandRun.Of("embed", "--model", Folder, "--device", "cpu", "--input", input), "expected one text, got words");
        }
        finally
        {
            File.Delete(input);
        }
    }

    private static float[] ByHand(T5GemmaEncoderModel model, int[] ids, string[] options)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        var states = model.call(new() { InputIds = torch.tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length], dtype: ScalarType.Int64) }).LastHiddenState[0];
        var vector = options.Contains("last") ? states[-1] : states.mean([0]);
        return (options.Contains("--no-normalize") ? vector : vector / vector.norm()).data<float>().ToArray();
    }
}

using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization.Formats;

public sealed class TokenizerFilesTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("tokenizer-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void SavePretrained_FromFolder_CopiesEveryFileUnchanged()
    {
        File.WriteAllBytes(Path.Combine(_folder, "tokenizer.json"), JsonSerializer.SerializeToUtf8Bytes(TinyTokenizer.Json()));
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{ "add_eos_token": true }""");
        File.WriteAllText(Path.Combine(_folder, "special_tokens_map.json"), """{"eos_token":"<end_of_turn>"}""");
        var copy = Path.Combine(_folder, "deep", "copy");

        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        tokenizer.SavePretrained(copy);

        Assert.Multiple(() =>
        {
            foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json" })
                Assert.That(File.ReadAllBytes(Path.Combine(copy, name)), Is.EqualTo(File.ReadAllBytes(Path.Combine(_folder, name))), name);
            Assert.That(Directory.GetFiles(copy), Has.Length.EqualTo(3));
            Assert.That(T5GemmaTokenizer.FromPretrained(Path.Combine(copy, "tokenizer.json")).Encode("d"), Is.EqualTo(TinyTokenizer.Ids("<bos>", "d", "<end_of_turn>")));
        });
    }

    [Test]
    public void FromPretrained_NoFolder_SaysWhichAndWhat()
        => Assert.That(() => T5GemmaTokenizer.FromPretrained(Path.Combine(_folder, "none")), Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains("tokenizer.json"));

    [Test]
    public void FromPretrained_FolderWithoutFile_NamesTheFile()
    {
        var exception = Assert.Throws<FileNotFoundException>(() => T5GemmaTokenizer.FromPretrained(_folder));
        Assert.That(exception!.FileName, Is.EqualTo(Path.Combine(_folder, "tokenizer.json")));
    }
}

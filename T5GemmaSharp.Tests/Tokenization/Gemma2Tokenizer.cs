using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>The real tokenizer of Gemma 2, which is too large to be committed; a test that asks for it where it is not is skipped.</summary>
internal static class Gemma2Tokenizer
{
    private const string FolderVariable = "T5GEMMA_TOKENIZER_DIR";

    private static readonly Lazy<T5GemmaTokenizer> Loaded = new(() => T5GemmaTokenizer.FromPretrained(Folder()));

    /// <summary>The tokenizer, loaded once for all tests.</summary>
    public static T5GemmaTokenizer Instance()
    {
        _ = Folder(); // outside of the lazy value, which would keep the skip as its exception
        return Loaded.Value;
    }

    /// <summary>The folder with its files.</summary>
    public static string Folder()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : Path.Combine(SourceTree.Root(), "weights", "gemma-2-tokenizer");
        if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
            Assert.Ignore($"{folder} has no tokenizer.json: run bash scripts/fetch_tokenizer.sh, or let {FolderVariable} name a folder with Gemma 2's tokenizer");
        return folder;
    }
}

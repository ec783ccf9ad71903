using System.Text.Json;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>What Hugging Face's tokenizers makes of Gemma 2's vocabulary: Fixtures/Tokenization/gemma2-cases.json, whose "about" says how to read it.</summary>
internal static class Gemma2Cases
{
    private static readonly Lazy<JsonDocument> Document = new(() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "Tokenization", "gemma2-cases.json"))));

    /// <summary>The texts, as <see cref="EncodingCase"/>.</summary>
    public static IEnumerable<TestCaseData> Encodings()
        => Items("cases").Select(item => ReadEncoding(item.Value)).Select(item => new TestCaseData(item).SetArgDisplayNames(item.Id));

    /// <summary>The lists of ids, as <see cref="DecodingCase"/>.</summary>
    public static IEnumerable<TestCaseData> Decodings()
        => Items("decode").Select(item => new TestCaseData(ReadDecoding(item.Value)).SetArgDisplayNames($"decode-{item.Index:000}"));

    /// <summary>Those of them that have the chunks of a stream.</summary>
    public static IEnumerable<TestCaseData> Streams() => Decodings().Where(test => ((DecodingCase)test.Arguments[0]!).Chunks is not null);

    /// <summary>The template of the recorded conversations.</summary>
    public static string ChatTemplate() => Document.Value.RootElement.GetProperty("chatTemplate").GetString()!;

    /// <summary>The entries of one part of the file, with their places.</summary>
    public static IEnumerable<(int Index, JsonElement Value)> Items(string part)
        => Document.Value.RootElement.GetProperty(part).EnumerateArray().Select((value, index) => (index, value));

    private static EncodingCase ReadEncoding(JsonElement item)
    {
        var text = ReadText(item);
        var decoded = item.TryGetProperty("decoded", out var value) ? value.GetString()! : text;
        return new EncodingCase
        {
            Id = item.GetProperty("id").GetString()!,
            Text = text,
            Ids = ReadIds(item),
            Decoded = decoded,
            DecodedSkip = item.TryGetProperty("decodedSkip", out var skip) ? skip.GetString()! : decoded,
        };
    }

    private static string ReadText(JsonElement item)
    {
        if (item.TryGetProperty("text", out var text))
            return text.GetString()!;
        if (item.TryGetProperty("utf16", out var units))
            return string.Concat(units.EnumerateArray().Select(unit => (char)unit.GetUInt16()));
        var repeat = item.GetProperty("repeat");
        return string.Concat(Enumerable.Repeat(repeat[0].GetString()!, repeat[1].GetInt32()));
    }

    private static DecodingCase ReadDecoding(JsonElement item)
    {
        var text = item.GetProperty("text").GetString()!;
        return new DecodingCase
        {
            Ids = ReadIds(item),
            Text = text,
            Skip = item.TryGetProperty("skip", out var skip) ? skip.GetString()! : text,
            Chunks = item.TryGetProperty("chunks", out var chunks) ? [.. chunks.EnumerateArray().Select(chunk => chunk.GetString()!)] : null,
        };
    }

    private static int[] ReadIds(JsonElement item) => [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>A text, its ids without special tokens around it, and what they decode to.</summary>
    public sealed record EncodingCase
    {
        public required string Id { get; init; }

        public required string Text { get; init; }

        public required int[] Ids { get; init; }

        public required string Decoded { get; init; }

        public required string DecodedSkip { get; init; }
    }

    /// <summary>Ids, their text, their text without special tokens, and the latter in the chunks of a stream, which are recorded where every byte is valid.</summary>
    public sealed record DecodingCase
    {
        public required int[] Ids { get; init; }

        public required string Text { get; init; }

        public required string Skip { get; init; }

        public required string[]? Chunks { get; init; }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>The tiny tokenizer with all of ASCII and pieces that cross the parts of JSON texts.</summary>
internal static class ConstraintTokenizer
{
    private static readonly string[] More =
    [
        .. Enumerable.Range('!', '~' - '!' + 1).Select(code => ((char)code).ToString()).Except(TinyTokenizer.Pieces),
        "{\"", "\":", "\",\"", "\",", "\"}", "▁\"", ",▁\"", "true", "false", "null", "]}", "[]", "12", "2024", "-0", "name", "\":▁\"", "é\"", "ab\",▁\"b", "日", "本", "日本", "\\\"", "\\u00", "▁▁b",
    ];

    public static T5GemmaTokenizer Create()
    {
        var json = TinyTokenizer.Json();
        var vocabulary = (JsonObject)json["model"]!["vocab"]!;
        foreach (var piece in More)
            vocabulary[piece] = vocabulary.Count;
        return TinyTokenizer.Create(json);
    }

    /// <summary>The tokens of the bytes of a text.</summary>
    public static int[] ByteIds(T5GemmaTokenizer tokenizer, string text)
        => [.. Encoding.UTF8.GetBytes(text).Select(value => tokenizer.TokenToId($"<0x{value:X2}>") ?? tokenizer.TokenToId("\t")!.Value)];
}

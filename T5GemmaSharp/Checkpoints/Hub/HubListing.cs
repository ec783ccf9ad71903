using System.Text.Json;
using System.Text.RegularExpressions;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>The files of a commit, from the hub's answer to <c>/api/models/NAME/revision/REVISION?blobs=true</c>.</summary>
internal sealed partial record HubListing(string Commit, IReadOnlyList<HubFile> Files)
{
    /// <exception cref="HubException">The text is no such answer.</exception>
    public static HubListing Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var files = root.GetProperty("siblings").EnumerateArray().Select(ParseFile).ToList();
            if (files.GroupBy(file => file.Path, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new FormatException($"the path {SafetensorsFormatException.Quote(twice.Key)} twice");
            _ = files.Sum(file => file.SizeInBytes); // sizes that no disk has must not overflow later
            return new HubListing(Digits(root.GetProperty("sha").GetString(), Sha1Digits()), files);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new HubException(
                HubFault.UnexpectedAnswer,
                $"the list of files: expected the hub's JSON with \"sha\" and \"siblings\" of \"rfilename\" and \"size\", got something else ({exception.Message}). Is the endpoint a Hugging Face hub?",
                innerException: exception);
        }
    }

    // "blobId" of a file in LFS is that of the pointer, not of the contents.
    private static HubFile ParseFile(JsonElement element)
    {
        var path = element.GetProperty("rfilename").GetString() ?? throw new FormatException("a path that is null");
        var isLfs = element.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
        var size = (isLfs ? lfs : element).GetProperty("size").GetInt64();
        if (size < 0)
            throw new FormatException($"a size of {size}");
        if (isLfs)
            return new HubFile(path, size, Digits(lfs.GetProperty("sha256").GetString(), Sha256Digits()), GitSha1: null);
        var blob = element.TryGetProperty("blobId", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        return new HubFile(path, size, Sha256: null, blob is null ? null : Digits(blob, Sha1Digits()));
    }

    private static string Digits(string? text, Regex form) =>
        text is not null && form.IsMatch(text) ? text.ToLowerInvariant() : throw new FormatException($"{SafetensorsFormatException.Quote(text ?? "null")} in place of a checksum");

    [GeneratedRegex(@"^[0-9a-fA-F]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sha1Digits();

    [GeneratedRegex(@"^[0-9a-fA-F]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sha256Digits();
}

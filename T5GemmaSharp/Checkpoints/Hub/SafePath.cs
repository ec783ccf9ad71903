namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Places of a repository's files below a folder; a listing must not lead out of it.</summary>
internal static class SafePath
{
    private static readonly char[] Forbidden = [.. Path.GetInvalidFileNameChars().Append('\\').Append(':').Distinct()];

    /// <summary>The place of a file.</summary>
    /// <param name="folder">Full path of the folder.</param>
    /// <param name="path">The file's path in the repository.</param>
    /// <exception cref="HubException">The path is absolute, has parts that name no file, or passes a link.</exception>
    public static string Below(string folder, string path)
    {
        var place = folder;
        foreach (var part in path.Split('/'))
        {
            // Windows drops dots and spaces at the end of a name, which would make another name of it.
            if (part.Length == 0 || part.EndsWith('.') || part.EndsWith(' ') || part.IndexOfAny(Forbidden) >= 0 || part.Any(char.IsControl))
                throw Refuse(path, "expected names of files and folders parted by single slashes; nothing of it was fetched");
            place = Path.Combine(place, part);
            if (IsLink(place))
                throw Refuse(path, $"{place} is a link, and a download writes through none. Remove it, or choose another folder");
        }

        return place;
    }

    private static bool IsLink(string place)
    {
        var info = new FileInfo(place); // also for folders; a link that leads nowhere exists for its attributes only
        return info.LinkTarget is not null;
    }

    private static HubException Refuse(string path, string why) => new(HubFault.UnsafePath, $"the hub lists the path {SafetensorsFormatException.Quote(path)}: {why}.");
}

namespace T5GemmaSharp.Training.Recipes;

/// <summary>Files embedded in this assembly.</summary>
internal static class Resources
{
    public static Stream Open(string name)
        => typeof(Resources).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name}: expected an embedded file, it is missing from this build");

    public static byte[] Read(string name)
    {
        using var stream = Open(name);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}

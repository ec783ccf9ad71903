using System.IO.Compression;
using System.Text;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files;

/// <summary>A folder of data files that a test writes.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("data-").FullName;

    /// <summary>Writes a file of text.</summary>
    /// <returns>Its path.</returns>
    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        var file = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    public static byte[] Compress(string text)
    {
        using var bytes = new MemoryStream();
        using (var stream = new GZipStream(bytes, CompressionLevel.Fastest))
            stream.Write(Encoding.UTF8.GetBytes(text));
        return bytes.ToArray();
    }

    /// <summary>Reads one row of JSON.</summary>
    public TRow ReadRow<TRow>(RowFormat<TRow> format, string json, params string[] map)
        => DataReader.Read([Write("row.jsonl", json)], format, new DataFileOptions { Map = KeyMap.Parse(map) }).Single().Value;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

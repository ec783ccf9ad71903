using System.Text;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Writes small text files that are either whole or absent.</summary>
internal static class TextFile
{
    /// <summary>Writes UTF-8 text beside the final place and moves it there when it is on the disk.</summary>
    internal static void Write(string path, string text) => TemporaryFile.Write(path, Encoding.UTF8.GetBytes(text));
}

using System.Buffers.Binary;
using System.Text;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>A folder that vanishes with the test, and ways to put raw files into it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("t5gemma-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string[] FileNames => Directory.GetFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal).ToArray();

    /// <summary>Writes length, header and data as they are, however wrong.</summary>
    public string WriteSafetensors(string header, int dataLength, string name = "test.safetensors") =>
        WriteSafetensors(Encoding.UTF8.GetBytes(header), new byte[dataLength], name);

    public string WriteSafetensors(byte[] header, byte[] data, string name = "test.safetensors")
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return WriteBytes([.. prefix, .. header, .. data], name);
    }

    public string WriteBytes(byte[] bytes, string name = "test.safetensors")
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

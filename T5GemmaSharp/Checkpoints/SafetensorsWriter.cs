using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Writes safetensors files that have, byte for byte, the layout of Hugging Face's writer.</summary>
/// <remarks>HF: <c>safetensors.torch.save_file</c>.</remarks>
public static class SafetensorsWriter
{
    private const int AlignmentInBytes = 8;

    /// <summary>Writes tensors to a file; an older file is replaced only when the new one is complete and on the disk.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="tensors">
    /// The tensors by name, of any shape, layout and device, of a dtype out of float64, float32, float16, bfloat16, int64, int32, int16,
    /// int8, uint8 and bool. They are copied in chunks: no second copy of a tensor is made.
    /// </param>
    /// <param name="metadata">Free text to store; <c>format</c> is set to <c>pt</c> unless given. Null means none.</param>
    /// <exception cref="ArgumentException">A tensor has another dtype, no memory (meta device) or is sparse, or a name is reserved.</exception>
    /// <exception cref="IOException">The file cannot be written; an older file is unchanged.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        using var file = WriteTemporary(path, Sources(tensors), metadata);
        file.Commit();
    }

    /// <summary>Writes the file under its temporary name and flushes it; the caller commits and disposes it.</summary>
    internal static TemporaryFile WriteTemporary(
        string path, IReadOnlyDictionary<string, TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var (file, offsets) = Begin(path, tensors, metadata);
        try
        {
            using var transfer = new TensorTransfer();
            foreach (var (name, offset) in offsets)
            {
                using var scope = NewDisposeScope();
                transfer.Write(file.Handle, offset, tensors[name].Read());
            }

            file.Complete();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Creates the file under its temporary name, in its full length and with its header; the caller writes the tensors, completes, commits and disposes it.</summary>
    /// <returns>The file, and where the bytes of each tensor begin, in their order.</returns>
    internal static (TemporaryFile File, OrderedDictionary<string, long> Offsets) Begin(
        string path, IReadOnlyDictionary<string, TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Wider elements first, so that every tensor starts at a multiple of its element size; then by name.
        var ordered = tensors.OrderByDescending(pair => SafetensorsDType.Rank(pair.Value.DType)).ThenBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var header = MakeHeader(ordered, metadata);
        var (offsets, end) = (new OrderedDictionary<string, long>(), (long)header.Length);
        foreach (var (name, source) in ordered)
        {
            offsets.Add(name, end);
            end += source.SizeInBytes;
        }

        var file = new TemporaryFile(path, end);
        try
        {
            RandomAccess.Write(file.Handle, header, fileOffset: 0);
            return (file, offsets);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes tensors that are there, and refuses what the format cannot hold.</summary>
    internal static Dictionary<string, TensorSource> Sources(IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach (var (name, tensor) in tensors)
            Check(name, tensor);
        return tensors.ToDictionary(pair => pair.Key, pair => TensorSource.Of(pair.Value));
    }

    private static void Check(string name, Tensor tensor)
    {
        if (name is null or "__metadata__")
            throw new ArgumentException($"The tensor name '{name}' is reserved by the safetensors format.", nameof(name));
        if (tensor is null)
            throw new ArgumentException($"Tensor {name}: expected a tensor, got null.", nameof(tensor));
        if (!SafetensorsDType.IsSupported(tensor.dtype))
            throw new ArgumentException($"Tensor {name}: expected a dtype out of {SafetensorsDType.SupportedNames}, got {tensor.dtype}.", nameof(tensor));
        if (tensor.is_sparse || tensor.device_type == DeviceType.META)
            throw new ArgumentException($"Tensor {name}: expected a dense tensor with memory, got a {(tensor.is_sparse ? "sparse" : "meta")} one.", nameof(tensor));
    }

    private static byte[] MakeHeader(KeyValuePair<string, TensorSource>[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var stream = new MemoryStream();
        stream.Write(stackalloc byte[SafetensorsHeader.PrefixLengthInBytes]);
        // Names are written as they are, like Hugging Face's writer does: the header is no part of a web page.
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            long offset = 0;
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsDType.Name(tensor.DType));
                WriteIntegers(json, "shape", tensor.Shape);
                WriteIntegers(json, "data_offsets", [offset, offset += tensor.SizeInBytes]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (stream.Length % AlignmentInBytes != 0)
            stream.WriteByte((byte)' ');
        var header = stream.ToArray();
        var length = header.Length - SafetensorsHeader.PrefixLengthInBytes;
        if (length > SafetensorsHeader.MaxLengthInBytes)
            throw new ArgumentException($"Expected a header of at most {SafetensorsHeader.MaxLengthInBytes} bytes, got {length}: write fewer tensors to a file.", nameof(tensors));
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        // transformers refuses files without it.
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            entries[key] = value;
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in entries)
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteIntegers(Utf8JsonWriter json, string name, IReadOnlyList<long> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}

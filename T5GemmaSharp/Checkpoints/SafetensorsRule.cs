namespace T5GemmaSharp.Checkpoints;

/// <summary>A rule of the safetensors format that a file can break; see <see cref="SafetensorsFormatException.Rule"/>.</summary>
public enum SafetensorsRule
{
    /// <summary>A file starts with 8 bytes that hold the header's length.</summary>
    FileTooShort,

    /// <summary>The header's length is positive, at most 100 MB, and the file is long enough to hold the header.</summary>
    HeaderLength,

    /// <summary>The header is UTF-8 text that starts with an opening brace.</summary>
    HeaderText,

    /// <summary>The header is valid JSON.</summary>
    HeaderJson,

    /// <summary>Each member of the header is an object with exactly the fields dtype, shape and data_offsets, of the right types.</summary>
    HeaderStructure,

    /// <summary>No name or field occurs twice.</summary>
    DuplicateKey,

    /// <summary>The member <c>__metadata__</c> is an object whose values are strings.</summary>
    Metadata,

    /// <summary>A dtype is one of the names that the format defines.</summary>
    UnknownDType,

    /// <summary>A dtype is one that TorchSharp can hold: F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL.</summary>
    UnsupportedDType,

    /// <summary>A shape has at most 64 sizes; they are not negative, and the tensor's size in bytes fits 63 bits.</summary>
    Shape,

    /// <summary>Offsets are two integers that are not negative, the first not above the second.</summary>
    Offsets,

    /// <summary>The offsets span as many bytes as shape and dtype ask for.</summary>
    ByteLength,

    /// <summary>No two tensors share bytes.</summary>
    Overlap,

    /// <summary>No byte between two tensors, or before the first, belongs to none.</summary>
    Hole,

    /// <summary>The file holds all bytes of every tensor.</summary>
    FileTruncated,

    /// <summary>The file ends where the last tensor ends.</summary>
    TrailingBytes,
}

namespace T5GemmaSharp.Interop;

/// <summary>A file that should be a 64-bit little-endian ELF object is not one, or is damaged.</summary>
internal sealed class ElfFormatException(string message) : FormatException(message);

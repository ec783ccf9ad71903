namespace T5GemmaSharp.Interop;

/// <summary>
/// How the one symbol version that TorchSharp's native library needs and an older libstdc++ (Debian 12, Ubuntu 22.04, RHEL 9)
/// does not name was dealt with. No relocation uses the symbol, so a weak need changes nothing else.
/// </summary>
public enum SymbolVersionCure
{
    /// <summary>The library was loaded as it is.</summary>
    NotNeeded,

    /// <summary>A copy with a weak need was loaded from memory.</summary>
    Memory,

    /// <summary>A copy with a weak need was loaded from a file, because the system refuses to run code from memory files.</summary>
    File,
}

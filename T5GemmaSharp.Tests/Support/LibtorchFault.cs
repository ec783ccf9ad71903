using System.Runtime.InteropServices;

namespace T5GemmaSharp.Tests.Support;

/// <summary>An error as TorchSharp passes on those of libtorch.</summary>
internal sealed class LibtorchFault(string message) : ExternalException(message);

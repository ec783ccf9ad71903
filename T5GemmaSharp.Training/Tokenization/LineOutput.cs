using System.Runtime.InteropServices;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Where answers go, and whether anybody still reads them.</summary>
internal sealed partial class LineOutput(Stream stream, Func<bool> isClosed)
{
    private const int StandardOutputDescriptor = 1;
    private const short ErrorOrHangUp = 0x8 | 0x10;

    /// <summary>The process's standard output, as bytes.</summary>
    public static LineOutput Standard() => new(Console.OpenStandardOutput(), IsStandardOutputClosed);

    /// <summary>Whether the reader of standard output has gone.</summary>
    /// <remarks>The console's stream does not say it: work would go on for no one, without end if the input has none.</remarks>
    public static bool IsStandardOutputClosed()
    {
        if (OperatingSystem.IsWindows())
            return false;
        var descriptor = new PollDescriptor { Descriptor = StandardOutputDescriptor };
        return Poll(ref descriptor, count: 1, timeoutInMilliseconds: 0) > 0 && (descriptor.Happened & ErrorOrHangUp) != 0;
    }

    /// <summary>Passes bytes on; false when nobody reads them any more.</summary>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (isClosed())
            return false;
        stream.Write(bytes);
        stream.Flush();
        return true;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeoutInMilliseconds);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Asked;
        public short Happened;
    }
}

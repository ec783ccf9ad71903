using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>Where the ranks of a communicator meet, passed by value: <c>ncclUniqueId</c>.</summary>
[InlineArray(Size)]
[StructLayout(LayoutKind.Sequential)]
internal struct NcclUniqueId
{
    /// <summary>Its bytes.</summary>
    public const int Size = 128;

    private byte _first;
}

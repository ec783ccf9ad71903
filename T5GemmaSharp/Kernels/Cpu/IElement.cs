using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>A number as a tensor stores it. Arithmetic is done in float32.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
internal unsafe interface IElement<TSelf>
    where TSelf : unmanaged, IElement<TSelf>
{
    /// <summary>Widens 16 neighbours.</summary>
    static abstract Vector512<float> Load(TSelf* source);

    /// <summary>Widens one.</summary>
    static abstract float ToSingle(TSelf value);

    /// <summary>Rounds one to the nearest, ties to even.</summary>
    static abstract TSelf FromSingle(float value);
}

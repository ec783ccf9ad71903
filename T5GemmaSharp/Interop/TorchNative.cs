namespace T5GemmaSharp.Interop;

/// <summary>Loads libtorch.</summary>
public static class TorchNative
{
    /// <summary>Prepares loading.</summary>
    public static void Install()
    {
    }
}

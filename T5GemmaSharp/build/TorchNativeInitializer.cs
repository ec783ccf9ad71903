using System.Runtime.CompilerServices;

internal static class TorchNativeInitializer
{
    [ModuleInitializer]
    internal static void Initialize() => T5GemmaSharp.Interop.TorchNative.Install();
}

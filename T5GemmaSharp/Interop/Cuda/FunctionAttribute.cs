namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Attributes of a kernel, numbered as the driver does.</summary>
internal enum FunctionAttribute
{
    MaxDynamicSharedSize = 8,
    NonPortableClusterSize = 14,
}

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Attributes of a device, numbered as the driver does.</summary>
internal enum DeviceAttribute
{
    MultiprocessorCount = 16,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MaxSharedMemoryPerBlockOptin = 97,
}

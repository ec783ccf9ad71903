using T5GemmaSharp.Interop.Cuda;
using TorchSharp;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>What a training may take, and of whom.</summary>
/// <param name="Owner">Who has it, for messages.</param>
/// <param name="Bytes">Bytes for the whole training, what its tensors hold already included.</param>
internal readonly record struct AvailableMemory(string Owner, long Bytes)
{
    /// <summary>Looks at where a model is.</summary>
    /// <param name="device">Its device.</param>
    /// <param name="held">Bytes that the training's tensors hold already.</param>
    /// <returns>Null: nobody can tell.</returns>
    public static AvailableMemory? Of(torch.Device device, long held) => device.type switch
    {
        DeviceType.CPU => new("the machine", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
        DeviceType.CUDA => Of(DeviceMemory.Read(), held),
        _ => null,
    };

    /// <summary>What is free on a CUDA device and what the training holds there; other programs have the rest.</summary>
    public static AvailableMemory? Of(DeviceMemory? memory, long held)
        => memory is { } device ? new($"the device of {ByteSize.Describe(device.Total)}", device.Free + held) : null;
}

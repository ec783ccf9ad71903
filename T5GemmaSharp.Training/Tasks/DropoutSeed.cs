using T5GemmaSharp.Training.Data;
using TorchSharp;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Makes dropout a function of where it happens, so that it can be repeated: a run that goes on, or a part that is computed again, drops the same elements.</summary>
internal static class DropoutSeed
{
    /// <summary>Seeds the generators that dropout draws from.</summary>
    /// <param name="seed">Seed of a micro-batch.</param>
    /// <param name="part">Part of the model.</param>
    /// <param name="device">Where the model is.</param>
    public static void Set(ulong seed, int part, torch.Device device)
    {
        var number = (long)(new CounterRandom(seed, (ulong)part)[0] >> 1);
        torch.manual_seed(number);
        if (device.type == DeviceType.CUDA)
            torch.cuda.manual_seed(number); // a device draws from a generator of its own
    }
}

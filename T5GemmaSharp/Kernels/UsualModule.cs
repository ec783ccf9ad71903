using T5GemmaSharp.Interop;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels;

/// <summary>What kernels that take a module's place rely on.</summary>
internal static class UsualModule
{
    /// <summary>Whether the module infers, and computes what its kind usually does: a hook wants to see or change it, and in training, dropout acts.</summary>
    /// <param name="module">The module.</param>
    /// <param name="ownHooks">Hooks that the library gave it, and that its kernels know.</param>
    public static bool Is(nn.Module module, int ownHooks = 0) => !module.training && module is not Linear { bias: not null } && ModuleHooks.Count(module) == ownHooks;

    /// <summary>Whether a weight lies densely in the memory of a kind of device, with the usual shape.</summary>
    public static bool HasWeight(Tensor? weight, DeviceType device, ScalarType dtype, ReadOnlySpan<long> shape)
    {
        if (weight is null || weight.device_type != device || weight.dtype != dtype || weight.Dimensions != shape.Length || !weight.is_contiguous())
            return false;
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (weight.size(axis) != shape[axis])
                return false;
        }
        return true;
    }
}

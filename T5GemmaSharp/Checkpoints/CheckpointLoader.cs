using T5GemmaSharp.Checkpoints.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Loads a checkpoint into a module of any kind, all of it or nothing.</summary>
internal static class CheckpointLoader
{
    /// <summary>Checks names, shapes, dtypes and tied weights, then gives each tensor of the module its stored values.</summary>
    /// <remarks>
    /// On the CPU, a tensor whose dtype is the stored one takes over the mapped file as its memory; others are copied, and cast, in
    /// chunks. Tensors on a CUDA device may be filled by several threads at once. Whether a parameter needs gradients stays as it is. TorchSharp's own loading would broadcast shapes that differ.
    /// </remarks>
    /// <param name="module">The module, with tensors of the wanted dtypes on the wanted devices; their values may be uninitialised.</param>
    /// <param name="reader">The checkpoint; it may be disposed after the call.</param>
    /// <param name="options">What is allowed.</param>
    /// <returns>What was loaded, and the keys that the caller must initialise.</returns>
    /// <exception cref="CheckpointMismatchException">The checkpoint differs in a way that the options forbid; the module is unchanged.</exception>
    /// <exception cref="ArgumentException">A tensor of the module has no memory (meta device); the module is unchanged.</exception>
    /// <exception cref="IOException">The disk failed while values were read, after all checks; discard the module.</exception>
    public static LoadReport Load(nn.Module module, CheckpointReader reader, CheckpointLoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(options);
        return Load(Targets(module), reader, options);
    }

    /// <summary>The same for tensors that are no module's.</summary>
    public static LoadReport Load(Dictionary<string, Tensor> targets, CheckpointReader reader, CheckpointLoadOptions options)
    {
        var plan = new CheckpointPlan(targets, reader, options);
        using var noGrad = no_grad();
        var items = plan.Loads.Where(load => load.Target.device_type == DeviceType.CUDA && load.Target.is_contiguous())
            .Select(load => new TransferItem(reader.FileOf(load.SourceKey), reader.GetEntry(load.SourceKey), load.Target)).ToArray();
        string? reason = items.Length == 0 || options.UseDeviceTransfer ? null : $"device transfers are turned off";
        var filled = reason is null && DeviceTransfer.TryFill(items, out reason) ? items.Select(item => item.Target).ToHashSet(ReferenceEqualityComparer.Instance) : [];
        foreach (var (key, target) in plan.Loads.Where(load => !filled.Contains(load.Target)))
        {
            if (options.UseMemoryMap && target.device_type == DeviceType.CPU && target.dtype == reader.GetEntry(key).DType)
            {
                using var mapped = reader.Read(key);
                target.set_(mapped);
            }
            else
            {
                reader.CopyTo(key, target);
            }
        }

        return plan.Report with { TransferFallback = reason };
    }

    private static Dictionary<string, Tensor> Targets(nn.Module module)
    {
        var targets = new Dictionary<string, Tensor>();
        foreach (var (key, parameter) in module.named_parameters())
            targets.Add(key, parameter);
        foreach (var (key, buffer) in module.named_buffers(recurse: true, include_nonpersistent: false))
            targets.Add(key, buffer);
        foreach (var (key, target) in targets)
        {
            if (target.device_type == DeviceType.META)
                throw new ArgumentException($"{key}: expected a tensor with memory, got one on the meta device.", nameof(module));
        }

        return targets;
    }
}

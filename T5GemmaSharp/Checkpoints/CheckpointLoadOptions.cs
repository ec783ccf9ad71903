using T5GemmaSharp.Checkpoints.Transfers;

namespace T5GemmaSharp.Checkpoints;

/// <summary>How a checkpoint is loaded into a module.</summary>
internal sealed record CheckpointLoadOptions
{
    /// <summary>How far the two may differ.</summary>
    public Strictness Strictness { get; init; }

    /// <summary>
    /// Owner by alias: names that a file may hold for a weight that the module has under another name only, such as
    /// <c>lm_head.out_proj.weight</c> for <c>model.decoder.embed_tokens.weight</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> TiedAliases { get; init; } = new Dictionary<string, string>();

    /// <summary>The module's keys that may be missing under <see cref="Strictness.Default"/>; null means none. The caller initialises them.</summary>
    public Func<string, bool>? FreshKeys { get; init; }

    /// <summary>
    /// Whether weights on the CPU use the file as their memory where the dtypes agree: no copy, no time. False copies, for a file that
    /// will be changed in place, lies on a slow network drive, or must stay replaceable on Windows.
    /// </summary>
    public bool UseMemoryMap { get; init; } = true;

    /// <summary>Whether several threads at once fill tensors on a CUDA device. By default, unless <see cref="DeviceTransfer.Variable"/> is 0.</summary>
    public bool UseDeviceTransfer { get; init; } = DeviceTransfer.IsAllowed;
}

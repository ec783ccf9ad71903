using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keeps every token; grows with each update.</summary>
/// <remarks>HF: <c>DynamicLayer</c>.</remarks>
public sealed class DynamicLayer : CacheLayer
{
    /// <inheritdoc/>
    public override bool IsSliding => false;

    /// <inheritdoc/>
    public override (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        SequenceLength += keys.size(2);
        if (Keys is null || Values is null)
            Replace(keys.contiguous(), values.contiguous());
        else
            Replace(torch.cat([Keys, keys], dim: 2), torch.cat([Values, values], dim: 2));
        return (Keys!, Values!); // Replace has just set both
    }

    /// <inheritdoc/>
    public override (long Length, long Offset) MaskSizes(long queryLength) => (SequenceLength + queryLength, 0);

    /// <inheritdoc/>
    public override void Crop(long maxLength)
    {
        var kept = KeptLength(maxLength);
        if (Keys is not null && Values is not null && kept < SequenceLength)
        {
            using var keys = Keys.narrow(2, 0, kept);
            using var values = Values.narrow(2, 0, kept);
            Replace(keys.clone(), values.clone());
        }
        SequenceLength = kept;
    }
}

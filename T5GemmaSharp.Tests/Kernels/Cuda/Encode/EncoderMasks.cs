using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Encode;

/// <summary>Padding masks of every kind.</summary>
internal static class EncoderMasks
{
    /// <summary>A mask [batch, length], int64. Every row has other lengths; one that is said to be padding is so entirely.</summary>
    public static Tensor Of(string padding, int batch, int length, Device device)
    {
        using var scope = NewDisposeScope();
        var mask = torch.ones([batch, length], dtype: ScalarType.Int64);
        for (var row = 0; row < batch; row++)
        {
            var count = Math.Min((length * (row + 1) / (batch + 1)) + 1, length - 1);
            switch (padding)
            {
                case "right":
                    mask[row].narrow(0, length - count, count).zero_();
                    break;
                case "left":
                    mask[row].narrow(0, 0, count).zero_();
                    break;
                case "holes":
                    mask[row].copy_(torch.arange(length).remainder(row + 2).ne(0).to(ScalarType.Int64));
                    mask[row].narrow(0, length / 3, count / 2).zero_();
                    break;
            }
        }
        if (padding == "a row")
            mask[batch - 1].zero_();
        return scope.MoveToOuter(mask.to(device));
    }
}

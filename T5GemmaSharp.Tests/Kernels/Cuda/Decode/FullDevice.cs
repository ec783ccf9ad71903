using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>Holds the memory of the GPU, but for some that torch's allocator has in reserve.</summary>
internal sealed class FullDevice : IDisposable
{
    private const long SmallestBlock = 1 << 20;

    private readonly List<Tensor> _blocks = [];

    public FullDevice(long leftBytes)
    {
        TorchReserve.Release(); // or the blocks below could be parts of larger ones, which torch cannot use for anything else
        using (Block(leftBytes / 2))
        using (Block(leftBytes / 2))
            Fill();
    }

    public void Dispose()
    {
        _blocks.ForEach(block => block.Dispose());
        TorchReserve.Release(); // or the driver would have none for the tests that follow
    }

    private void Fill()
    {
        for (long size = 1L << 33; size >= SmallestBlock;)
        {
            try
            {
                _blocks.Add(Block(size));
            }
            catch (ExternalException)
            {
                size /= 2; // out of memory
            }
        }
    }

    private static Tensor Block(long sizeInBytes) => torch.empty([sizeInBytes], dtype: ScalarType.Byte, device: CUDA).DetachFromDisposeScope();
}

using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>
/// A group of processes that compute with each other's tensors. Every rank calls the same operations in the same order, with tensors of the same size and dtype. Operations begin at
/// once and go on beside other work; a tensor must not be touched before its operation's <see cref="ICollectiveHandle.Wait"/> has returned. One thread at a time may call.
/// </summary>
/// <remarks>Dtypes: float32, float64, bfloat16, int64, and uint8 where nothing is added. Tensors are contiguous and on <see cref="Device"/>.</remarks>
public interface ICollectives : IDisposable
{
    /// <summary>Name of the engine: single, nccl, mpi.</summary>
    string Engine { get; }

    /// <summary>Number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int World { get; }

    /// <summary>Number of this process among those on the same machine, from 0.</summary>
    int LocalRank { get; }

    /// <summary>Where tensors have to be.</summary>
    Device Device { get; }

    /// <summary>How long an operation may take once it is waited for.</summary>
    TimeSpan Timeout { get; }

    /// <summary>Adds up a tensor over all ranks, in place: every rank has the same bits afterwards.</summary>
    /// <param name="tensor">Of any shape.</param>
    /// <exception cref="ArgumentException">The tensor is on another device, of another dtype or not contiguous.</exception>
    ICollectiveHandle AllReduce(Tensor tensor);

    /// <summary>Adds up a tensor over all ranks, and gives each rank its stretch of the sum.</summary>
    /// <param name="input">[W * N]; it may be changed.</param>
    /// <param name="output">[N]: elements from rank * N on.</param>
    /// <exception cref="ArgumentException">As for <see cref="AllReduce"/>, or the sizes do not match.</exception>
    ICollectiveHandle ReduceScatter(Tensor input, Tensor output);

    /// <summary>Puts the tensors of all ranks side by side.</summary>
    /// <param name="input">[N].</param>
    /// <param name="output">[W * N], another tensor.</param>
    /// <exception cref="ArgumentException">As for <see cref="AllReduce"/>, or the sizes do not match.</exception>
    ICollectiveHandle AllGather(Tensor input, Tensor output);

    /// <summary>Gives every rank the tensor of one.</summary>
    /// <param name="tensor">Of any shape.</param>
    /// <param name="root">The rank that has it.</param>
    /// <exception cref="ArgumentException">As for <see cref="AllReduce"/>, or there is no such rank.</exception>
    ICollectiveHandle Broadcast(Tensor tensor, int root = 0);

    /// <summary>Waits until every rank has come here.</summary>
    /// <exception cref="PeerLostException">A rank did not come in time.</exception>
    void Barrier();

    /// <summary>Ends all ranks that the engine can reach, and this process.</summary>
    /// <param name="exitCode">Exit code, not 0.</param>
    void Abort(int exitCode);
}

using T5GemmaSharp.Training.Distributed.Mpi;
using T5GemmaSharp.Training.Distributed.Nccl;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Joins the processes that a launcher has started.</summary>
public static class Ranks
{
    /// <summary>How long an operation may take, unless it is chosen.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Joins the other processes, and returns when all are there.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="environment">What the launcher says, see <see cref="LaunchEnvironment.Read()"/>.</param>
    /// <param name="device">Where this process computes.</param>
    /// <param name="timeout">How long an operation may take; null: <see cref="DefaultTimeout"/>.</param>
    /// <exception cref="EngineMissingException">There are several processes and no engine; the message says what to install.</exception>
    /// <exception cref="ArgumentException">The engine cannot reach the device.</exception>
    /// <exception cref="PeerLostException">The others did not come in time.</exception>
    public static ICollectives Join(DistributedEngine engine, LaunchEnvironment environment, Device device, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(device);
        var limit = timeout ?? DefaultTimeout;
        var isCuda = device.type == DeviceType.CUDA;
        return Resolve(engine, environment, isCuda) switch
        {
            DistributedEngine.Alone => new SingleCollectives(device),
            DistributedEngine.Nccl when isCuda => new NcclCollectives(environment, device, limit),
            DistributedEngine.Mpi when !isCuda => new MpiCollectives(environment, limit),
            var other => throw new ArgumentException($"engine: expected {(isCuda ? "Nccl for tensors on CUDA" : "Mpi for tensors on the CPU")}, got {other} for {device}", nameof(engine)),
        };
    }

    /// <summary>The engine that is meant.</summary>
    internal static DistributedEngine Resolve(DistributedEngine engine, LaunchEnvironment environment, bool isCuda)
        => engine != DistributedEngine.Auto ? engine : environment.World == 1 ? DistributedEngine.Alone : isCuda ? DistributedEngine.Nccl : DistributedEngine.Mpi;
}

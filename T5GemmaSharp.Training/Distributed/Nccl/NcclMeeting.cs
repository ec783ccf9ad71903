using T5GemmaSharp.Training.Distributed.Mpi;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>How the ranks learn where to meet: by NCCL's own rendezvous at an address that the launcher gives, or else by MPI, which launched them.</summary>
internal static class NcclMeeting
{
    // Every rank makes the same id of it, and rank 0 listens there.
    private const string AddressVariable = "NCCL_COMM_ID";

    /// <summary>The same id on every rank.</summary>
    /// <param name="nccl">The library.</param>
    /// <param name="environment">What the launcher says.</param>
    /// <param name="timeout">How long to wait for the others.</param>
    /// <param name="launcherGroup">The group of MPI by which they have met, to be kept as long as they work together; null: it was not needed.</param>
    /// <exception cref="EngineMissingException">The launcher gives no address, and there is no MPI.</exception>
    public static NcclUniqueId Agree(NcclLibrary nccl, LaunchEnvironment environment, TimeSpan timeout, out ICollectives? launcherGroup)
    {
        launcherGroup = null;
        if (environment.World > 1 && Environment.GetEnvironmentVariable(AddressVariable) is null)
        {
            if (environment is not { MasterAddress: { } address, MasterPort: { } port })
                return AgreeByMpi(nccl, launcherGroup = new MpiCollectives(environment, timeout));
            NativeEnvironment.Set(AddressVariable, address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}");
        }

        return nccl.UniqueId();
    }

    private static NcclUniqueId AgreeByMpi(NcclLibrary nccl, ICollectives ranks)
    {
        using var scope = NewDisposeScope();
        var id = ranks.Rank == 0 ? nccl.UniqueId() : default;
        var bytes = tensor(((ReadOnlySpan<byte>)id).ToArray());
        ranks.Broadcast(bytes).Wait();
        bytes.data<byte>().ToArray().CopyTo((Span<byte>)id);
        return id;
    }
}

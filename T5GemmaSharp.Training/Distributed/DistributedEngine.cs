namespace T5GemmaSharp.Training.Distributed;

/// <summary>What joins the processes of a training.</summary>
public enum DistributedEngine
{
    /// <summary>As the launcher's environment says: one process, or NCCL for those with GPUs and MPI for the others.</summary>
    Auto,

    /// <summary>One process, whatever the environment says.</summary>
    Alone,

    /// <summary>NVIDIA's NCCL, one GPU a process.</summary>
    Nccl,

    /// <summary>MPI, on CPUs: MPICH and what has its binary interface, or Open MPI.</summary>
    Mpi,
}

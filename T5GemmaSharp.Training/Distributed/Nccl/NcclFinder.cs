using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>Looks for NCCL: where PyTorch's packages and TorchSharp's have it, and where systems install it.</summary>
internal static class NcclFinder
{
    /// <summary>Variable that names the library.</summary>
    public const string Variable = "T5GEMMA_NCCL";

    private const string FileName = "libnccl.so.2";

    /// <summary>Paths and names to try.</summary>
    /// <param name="chosen">What the variable says; null: nothing.</param>
    /// <param name="loaded">Path of a copy that the process has loaded already; null: there is none.</param>
    /// <param name="libtorch">Folder of libtorch; null: unknown.</param>
    public static IReadOnlyList<string> Candidates(string? chosen, string? loaded, string? libtorch)
    {
        if (!string.IsNullOrEmpty(chosen))
            return [chosen];
        List<string> candidates = loaded is null ? [] : [loaded]; // a second copy beside it would have another state
        if (libtorch is not null)
        {
            candidates.Add(Path.GetFullPath(Path.Combine(libtorch, "..", "..", "nvidia", "nccl", "lib", FileName))); // of Python's packages
            candidates.Add(Path.Combine(libtorch, FileName));
            candidates.Add(Path.Combine(libtorch, LibtorchFolder.FileName("torch_cuda"))); // where it is linked in
        }

        candidates.Add(FileName);
        return candidates;
    }

    /// <summary>Loads the library.</summary>
    /// <exception cref="EngineMissingException">There is none; the message says what to install.</exception>
    public static NcclLibrary Find()
    {
        var candidates = Candidates(Environment.GetEnvironmentVariable(Variable), LoadedLibraries.Find("libnccl"), TorchNative.Describe().Folder);
        return candidates.Select(NcclLibrary.TryLoad).FirstOrDefault(library => library is not null) ?? throw new EngineMissingException(
            $"nccl: expected NVIDIA's NCCL for several GPUs, found none of {string.Join(", ", candidates)}; install libnccl2 from NVIDIA's repository, or take that of PyTorch (pip install nvidia-nccl-cu12), and name the file in {Variable}");
    }
}

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>How a product with a matrix is spread: the warps of a block share the inputs' axis, which may also be split over blocks.</summary>
/// <param name="Tiles">Tiles of 16 rows of the matrix.</param>
/// <param name="Warps">Warps of a block.</param>
/// <param name="Parts">Blocks that share the inputs' axis.</param>
internal readonly record struct MatrixShape(int Tiles, int Warps, int Parts)
{
    // A lane keeps the weights of a whole tile and its states in registers: so many pieces of 32 inputs at most.
    private const int MostPieces = 9;

    /// <summary>Blocks of a multiprocessor; each takes tiles in turn.</summary>
    public int BlocksPerMultiprocessor { get; init; } = 1;

    /// <summary>Blocks side by side on a device.</summary>
    public int BlocksX(int multiprocessors) => Math.Min(Tiles, Math.Max(1, multiprocessors * BlocksPerMultiprocessor / Parts));

    /// <summary>Chooses warps and parts.</summary>
    /// <param name="tiles">Tiles of 16 rows.</param>
    /// <param name="inputs">Inputs of the matrix, a multiple of 32.</param>
    /// <param name="splits">Whether blocks may share the inputs' axis: the sums' reader adds the parts.</param>
    /// <returns>Null when the axis is too long.</returns>
    public static MatrixShape? For(int tiles, int inputs, bool splits)
    {
        var pieces = inputs / 32;
        foreach (var warps in new[] { 8, 16 })
        {
            foreach (var parts in splits ? [1, 2, 4, 8] : new[] { 1 })
            {
                if (pieces % parts == 0 && pieces / parts <= MostPieces * warps)
                    return new MatrixShape(tiles, warps, parts);
            }
        }
        return null;
    }
}

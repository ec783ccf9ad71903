namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>How a product with a matrix is spread over the device.</summary>
/// <param name="Tiles">Tiles of 8 pairs of rows of the matrix.</param>
/// <param name="Warps">Warps of a block.</param>
/// <param name="Parts">Blocks that share the inputs' axis; whoever reads the sums adds them.</param>
/// <param name="Team">Warps that share the inputs' axis.</param>
/// <param name="Pairs">Pairs of rows that a team reads at once.</param>
internal readonly record struct MatrixShape(int Tiles, int Warps, int Parts, int Team, int Pairs)
{
    /// <summary>Multiprocessors of the device that the kernels were tuned on.</summary>
    public const int Multiprocessors = 132;

    private const int WarpsOfBlock = 8;

    // A lane keeps so many loads of each of its two matrix rows in registers: more would not fit, and these keep the memory busy.
    private const int MostLoads = 9;

    private const int LoadBits = 128;

    private const int LanesOfPiece = 4;

    private const int UnquantizedPiece = 32;

    private const int ChunkSize = 256;

    private const int TilePairs = 8;

    private const int TileRows = 8;

    private const int LoadBytes = 32 * 16; // of a warp

    private const int MostStateBytes = 180 * 1024; // of a multiprocessor's 227 KB, beside the sums

    /// <summary>Whether threads keep their states in shared memory: those of many rows do not fit in registers.</summary>
    public bool KeepsStates => StateBytes > 0;

    /// <summary>Shared memory for the states of a block.</summary>
    public int StateBytes { get; init; }

    /// <summary>Blocks of a multiprocessor; each takes tiles in turn.</summary>
    public int BlocksPerMultiprocessor { get; init; } = 1;

    private int PairsOfBlock => Warps / Team * Pairs;

    /// <summary>Blocks side by side on a device.</summary>
    public int BlocksX(int multiprocessors)
        => Math.Max(1, Math.Min(((Tiles * TilePairs) + PairsOfBlock - 1) / PairsOfBlock, multiprocessors * BlocksPerMultiprocessor / Parts));

    /// <summary>Spreads a product with one row of states: teams of warps read pairs of matrix rows.</summary>
    /// <param name="tiles">Tiles of 8 pairs.</param>
    /// <param name="inputs">Inputs of the matrix.</param>
    /// <returns>Null when the axis is too long.</returns>
    public static MatrixShape? ForRow(int tiles, int inputs)
    {
        var chunks = (inputs + ChunkSize - 1) / ChunkSize;
        // A small matrix with long rows would leave half of the device's warps without any.
        for (var team = tiles <= Multiprocessors && chunks >= MostLoads - 1 ? 2 : 1; team <= WarpsOfBlock; team *= 2)
        {
            if (chunks <= MostLoads * team)
                return new MatrixShape(tiles, WarpsOfBlock, Parts: 1, team, Pairs: 1) { BlocksPerMultiprocessor = 2 };
        }
        return null;
    }

    /// <summary>Spreads a product with several rows of states: the warps of a block share the inputs' axis.</summary>
    /// <param name="tiles">Tiles of 16 rows.</param>
    /// <param name="inputs">Inputs of the matrix, a multiple of 32.</param>
    /// <param name="splits">Whether blocks may share the axis as well.</param>
    /// <param name="rows">Rows of states.</param>
    /// <param name="bits">Bits of a weight. Quantized matrices are spread as bf16 ones are, so that as many warps are at work; each loads less.</param>
    /// <returns>Null when the axis is too long.</returns>
    public static MatrixShape? ForRows(int tiles, int inputs, bool splits, int rows, int bits)
    {
        var columns = (rows + TileRows - 1) / TileRows;
        var pieces = inputs / UnquantizedPiece;
        var pieceSize = LanesOfPiece * LoadBits / bits;
        foreach (var warps in new[] { WarpsOfBlock, 2 * WarpsOfBlock })
        {
            foreach (var parts in splits ? [1, 2, 4, 8] : new[] { 1 })
            {
                if (pieces / parts <= MostLoads * warps && (parts == 1 || inputs % (parts * pieceSize) == 0))
                {
                    var loads = ((inputs / parts) + (pieceSize * warps) - 1) / (pieceSize * warps);
                    var bytes = columns * loads * (pieceSize / UnquantizedPiece) * warps * LoadBytes;
                    return new MatrixShape(tiles, warps, parts, Team: warps, Pairs: TilePairs) { StateBytes = columns > 2 && bytes <= MostStateBytes ? bytes : 0 };
                }
            }
        }
        return null;
    }
}

using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>What <c>mpi.h</c> has as constants: numbers in MPICH (and Intel MPI, Cray MPICH, MVAPICH, which have its binary interface), addresses of exported objects in Open MPI.</summary>
internal sealed record MpiConstants
{
    /// <summary>Whose binary interface it is.</summary>
    public required string Family { get; init; }

    public required nint World { get; init; }

    public required nint Sum { get; init; }

    public required nint ErrorsReturn { get; init; }

    public required nint InPlace { get; init; }

    public required nint StatusIgnore { get; init; }

    public required nint Float { get; init; }

    public required nint Double { get; init; }

    public required nint Int64 { get; init; }

    public required nint UInt16 { get; init; }

    public required nint Byte { get; init; }

    /// <summary>The constants of MPICH.</summary>
    public static MpiConstants Mpich { get; } = new()
    {
        Family = "MPICH",
        World = 0x44000000,
        Sum = 0x58000003,
        ErrorsReturn = 0x54000001,
        InPlace = -1,
        StatusIgnore = 1,
        Float = 0x4c00040a,
        Double = 0x4c00080b,
        Int64 = 0x4c00083a,
        UInt16 = 0x4c00023c,
        Byte = 0x4c00010d,
    };

    /// <summary>Those of a loaded library.</summary>
    /// <exception cref="EntryPointNotFoundException">It looks like Open MPI, and lacks an object.</exception>
    public static MpiConstants Of(nint library) => !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out var world) ? Mpich : new MpiConstants
    {
        Family = "Open MPI",
        World = world,
        Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
        ErrorsReturn = NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
        InPlace = 1,
        StatusIgnore = 0,
        Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
        Double = NativeLibrary.GetExport(library, "ompi_mpi_double"),
        Int64 = NativeLibrary.GetExport(library, "ompi_mpi_int64_t"),
        UInt16 = NativeLibrary.GetExport(library, "ompi_mpi_uint16_t"),
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
    };

    /// <summary>The type of a tensor's elements; bfloat16 has none of its own, and a sum of its own.</summary>
    public nint Type(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => Float,
        ScalarType.Float64 => Double,
        ScalarType.Int64 => Int64,
        ScalarType.BFloat16 => UInt16,
        _ => Byte,
    };
}

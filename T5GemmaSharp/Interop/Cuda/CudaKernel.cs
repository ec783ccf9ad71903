namespace T5GemmaSharp.Interop.Cuda;

/// <summary>A kernel that takes one structure as its argument.</summary>
internal sealed unsafe class CudaKernel(nint function)
{
    private const int PortableClusterLimit = 8;

    private int _sharedLimit;
    private bool _allowsLargeClusters;

    /// <summary>Starts the kernel on a stream.</summary>
    /// <typeparam name="T">The argument's layout, that of the kernel's source.</typeparam>
    /// <param name="stream">The stream, which may be recording.</param>
    /// <param name="shape">Blocks and threads.</param>
    /// <param name="argument">The argument, copied at once.</param>
    /// <exception cref="CudaException">The driver refuses the launch.</exception>
    public void Launch<T>(nint stream, in LaunchShape shape, T argument)
        where T : unmanaged
    {
        Prepare(shape);
        var attributes = stackalloc LaunchAttribute[2];
        uint count = 0;
        if (shape.ClusterSize > 1)
            attributes[count++] = LaunchAttribute.Cluster((uint)shape.ClusterSize);
        if (shape.StartsEarly)
            attributes[count++] = LaunchAttribute.ProgrammaticStart();
        var configuration = new LaunchConfiguration
        {
            GridX = (uint)shape.BlocksX,
            GridY = (uint)shape.BlocksY,
            GridZ = 1,
            BlockX = (uint)shape.Threads,
            BlockY = 1,
            BlockZ = 1,
            SharedBytes = (uint)shape.SharedBytes,
            Stream = stream,
            Attributes = attributes,
            AttributeCount = count,
        };
        void* pointer = &argument;
        CudaDriver.Required.Launch(&configuration, function, &pointer);
    }

    private void Prepare(in LaunchShape shape)
    {
        // What the kernel declares counts too, so that less than the default of 48 KB may already need leave.
        if (shape.SharedBytes > _sharedLimit)
        {
            CudaDriver.Required.SetAttribute(function, FunctionAttribute.MaxDynamicSharedSize, shape.SharedBytes);
            _sharedLimit = shape.SharedBytes;
        }
        if (shape.ClusterSize > PortableClusterLimit && !_allowsLargeClusters)
        {
            CudaDriver.Required.SetAttribute(function, FunctionAttribute.NonPortableClusterSize, 1);
            _allowsLargeClusters = true;
        }
    }
}

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>A recorded series of launches that the device runs without the host. What the launches point to must outlive it.</summary>
internal sealed class CudaGraph : IDisposable
{
    private nint _executable;

    private CudaGraph(nint executable) => _executable = executable;

    /// <summary>Records launches.</summary>
    /// <param name="record">Launches on the stream that it is given; it must not wait for the device.</param>
    /// <exception cref="CudaException">A launch was refused.</exception>
    public static CudaGraph Record(Action<nint> record)
    {
        var driver = CudaDriver.Required;
        var stream = driver.CreateStream();
        try
        {
            nint graph = 0;
            driver.BeginCapture(stream);
            try
            {
                record(stream);
            }
            finally
            {
                graph = driver.EndCapture(stream); // also after a fault, or the stream could not be destroyed
            }
            try
            {
                return new CudaGraph(driver.Instantiate(graph));
            }
            finally
            {
                driver.DestroyGraph(graph);
            }
        }
        finally
        {
            driver.DestroyStream(stream);
        }
    }

    /// <summary>Runs the launches in order.</summary>
    /// <param name="stream">Where; 0 is the default stream.</param>
    public void Launch(nint stream)
    {
        ObjectDisposedException.ThrowIf(_executable == 0, this);
        CudaDriver.Required.LaunchGraph(_executable, stream);
    }

    public void Dispose()
    {
        if (_executable == 0)
            return;
        CudaDriver.Required.DestroyExecutable(_executable);
        _executable = 0;
    }
}

using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>The group of one process.</summary>
/// <param name="device">Where its tensors are.</param>
public sealed class SingleCollectives(Device device) : ICollectives
{
    /// <inheritdoc/>
    public string Engine => "single";

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int World => 1;

    /// <inheritdoc/>
    public int LocalRank => 0;

    /// <inheritdoc/>
    public Device Device => device;

    /// <inheritdoc/>
    public TimeSpan Timeout => System.Threading.Timeout.InfiniteTimeSpan;

    /// <inheritdoc/>
    public ICollectiveHandle AllReduce(Tensor tensor)
    {
        this.CheckSum(tensor, nameof(tensor));
        return CompletedHandle.Instance;
    }

    /// <inheritdoc/>
    public ICollectiveHandle ReduceScatter(Tensor input, Tensor output)
    {
        this.CheckSum(input, nameof(input));
        this.CheckStretches(input, output);
        return Copy(input, output);
    }

    /// <inheritdoc/>
    public ICollectiveHandle AllGather(Tensor input, Tensor output)
    {
        this.Check(input, nameof(input));
        this.CheckStretches(output, input);
        return Copy(input, output);
    }

    /// <inheritdoc/>
    public ICollectiveHandle Broadcast(Tensor tensor, int root = 0)
    {
        this.Check(tensor, nameof(tensor));
        this.CheckRoot(root);
        return CompletedHandle.Instance;
    }

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public void Abort(int exitCode) => NativeEnvironment.EndProcess(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private CompletedHandle Copy(Tensor input, Tensor output)
    {
        this.Check(output, nameof(output));
        using var noGrad = no_grad();
        output.view(-1).copy_(input.view(-1));
        return CompletedHandle.Instance;
    }
}

namespace T5GemmaSharp.Training.Distributed;

/// <summary>An operation that is going on.</summary>
public interface ICollectiveHandle
{
    /// <summary>Returns when the results may be used: on the CPU when they are there, on CUDA as soon as all that torch computes from now on comes after them.</summary>
    /// <exception cref="PeerLostException">Another rank has ended, or did not answer within <see cref="ICollectives.Timeout"/>.</exception>
    void Wait();
}

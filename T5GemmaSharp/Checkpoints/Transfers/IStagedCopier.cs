namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>Copies from buffers of its own while the next one is filled. Used by the thread that made it alone.</summary>
internal interface IStagedCopier : IDisposable
{
    /// <summary>A buffer from which no copy is under way any more.</summary>
    Span<byte> NextBuffer();

    /// <summary>Starts to copy what the newest buffer holds.</summary>
    void Copy(TransferChunk chunk);

    /// <summary>Waits until all copies have ended.</summary>
    void Finish();
}

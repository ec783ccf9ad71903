using System.Runtime.ExceptionServices;

namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>Reads pieces by several threads and hands each to the copier of its thread. Memory is that of the copiers' buffers.</summary>
internal static class StagedTransfer
{
    /// <summary>Fills a buffer with a piece. Called by several threads at once.</summary>
    public delegate void Reader(TransferChunk chunk, Span<byte> buffer);

    /// <summary>Moves all pieces.</summary>
    /// <param name="chunks">The pieces.</param>
    /// <param name="readers">Most threads.</param>
    /// <param name="read">Reads a piece.</param>
    /// <param name="create">Makes the copier of the thread that calls it.</param>
    /// <exception cref="Exception">The first fault of any thread, after all have ended; what was copied by then is undefined.</exception>
    public static void Run(IReadOnlyList<TransferChunk> chunks, int readers, Reader read, Func<IStagedCopier> create)
    {
        var next = -1;
        ExceptionDispatchInfo? fault = null;
        var threads = Enumerable.Range(0, Math.Min(readers, chunks.Count)).Select(_ => new Thread(Work) { IsBackground = true, Name = "checkpoint reader" }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        fault?.Throw();

        void Work()
        {
            try
            {
                using var copier = create();
                while (Volatile.Read(ref fault) is null && Interlocked.Increment(ref next) is var index && index < chunks.Count)
                {
                    read(chunks[index], copier.NextBuffer()[..chunks[index].LengthInBytes]);
                    copier.Copy(chunks[index]);
                }
                copier.Finish();
            }
            catch (Exception exception)
            {
                // Every fault is the caller's to see; the other threads stop at their next piece.
                Interlocked.CompareExchange(ref fault, ExceptionDispatchInfo.Capture(exception), null);
            }
        }
    }
}

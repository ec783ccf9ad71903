using System.Runtime.ExceptionServices;
using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Folders that several ranks fill together, on a file system that all of them see, and that appear whole or not at all.</summary>
internal static class SharedFolder
{
    /// <summary>Fills a temporary sibling from all ranks; rank 0 renames it when all are done. Every rank has to call it.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="folder">The folder; it must not exist, or be empty.</param>
    /// <param name="fill">Writes this rank's files into the folder it is given.</param>
    /// <exception cref="IOException">The folder holds something, or a file of this or another rank cannot be written.</exception>
    /// <exception cref="PeerLostException">Another rank did not come in time.</exception>
    public static void Write(ICollectives ranks, string folder, Action<string> fill)
    {
        var temporary = ranks.FromFirst(AtomicFolder.TemporarySibling(folder));
        try
        {
            Together(ranks, folder, () => OnFirst(() => Directory.CreateDirectory(temporary)));
            Together(ranks, folder, () => fill(temporary));
            Together(ranks, folder, () => OnFirst(() => AtomicFolder.Publish(temporary, folder)));
        }
        finally
        {
            OnFirst(() => AtomicFolder.Remove(temporary));
        }

        void OnFirst(Action action)
        {
            if (ranks.Rank == 0)
                action();
        }
    }

    /// <summary>Does something on every rank, and fails on all if one fails.</summary>
    private static void Together(ICollectives ranks, string folder, Action action)
    {
        Exception? fault = null;
        try
        {
            action();
        }
        catch (Exception exception)
        {
            fault = exception; // the others wait for the word of this rank
        }

        var faults = ranks.Sum([fault is null ? 0L : 1L])[0];
        if (fault is not null)
            ExceptionDispatchInfo.Throw(fault);
        if (faults > 0)
            throw new IOException($"{folder}: expected every rank to write its part, {faults} of {ranks.World} could not; what was there before is unchanged");
    }
}

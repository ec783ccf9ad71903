using System.Collections.Concurrent;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Data;

/// <summary>Makes the examples of the next steps ready on a thread of its own, a few steps ahead.</summary>
internal sealed class StepLoader : IDisposable
{
    private const int StepsAhead = 4;

    private readonly BlockingCollection<TrainingStep> _ready = new(StepsAhead);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private Exception? _failure;

    /// <summary>Starts.</summary>
    /// <param name="task">The task.</param>
    /// <param name="options">Sizes of batches and the seed.</param>
    /// <param name="start">Position of the first batch.</param>
    /// <param name="ranks">Ranks to which the micro-batches of a step are dealt in turn; null: there is one.</param>
    /// <exception cref="ArgumentException">There are fewer examples than one batch takes.</exception>
    public StepLoader(ITrainingTask task, TrainingOptions options, BatchPosition start, ICollectives? ranks = null)
    {
        // Here, so that a fault of the settings is the caller's exception.
        var cursor = new BatchCursor(epoch => BatchPlan.Create(task.CountOf(epoch), index => task.LengthOf(epoch, index), options.Batch, options.Seed, epoch), start);
        _work = Task.Factory.StartNew(() => Load(task, options.MicroBatch, cursor, ranks?.Rank ?? 0, ranks?.World ?? 1), TaskCreationOptions.LongRunning);
    }

    /// <summary>Waits for the next step.</summary>
    public TrainingStep Next()
    {
        if (_ready.TryTake(out var step, Timeout.Infinite))
            return step;
        throw _failure!; // nothing comes any more only after a failure
    }

    public void Dispose()
    {
        _stop.Cancel();
        _work.Wait();
        _ready.Dispose();
        _stop.Dispose();
    }

    private void Load(ITrainingTask task, BatchLimits microBatch, BatchCursor cursor, int rank, int world)
    {
        try
        {
            while (true)
            {
                var (epoch, indices) = cursor.Next();
                var parts = microBatch.ForRanks(indices.Length, world).Cut(indices, index => task.LengthOf(epoch, index))
                    .Where((_, number) => number % world == rank).Select(part => task.Prepare(epoch, part));
                _ready.Add(new TrainingStep([.. parts], cursor.Position, cursor.Epochs), _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The run is over.
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
        finally
        {
            _ready.CompleteAdding();
        }
    }
}

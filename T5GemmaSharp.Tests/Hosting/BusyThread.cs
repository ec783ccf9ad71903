using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary>Keeps a model thread busy, so that requests wait.</summary>
internal sealed class BusyThread : IAsyncDisposable
{
    private readonly ManualResetEventSlim _release = new();
    private CallWork<bool>? _call;

    /// <summary>Returns when the thread is busy.</summary>
    public static async Task<BusyThread> Of(T5GemmaEngine engine)
    {
        var busy = new BusyThread();
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        busy._call = await engine.SubmitAsync(
            _ => new CallWork<bool>(
                _ =>
                {
                    began.SetResult();
                    busy._release.Wait(TimeSpan.FromSeconds(30));
                    return true;
                },
                inputTokens: 0,
                Timeout.InfiniteTimeSpan,
                CancellationToken.None)
            {
                Operation = "test",
            },
            CancellationToken.None);
        await began.Task;
        return busy;
    }

    public void Release() => _release.Set();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _call!.Result; // Of has set it
        _release.Dispose();
    }
}

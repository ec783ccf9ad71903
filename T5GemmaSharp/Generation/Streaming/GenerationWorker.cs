using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using T5GemmaSharp.Tokenization;
using TorchSharp;

namespace T5GemmaSharp.Generation.Streaming;

/// <summary>
/// The one thread that runs a model for any number of callers: streams take turns step by step, and other work runs between steps. While it exists nobody else may
/// use the model. Thread-safe.
/// </summary>
/// <remarks>HF: <c>TextIteratorStreamer</c> does the same for one call.</remarks>
public sealed class GenerationWorker : IDisposable
{
    private const int Capacity = 32; // tokens that a reader may lag behind

    private readonly T5GemmaForConditionalGeneration _model;
    private readonly T5GemmaTokenizer _tokenizer;
    private readonly ConcurrentQueue<IModelWork> _arrived = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly Thread _thread;
    private volatile bool _isDisposed;

    /// <summary>Starts the thread.</summary>
    /// <param name="model">The model, which stays the caller's.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public GenerationWorker(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_model, _tokenizer) = (model, tokenizer);
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(GenerationWorker) };
        _thread.Start();
    }

    /// <summary>Generates token by token.</summary>
    /// <param name="request">Source and settings.</param>
    /// <param name="cancellationToken">Ends the stream between two steps. So does leaving the loop over it.</param>
    /// <returns>The tokens; faults of the request and of the model are thrown to the reader.</returns>
    /// <exception cref="ArgumentException">There is not exactly one source.</exception>
    /// <exception cref="ObjectDisposedException">The worker is disposed.</exception>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(StreamRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (request.InputIds is null == request.Source is null)
            throw new ArgumentException($"request: expected exactly one of inputIds and source, got {(request.InputIds is null ? "neither" : "both")}", nameof(request));
        return ReadAsync(request, cancellationToken);
    }

    /// <summary>Runs a function between the steps of streams, for example an encoder pass or a whole batch.</summary>
    /// <typeparam name="T">Type of the result: plain values, or objects that own their tensors; the function's dispose scope ends with it.</typeparam>
    /// <param name="function">The function.</param>
    /// <param name="cancellationToken">Drops the work if it has not begun.</param>
    /// <exception cref="ObjectDisposedException">The worker is disposed.</exception>
    public Task<T> RunAsync<T>(Func<T5GemmaForConditionalGeneration, T> function, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var call = new ModelCall<T>(function, _model, cancellationToken);
        Enqueue(call);
        return call.Result;
    }

    /// <summary>Ends every stream with an exception and waits for the step in progress.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _signal.Release();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        StopArrived();
    }

    private async IAsyncEnumerable<GeneratedToken> ReadAsync(StreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = new TokenStream(_model, _tokenizer, request, Capacity, cancellationToken);
        await using var registration = cancellationToken.Register(() => _signal.Release());
        Enqueue(stream);
        try
        {
            await foreach (var token in stream.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                _signal.Release(); // there is room again
                yield return token;
            }
        }
        finally
        {
            stream.Abandon();
            _signal.Release();
        }
    }

    private void Enqueue(IModelWork work)
    {
        _arrived.Enqueue(work);
        _signal.Release();
    }

    private void Run()
    {
        using var noGrad = torch.no_grad();
        var active = new List<IModelWork>();
        while (!_isDisposed)
        {
            while (_arrived.TryDequeue(out var work))
                active.Add(work);
            var ready = active.FindAll(work => work.IsReady);
            if (ready.Count == 0)
            {
                _signal.Wait();
                continue;
            }

            foreach (var work in ready)
            {
                if (work.Advance())
                    active.Remove(work);
            }
        }

        active.ForEach(work => work.Stop(new ObjectDisposedException(nameof(GenerationWorker))));
        StopArrived();
    }

    private void StopArrived()
    {
        while (_arrived.TryDequeue(out var work))
            work.Stop(new ObjectDisposedException(nameof(GenerationWorker)));
    }
}

using T5GemmaSharp.Caching;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>
/// Runs the decoder step by step for the rows of one generation: rows share their source's encoder states, the first step runs once a source, rows that have
/// ended are left out of the model.
/// </summary>
internal sealed class DecoderRunner : IDisposable
{
    private readonly EncodedSource _source;
    private readonly GenerationSettings _settings;
    private readonly StepRecords? _records;
    private readonly int _rowsPerSource;
    private readonly EncoderDecoderCache? _cache;
    private readonly CpuDecodeEngine? _engine;
    private readonly CudaDecodeEngine? _deviceEngine;
    private readonly Tensor? _promptMask;
    private readonly TensorSlot _rowIndex = new(); // the rows that the model still computes
    private readonly TensorSlot _sourceIndex = new(); // the sources of these rows
    private int[] _rows = [];
    private bool _isExpanded;

    /// <summary>Prepares the decoder.</summary>
    /// <param name="source">The sources [B].</param>
    /// <param name="settings">The settings.</param>
    /// <param name="rowsPerSource">Rows of each source.</param>
    /// <param name="promptMask">Which tokens of the prompt are real, [B, prompt]; null: all.</param>
    /// <param name="records">Receives the states of every step; null: nobody wants them.</param>
    /// <param name="keepsWholeCache">Whether tokens may be taken back, so that sliding layers must not forget any.</param>
    public DecoderRunner(EncodedSource source, GenerationSettings settings, int rowsPerSource, Tensor? promptMask, StepRecords? records, bool keepsWholeCache = false)
    {
        (_source, _settings, _rowsPerSource, _promptMask, _records) = (source, settings, rowsPerSource, promptMask, records);
        Compute([.. Enumerable.Range(0, RowCount)]);
        var isOnCuda = source.EncoderOutputs.LastHiddenState.device_type == DeviceType.CUDA;
        var reason = Refuse(keepsWholeCache, isOnCuda);
        var allowsEngine = reason is null;
        if (allowsEngine && isOnCuda)
            _deviceEngine = CudaDecodeEngine.TryCreate(source, rowsPerSource, settings, draws: null, out reason);
        if (_deviceEngine is not null)
        {
            Route = new DecodingRoute(DecodingEngine.CudaGraph, Reason: null);
            return;
        }
        FusedOnly.Check(Config, "the decoding", reason ?? "the model is on the CPU");
        if (settings.UseCache)
            _cache = new EncoderDecoderCache(SelfAttentionCache(keepsWholeCache), source.CrossAttentionCache());
        if (allowsEngine && !isOnCuda)
            _engine = CpuDecodeEngine.TryCreate(source.Model, RowCount, CpuDecodeEngine.DefaultThreads(), out reason);
        Route = new DecodingRoute(_engine is null ? DecodingEngine.Modules : DecodingEngine.CpuKernels, reason);
    }

    /// <summary>Who computes the steps.</summary>
    public DecodingRoute Route { get; }

    /// <summary>Number of rows, ended ones included.</summary>
    public int RowCount => (int)_source.BatchSize * _rowsPerSource;

    private T5GemmaModuleConfig Config => _source.Model.Config.Decoder;

    /// <summary>To be held during a step: where the step has threads of its own, torch's operators around it are kept from waking others.</summary>
    public OpenMp.Restriction StepThreads() => _engine is not null && _isExpanded ? OpenMp.OneThread() : default;

    /// <summary>Logits of the next token.</summary>
    /// <param name="sequences">Ids so far of all rows [rows, length].</param>
    /// <returns>[rows, V], float32; zeros for rows that are left out.</returns>
    public Tensor NextLogits(Tensor sequences)
    {
        using var scope = NewDisposeScope();
        if (_deviceEngine is not null)
            return scope.MoveToOuter(DeviceLogits(_deviceEngine, sequences));
        return scope.MoveToOuter(AllRows(Run(sequences, logitsToKeep: 1).select(1, -1)));
    }

    /// <summary>Logits of the last positions; only while every row is computed.</summary>
    /// <param name="sequences">Ids so far [rows, length].</param>
    /// <param name="count">Number of positions.</param>
    /// <returns>[rows, count, V], float32.</returns>
    public Tensor LastLogits(Tensor sequences, long count) => Run(sequences, count);

    /// <summary>Leaves rows out of the model from now on. Their cache entries are freed.</summary>
    /// <param name="isActive">Of every row, whether it goes on; a row that is left out already cannot come back.</param>
    public void KeepRows(IReadOnlyList<bool> isActive)
    {
        if (_deviceEngine is not null || _records is { NeedsAllRows: true } || Array.TrueForAll(_rows, row => isActive[row]))
            return;
        using var scope = NewDisposeScope();
        var places = Enumerable.Range(0, _rows.Length).Where(place => isActive[_rows[place]]).Select(place => (long)place).ToArray();
        if (places.Length > 0)
            _cache?.Reorder(Index(places));
        Compute([.. places.Select(place => _rows[place])]);
    }

    /// <summary>Follows beams: each row goes on from another one of the same source.</summary>
    /// <param name="beamIdx">Row that each row goes on from [rows], int64.</param>
    public void Reorder(Tensor beamIdx)
    {
        if (_deviceEngine is not null)
            _deviceEngine.Reorder(beamIdx);
        if (_cache is null)
            return;
        using var scope = NewDisposeScope();
        var from = beamIdx.cpu().data<long>().ToArray();
        var placeOf = new long[RowCount];
        for (var place = 0; place < _rows.Length; place++)
            placeOf[_rows[place]] = place;

        // The rows of a source have the same cross-attention entries, so only the others move.
        var places = _rows.Select(row => placeOf[from[row]]).ToArray();
        _cache.SelfAttentionCache.Reorder(Index(places));
    }

    /// <summary>Takes back the newest tokens.</summary>
    /// <param name="length">Tokens to keep.</param>
    public void Crop(long length) => _cache?.Crop(length);

    public void Dispose()
    {
        _engine?.Dispose();
        _deviceEngine?.Dispose();
        _cache?.Dispose();
        _rowIndex.Dispose();
        _sourceIndex.Dispose();
    }

    private string? Refuse(bool keepsWholeCache, bool isOnCuda)
    {
        if (!_settings.UseCache)
            return "use_cache is false";
        if (_settings.OutputAttentions || _settings.OutputHiddenStates)
            return "attention probabilities or hidden states were asked for";
        if (keepsWholeCache)
            return "drafts are checked several tokens at a time";
        return isOnCuda && _promptMask is not null ? "the beginnings of the answers have padding" : null;
    }

    private void Compute(int[] rows)
    {
        _rows = rows;
        _rowIndex.Value = Index(rows.Select(row => (long)row));
        _sourceIndex.Value = Index(rows.Select(row => (long)(row / _rowsPerSource)));
    }

    private Tensor Index(IEnumerable<long> numbers)
        => torch.tensor(numbers.ToArray(), dtype: ScalarType.Int64, device: _source.EncoderOutputs.LastHiddenState.device);

    private Tensor DeviceLogits(CudaDecodeEngine engine, Tensor sequences)
    {
        if (!_isExpanded)
            engine.Start(sequences);
        _isExpanded = true;
        return engine.NextLogits(sequences.narrow(1, -1, 1)).clone(); // the caller changes them in place
    }

    private KeyValueCache SelfAttentionCache(bool keepsWholeCache)
    {
        if (_settings.UseStaticCache)
            return new StaticCache(Config, _settings.MaxLength - 1);
        return keepsWholeCache ? new DynamicCache(Config.NumHiddenLayers) : new DynamicCache(Config);
    }

    private Tensor Run(Tensor sequences, long logitsToKeep)
    {
        using var scope = NewDisposeScope();
        var isFirst = !_isExpanded;
        var past = _cache?.SequenceLength ?? 0;
        var ids = (isFirst ? OneRowASource(sequences) : OfRows(sequences)).narrow(1, past, sequences.size(1) - past);
        var states = _source.EncoderOutputs.LastHiddenState;
        var inputs = new T5GemmaInputs
        {
            EncoderOutputs = new BaseModelOutput { LastHiddenState = isFirst ? states : ExpandedStates(states) },
            AttentionMask = _source.AttentionMask is { } mask ? isFirst ? mask : OfSources(mask) : null,
            DecoderInputIds = ids,
            DecoderAttentionMask = _promptMask is { } prompt ? DecoderMask(prompt, sequences.size(1), isFirst) : null,
            PastKeyValues = _cache,
            UseCache = _cache is not null,
            LogitsToKeep = logitsToKeep,
            OutputAttentions = _settings.OutputAttentions,
            OutputHiddenStates = _settings.OutputHiddenStates,
        };
        if (!isFirst && _engine is not null && ids.size(1) == 1)
            return scope.MoveToOuter(_engine.Logits(inputs));
        var output = _source.Model.call(inputs);
        var logits = output.Logits.to(ScalarType.Float32, copy: true);
        if (isFirst)
        {
            if (_cache is not null)
                _source.Keep(_cache.CrossAttentionCache);
            _isExpanded = true;
            if (_rowsPerSource > 1)
            {
                _cache?.RepeatInterleave(_rowsPerSource);
                logits = logits.repeat_interleave(_rowsPerSource, dim: 0);
            }
        }

        _records?.AddStates(output);
        return scope.MoveToOuter(logits);
    }

    // The first step needs one row a source: those of a source are still equal.
    private Tensor OneRowASource(Tensor sequences) => sequences.reshape(_source.BatchSize, _rowsPerSource, -1).select(1, 0);

    private Tensor OfRows(Tensor tensor) => _rows.Length == RowCount ? tensor : tensor.index_select(0, _rowIndex.Value);

    private Tensor OfSources(Tensor tensor) => _rows.Length == _source.BatchSize && _rowsPerSource == 1 ? tensor : tensor.index_select(0, _sourceIndex.Value);

    private Tensor DecoderMask(Tensor promptMask, long length, bool isFirst)
    {
        var prompt = isFirst ? promptMask : OfSources(promptMask);
        var rest = torch.ones([prompt.size(0), length - prompt.size(1)], dtype: prompt.dtype, device: prompt.device);
        return torch.cat([prompt, rest], dim: 1);
    }

    // With a cache the layers read keys and values from it; the states then only have to have the right shape.
    private Tensor ExpandedStates(Tensor states) => _cache is null
        ? OfSources(states)
        : states.narrow(0, 0, 1).expand(_rows.Length, -1, -1);

    private Tensor AllRows(Tensor logits)
    {
        if (_rows.Length == RowCount)
            return logits;
        var all = torch.zeros([RowCount, logits.size(1)], dtype: logits.dtype, device: logits.device);
        return all.index_copy_(0, _rowIndex.Value, logits);
    }
}

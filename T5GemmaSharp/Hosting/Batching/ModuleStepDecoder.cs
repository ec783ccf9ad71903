using T5GemmaSharp.Caching;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>The modules, or the library's kernels for the CPU, over a cache of slots: masks and positions of each row make them right for rows of different age.</summary>
internal sealed class ModuleStepDecoder : IStepDecoder
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly SlotCache _self;
    private readonly SlotCache _cross;
    private readonly CpuDecodeEngine? _engine;
    private readonly Device _device;
    private readonly ScalarType _dtype;

    /// <summary>Prepares for a model.</summary>
    /// <param name="model">The model; its weights must not change from now on.</param>
    /// <param name="maxRows">Most rows.</param>
    public ModuleStepDecoder(T5GemmaForConditionalGeneration model, int maxRows)
    {
        (_model, _device, _dtype) = (model, model.Device, model.DType);
        _self = new SlotCache(Config.NumHiddenLayers, maxRows);
        _cross = new SlotCache(Config.NumHiddenLayers, maxRows);
        string? reason = "rows that join and leave between steps run on the modules on this device";
        if (_device.type == DeviceType.CPU)
            _engine = CpuDecodeEngine.TryCreate(model, maxRows, CpuDecodeEngine.DefaultThreads(), out reason);
        Route = new DecodingRoute(_engine is null ? DecodingEngine.Modules : DecodingEngine.CpuKernels, reason);
    }

    public DecodingRoute Route { get; }

    public int Count => _self.Lengths.Count;

    private T5GemmaModuleConfig Config => _model.Config.Decoder;

    public Tensor Add(IReadOnlyList<IReadOnlyList<int>> sources, IReadOnlyList<long> startIds)
    {
        using var scope = NewDisposeScope();
        using var cache = new EncoderDecoderCache(new DynamicCache(Config.NumHiddenLayers), new DynamicCache(Config.NumHiddenLayers));
        var batch = PaddedIds.Of(sources, _model.Config.PadTokenId, _device);
        var output = _model.call(new T5GemmaInputs
        {
            InputIds = batch.Ids,
            AttentionMask = batch.Mask,
            DecoderInputIds = torch.tensor(startIds.ToArray(), [sources.Count, 1], dtype: ScalarType.Int64, device: _device),
            PastKeyValues = cache,
            UseCache = true,
            LogitsToKeep = 1,
        });
        var logits = output.Logits.select(1, -1).to(ScalarType.Float32, copy: true);
        var before = Count;
        try
        {
            _cross.Add(cache.CrossAttentionCache, [.. sources.Select(source => (long)source.Count)]);
            _self.Add(cache.SelfAttentionCache, [.. sources.Select(_ => 1L)]);
        }
        catch
        {
            Shrink(_self, before);
            Shrink(_cross, before);
            throw;
        }

        return scope.MoveToOuter(logits);
    }

    public Tensor Step(int first, IReadOnlyList<long> newestIds)
    {
        using var threads = _engine is null ? default : OpenMp.OneThread();
        using var scope = NewDisposeScope();
        var count = newestIds.Count;
        var positions = Positions(first, count);
        _self.ShowNext(first, count, positions);
        _cross.Show(first, count);
        var states = torch.zeros([1, 1, 1], dtype: _dtype, device: _device); // the cache has the sources' keys and values; only the shape counts
        var inputs = new T5GemmaInputs
        {
            EncoderOutputs = new BaseModelOutput { LastHiddenState = states.expand(count, _cross.Longest(first, count), Config.CrossAttentionHiddenSize ?? 1) },
            AttentionMask = SourceMask(first, count),
            DecoderInputIds = torch.tensor(newestIds.ToArray(), [count, 1], dtype: ScalarType.Int64, device: _device),
            DecoderAttentionMask = positions is null ? null : SelfMask(positions, _self.Longest(first, count) + 1),
            DecoderPositionIds = positions?.view(count, 1),
            PastKeyValues = new EncoderDecoderCache(_self, _cross), // a pair of references; what it holds is ours
            UseCache = true,
            LogitsToKeep = 1,
        };
        var logits = _engine?.Logits(inputs) ?? _model.call(inputs).Logits.to(ScalarType.Float32, copy: true);
        _self.Extend(first, count);
        return scope.MoveToOuter(logits.select(1, -1));
    }

    public void RemoveAt(int row)
    {
        _self.RemoveAt(row);
        _cross.RemoveAt(row);
    }

    public void Dispose()
    {
        _self.Clear();
        _cross.Clear();
        _engine?.Dispose();
    }

    private static void Shrink(SlotCache cache, int count)
    {
        while (cache.Lengths.Count > count)
            cache.RemoveAt(cache.Lengths.Count - 1);
    }

    // Null where all rows are of one age: then everything is as in a batch that began together.
    private Tensor? Positions(int first, int count) => _self.AreEqual(first, count) ? null : Lengths(_self, first, count);

    private Tensor? SourceMask(int first, int count)
    {
        if (_cross.AreEqual(first, count))
            return null;
        var places = torch.arange(_cross.Longest(first, count), dtype: ScalarType.Int64, device: _device);
        return (places < Lengths(_cross, first, count).unsqueeze(1)).view(count, 1, 1, -1);
    }

    private AttentionMask SelfMask(Tensor positions, long width)
    {
        var places = torch.arange(width, dtype: ScalarType.Int64, device: _device);
        var queries = positions.unsqueeze(1);
        var full = (places <= queries).view(-1, 1, 1, width);
        if (Config.SlidingWindow is not { } window || window >= width)
            return new AttentionMask(full);
        return new AttentionMask(full, full & (places > queries - window).view(-1, 1, 1, width));
    }

    private Tensor Lengths(SlotCache cache, int first, int count)
        => torch.tensor(cache.Lengths.Skip(first).Take(count).ToArray(), dtype: ScalarType.Int64, device: _device);
}

using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>
/// The decoder's step of one token a row, on a CUDA device: the maths of the modules in bf16 with float sums, as a recorded graph of kernels that keeps its state on the
/// device. Reading the weights once is nearly all that a step takes.
/// </summary>
internal sealed class CudaDecodeEngine : IDisposable
{
    private const int ClusterCapability = 9;

    private const long FirstCapacity = 256;

    private readonly T5GemmaForConditionalGeneration _model;
    private readonly DecodeShape _shape;
    private readonly DecodeKernels _kernels;
    private readonly Device _device;
    private readonly DecodeSource _source;
    private readonly DecodeWeights _weights;
    private readonly DecodeLayer[] _layers;
    private readonly nint _embeddings;
    private readonly DecodeMatrix _head;
    private readonly nint _norm;
    private readonly DecodeBuffers _buffers;
    private readonly DeviceArray _endIds;
    private readonly int _padId;
    private readonly TokenSampler? _sampler;
    private DecodeHistory _history;
    private CudaGraph? _tokens;
    private CudaGraph? _logits;
    private long _length; // tokens of every row that are in the history

    private CudaDecodeEngine(EncodedSource source, DecodeSource states, DecodeShape shape, DecodeKernels kernels, GenerationSettings settings, DrawSettings[]? draws)
    {
        (_model, _source, _shape, _kernels) = (source.Model, states, shape, kernels);
        _device = source.EncoderOutputs.LastHiddenState.device;
        var decoder = _model.Model.Decoder;
        _weights = new DecodeWeights(_model.Quantized);
        _embeddings = _weights.Hold(decoder.EmbedTokens.weight!); // an embedding has a weight
        _head = (_model.LmHead.OutProj, _model.Quantized?.TiedHead) switch
        {
            ({ } projection, _) => _weights.Of(projection),
            (null, { } table) => _weights.Of(table),
            _ => new DecodeMatrix(_embeddings, 0),
        };
        _norm = _weights.Hold(decoder.Norm.Weight);
        _layers = [.. decoder.Layers.Select(layer => new DecodeLayer(layer, _weights))];
        try
        {
            _buffers = new DecodeBuffers(shape, _device);
            _endIds = new DeviceArray(torch.tensor(settings.EosTokenIds.Append(-1).Select(id => (int)id).ToArray(), dtype: ScalarType.Int32, device: _device));
            _history = new DecodeHistory(_model, shape.Rows, Math.Min(FirstCapacity, settings.MaxLength), _device);
            _sampler = draws is null ? null : new TokenSampler(draws, shape.Config.VocabSize, _device);
        }
        catch
        {
            Dispose(); // the modules need the memory
            throw;
        }
        EndCount = settings.EosTokenIds.Count;
        _padId = (int)(settings.PadTokenId ?? 0);
        MaxLength = settings.MaxLength;
    }

    /// <summary>Rows of a step.</summary>
    public int Rows => _shape.Rows;

    /// <summary>Launches the kernels one by one instead of the recorded graph, for comparison.</summary>
    internal bool IsPlain { get; set; }

    private long MaxLength { get; }

    private int EndCount { get; }

    /// <summary>Makes an engine for a generation.</summary>
    /// <param name="source">The sources; the weights must not change during the generation.</param>
    /// <param name="rowsPerSource">Rows of each source.</param>
    /// <param name="settings">Ends and lengths.</param>
    /// <param name="draws">How the tokens of every row are drawn by <see cref="TakeTokens"/>; null: it takes the most probable ones.</param>
    /// <param name="reason">Why the modules have to do the work; null beside an engine.</param>
    /// <returns>Null when the modules have to do the work.</returns>
    public static CudaDecodeEngine? TryCreate(EncodedSource source, int rowsPerSource, GenerationSettings settings, DrawSettings[]? draws, out string? reason)
    {
        using var scope = NewDisposeScope();
        reason = Refuse(source);
        if (reason is not null)
            return null;
        // The driver's calls need a context on this thread; torch makes its own current when it launches something.
        _ = torch.zeros([1], device: source.EncoderOutputs.LastHiddenState.device);
        string? refusal = null;
        var shape = KernelFallback.Try(() => DecodeShape.For(source.Model.Config.Decoder, (int)source.BatchSize * rowsPerSource, HasClusters(), source.Model.Quantization, out refusal), out reason);
        reason ??= refusal;
        return shape is null ? null : KernelFallback.Try(() => Create(source, rowsPerSource, shape, settings, draws), out reason);
    }

    /// <summary>Starts with the first tokens; their states are computed by the first step.</summary>
    /// <param name="ids">Ids [rows, length], at least one a row.</param>
    public void Start(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var length = ids.size(1);
        Reserve(length + 1);
        _history.Tokens.Tensor.narrow(1, 0, length).copy_(ids);
        _buffers.Positions.Tensor.zero_();
        _buffers.Ended.Tensor.zero_();
        _buffers.Best.Tensor.zero_();
        _length = 0;
        for (var position = 0; position < length - 1; position++)
        {
            Run(ref _logits, RecordLogits);
            _length++;
            _buffers.Positions.Tensor.fill_(_length);
        }
        Embed();
    }

    /// <summary>Takes the next token of every row, several times; rows that have ended get the padding token.</summary>
    /// <param name="count">How often.</param>
    public void TakeTokens(int count)
    {
        Reserve(_length + count + 1);
        for (var index = 0; index < count; index++)
            Run(ref _tokens, RecordTokens);
        _length += count;
    }

    /// <summary>Ids so far.</summary>
    /// <returns>[rows, length], int64, on the device.</returns>
    public Tensor Sequences()
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(_history.Tokens.Tensor.narrow(1, 0, _length + 1).to(ScalarType.Int64));
    }

    /// <summary>Log-probabilities of the first row's newest tokens, before temperature and cuts; only where tokens are drawn.</summary>
    /// <param name="count">Of how many.</param>
    public float[] LogProbabilities(int count)
    {
        using var scope = NewDisposeScope();
        return _history.LogProbabilities.Tensor[0].narrow(0, _length + 1 - count, count).cpu().data<float>().ToArray();
    }

    /// <summary>Logits after the tokens so far and one more.</summary>
    /// <param name="ids">The newest token of every row [rows, 1].</param>
    /// <returns>[rows, V], float32; valid until the next step.</returns>
    public Tensor NextLogits(Tensor ids)
    {
        using var scope = NewDisposeScope();
        Reserve(_length + 1);
        _history.Tokens.Tensor.narrow(1, _length, 1).copy_(ids);
        Run(ref _logits, RecordLogits);
        _length++;
        _buffers.Positions.Tensor.fill_(_length);
        return scope.MoveToOuter(_buffers.Logits.Tensor.alias());
    }

    /// <summary>Rows go on from other rows.</summary>
    /// <param name="rows">Row that each row goes on from [rows], int64.</param>
    public void Reorder(Tensor rows) => _history.Reorder(rows, _length);

    public void Dispose()
    {
        _tokens?.Dispose();
        _logits?.Dispose();
        _history?.Dispose(); // null where memory ran out before it
        _buffers?.Dispose();
        _endIds?.Dispose();
        _sampler?.Dispose();
        _source.Dispose();
        _weights.Dispose();
    }

    private static CudaDecodeEngine Create(EncodedSource source, int rowsPerSource, DecodeShape shape, GenerationSettings settings, DrawSettings[]? draws)
    {
        var kernels = DecodeKernels.For(shape, Math.Max(source.EncoderOutputs.LastHiddenState.device.index, 0));
        return new CudaDecodeEngine(source, new DecodeSource(source, rowsPerSource), shape, kernels, settings, draws);
    }

    private static bool HasClusters() => CudaDriver.Required.Attribute(DeviceAttribute.ComputeCapabilityMajor) >= ClusterCapability;

    private static string? Refuse(EncodedSource source)
    {
        var states = source.EncoderOutputs.LastHiddenState;
        if (states.device_type != DeviceType.CUDA)
            return $"the model is on {states.device}";
        if (source.Model.Config.Decoder.AttnImplementation is not (AttentionImplementation.Auto or AttentionImplementation.Fused))
            return $"attention {source.Model.Config.Decoder.AttnImplementation} was asked for";
        if (source.Model.Model.Decoder.EmbedTokens.weight!.dtype != ScalarType.BFloat16) // an embedding has a weight
            return "the weights are not bfloat16";
        if (!TensorMemory.IsAvailable || !TorchStream.IsAvailable)
            return "this libtorch does not tell addresses and streams: 2.10 or newer is needed";
        if (CudaDriver.Instance is null)
            return $"{CudaDriver.LibraryName} was not found, or is older than CUDA 11.8";
        if (!DecoderParts.AreUsual(source.Model, DeviceType.CUDA))
            return "a part of the decoder has a hook, a bias or another weight, or is in training";
        if (source.AttentionMask is { } mask && (mask.dim() != 2 || !mask.ne(0).any(1).all().item<bool>()))
            return "a source is all padding";
        return null;
    }

    private void Reserve(long length)
    {
        if (length <= _history.Capacity)
            return;
        var history = new DecodeHistory(_model, Rows, Math.Max(length, Math.Min(2 * _history.Capacity, MaxLength)), _device);
        history.CopyFrom(_history);
        _tokens?.Dispose();
        _logits?.Dispose();
        (_tokens, _logits) = (null, null);
        _history.Dispose();
        _history = history;
    }

    private void Embed()
    {
        var stream = TorchStream.Current(_device);
        _kernels.EmbedTokens.Launch(stream, new LaunchShape(Rows, 1, 256), TokenArguments());
    }

    private void Run(ref CudaGraph? graph, Action<nint> record)
    {
        var stream = TorchStream.Current(_device);
        if (IsPlain)
        {
            record(stream);
            return;
        }
        graph ??= CudaGraph.Record(record);
        graph.Launch(stream);
    }

    private void RecordTokens(nint stream)
    {
        RecordLayers(stream, _sampler is null ? 0 : _buffers.Logits.Address);
        _sampler?.Launch(stream, new DrawArguments
        {
            Logits = _buffers.Logits.Address,
            Positions = _buffers.Positions.Address,
            Best = _buffers.Best.Address,
            LogProbabilities = _history.LogProbabilities.Address,
            Capacity = _history.Capacity,
        });
        _kernels.TakeBest.Launch(stream, new LaunchShape(Rows, 1, 256) { StartsEarly = true }, TokenArguments());
    }

    private void RecordLogits(nint stream)
    {
        _kernels.EmbedTokens.Launch(stream, new LaunchShape(Rows, 1, 256), TokenArguments());
        RecordLayers(stream, _buffers.Logits.Address);
    }

    private void RecordLayers(nint stream, nint logits)
    {
        var current = 0;
        var arguments = new MatrixArguments
        {
            Inputs = _buffers.Normalized.Address,
            Partial = _buffers.Partial.Address,
            Gated = _buffers.Gated.Address,
            Cosines = _history.Cosines.Address,
            Sines = _history.Sines.Address,
            Positions = _buffers.Positions.Address,
            Best = _buffers.Best.Address,
            Capacity = _history.Capacity,
        };
        for (var index = 0; index < _layers.Length; index++)
        {
            var layer = _layers[index];
            var isFirst = index == 0;
            Multiply(
                isFirst ? _kernels.FirstQueryKeyValue : _kernels.QueryKeyValue,
                isFirst ? _kernels.FirstNorm : _kernels.NormAfterDown,
                _shape.QueryKeyValue,
                Normed(isFirst ? 0 : _layers[index - 1].PostFeedforward, layer.PreSelfAttn) with
                {
                    Weights0 = layer.Query.Weights,
                    Weights1 = layer.Key.Weights,
                    Weights2 = layer.Value.Weights,
                    Scales0 = layer.Query.Scales,
                    Scales1 = layer.Key.Scales,
                    Scales2 = layer.Value.Scales,
                    Outputs = _buffers.Queries.Address,
                    Keys = _history.Keys(index),
                    Values = _history.Values(index),
                });
            Attend(_kernels.SelfAttention, new AttentionArguments
            {
                Keys = _history.Keys(index),
                Values = _history.Values(index),
                Positions = _buffers.Positions.Address,
                Capacity = _history.Capacity,
                Window = layer.Kind == LayerType.SlidingAttention ? (int)(_shape.Config.SlidingWindow ?? 0) : 0,
            });
            Project(_kernels.Output, _shape.Output, layer.Output, _buffers.Attended.Address);
            Multiply(_kernels.CrossQuery, _kernels.NormAfterAttention, _shape.CrossQuery, Normed(layer.PostSelfAttn, layer.PreCrossAttn) with
            {
                Weights0 = layer.CrossQuery.Weights,
                Scales0 = layer.CrossQuery.Scales,
                Outputs = _buffers.Queries.Address,
            });
            Attend(_kernels.CrossAttention, new AttentionArguments
            {
                Keys = _source.Keys(index),
                Values = _source.Values(index),
                Mask = _source.Mask?.Address ?? 0,
                Sources = _source.Rows.Address,
                Lengths = _source.Lengths.Address,
                Capacity = _source.Capacity,
            });
            Project(_kernels.Output, _shape.Output, layer.CrossOutput, _buffers.Attended.Address);
            Multiply(_kernels.GateUp, _kernels.NormAfterAttention, _shape.GateUp, Normed(layer.PostCrossAttn, layer.PreFeedforward) with
            {
                Weights0 = layer.Gate.Weights,
                Weights1 = layer.Up.Weights,
                Scales0 = layer.Gate.Scales,
                Scales1 = layer.Up.Scales,
            });
            Project(_kernels.Down, _shape.Down, layer.Down, _buffers.Gated.Address);
        }
        Multiply(_kernels.Head, _kernels.NormAfterDown, _shape.Head, Normed(_layers[^1].PostFeedforward, _norm) with { Weights0 = _head.Weights, Scales0 = _head.Scales, Outputs = logits });

        MatrixArguments Normed(nint postNorm, nint preNorm)
        {
            var hidden = _buffers.Hidden[current].Address;
            current = 1 - current;
            return arguments with { PostNorm = postNorm, PreNorm = preNorm, Hidden = hidden, NextHidden = _buffers.Hidden[current].Address };
        }

        void Multiply(CudaKernel kernel, CudaKernel norm, in MatrixShape shape, in MatrixArguments own)
        {
            if (!_shape.FusesNorms)
                norm.Launch(stream, new LaunchShape(Rows, 1, 256) { StartsEarly = norm != _kernels.FirstNorm }, own);
            Launch(kernel, shape, own);
        }

        void Project(CudaKernel kernel, in MatrixShape shape, DecodeMatrix matrix, nint inputs)
            => Launch(kernel, shape, arguments with { Weights0 = matrix.Weights, Scales0 = matrix.Scales, Inputs = inputs, Outputs = _buffers.Partial.Address });

        void Launch(CudaKernel kernel, in MatrixShape shape, in MatrixArguments own)
            => kernel.Launch(stream, new LaunchShape(shape.BlocksX(_kernels.Multiprocessors), shape.Parts, shape.Warps * 32) { StartsEarly = kernel != _kernels.FirstQueryKeyValue || !_shape.FusesNorms, SharedBytes = shape.StateBytes }, own);

        void Attend(CudaKernel kernel, AttentionArguments own)
            => kernel.Launch(
                stream,
                new LaunchShape(_shape.Splits, Rows * (int)_shape.Config.NumKeyValueHeads, 256) { StartsEarly = true, ClusterSize = _shape.Splits },
                own with { Queries = _buffers.Queries.Address, Outputs = _buffers.Attended.Address });
    }

    private TokenArguments TokenArguments() => new()
    {
        Embeddings = _embeddings,
        Hidden = _buffers.Hidden[0].Address,
        Best = _buffers.Best.Address,
        Positions = _buffers.Positions.Address,
        Tokens = _history.Tokens.Address,
        Ended = _buffers.Ended.Address,
        EndIds = _endIds.Address,
        Capacity = _history.Capacity,
        EndCount = EndCount,
        PadId = _padId,
    };
}

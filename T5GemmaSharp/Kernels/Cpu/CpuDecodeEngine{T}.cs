using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>The engine for one way to store numbers.</summary>
/// <typeparam name="T">How weights, keys and values are stored.</typeparam>
internal sealed unsafe class CpuDecodeEngine<T> : CpuDecodeEngine
    where T : unmanaged, IElement<T>
{
    private readonly T5GemmaModuleConfig _config;
    private readonly T5GemmaDecoder _decoder;
    private readonly WeightMemory _memory = new();
    private readonly T* _embeddings;
    private readonly T* _head;
    private readonly T* _norm;
    private readonly LayerWeights<T>[] _layers;
    private readonly WorkerTeam _team;
    private readonly DecodeBuffers _buffers;
    private readonly Tensor _keys;
    private readonly Tensor _values;
    private readonly float _embeddingScale;
    private readonly ScoreFunction _scoreFunction;
    private readonly ScoreFunction _logitFunction;
    private readonly RangeWork _projectSelf;
    private readonly RangeWork _projectCross;
    private readonly RangeWork _attend;
    private readonly RangeWork _project;
    private readonly RangeWork _gate;
    private readonly RangeWork _score;

    // What the loop in progress works on.
    private int _rows;
    private LayerWeights<T> _layer = null!; // set before every loop
    private KeyValueView<T> _view;
    private MaskView _mask;
    private (nint Matrix, int Width, nint Input) _projection;
    private float* _logits;

    public CpuDecodeEngine(T5GemmaForConditionalGeneration model, ScalarType dtype, int rows, int threads)
    {
        (_config, _decoder) = (model.Config.Decoder, model.Model.Decoder);
        var embeddings = _decoder.EmbedTokens.weight!; // an embedding has a weight
        _embeddings = (T*)_memory.Hold(embeddings);
        _head = model.LmHead.OutProj is { } projection ? (T*)_memory.Hold(projection.weight!) : _embeddings;
        _norm = (T*)_memory.Hold(_decoder.Norm.Weight);
        _layers = [.. _decoder.Layers.Select(layer => new LayerWeights<T>(layer, _memory))];
        _team = WorkerTeam.OfSize(threads);
        _buffers = new DecodeBuffers(_config, rows, _team.Size);
        _keys = NewStates();
        _values = NewStates();
        _embeddingScale = T.ToSingle(T.FromSingle((float)Math.Sqrt(HiddenSize))); // rounded as the modules round it
        _scoreFunction = new ScoreFunction(Math.Pow(_config.QueryPreAttnScalar, -0.5), _config.AttnLogitSoftcapping);
        _logitFunction = new ScoreFunction(1, _config.FinalLogitSoftcapping);
        (_projectSelf, _projectCross, _attend, _project, _gate, _score) = (ProjectSelf, ProjectCross, Attend, Project, Gate, Score);

        Tensor NewStates() => torch.empty([rows, _config.NumKeyValueHeads, 1, _config.HeadDim], dtype: dtype, device: CPU).DetachFromDisposeScope();
    }

    private int HiddenSize => (int)_config.HiddenSize;

    private int HeadDim => (int)_config.HeadDim;

    private int QuerySize => (int)(_config.NumAttentionHeads * _config.HeadDim);

    private int KeySize => (int)(_config.NumKeyValueHeads * _config.HeadDim);

    private int IntermediateSize => (int)_config.IntermediateSize;

    private int VocabSize => (int)_config.VocabSize;

    public override Tensor Logits(T5GemmaInputs input)
    {
        using var scope = NewDisposeScope();
        var (ids, cache) = (input.DecoderInputIds!, input.PastKeyValues!); // the caller gives both
        _rows = (int)ids.size(0);
        var states = torch.empty([1, 1, 1], dtype: ScalarType.Float32).expand(_rows, 1, _config.HiddenSize); // only its shape and dtype are read
        var masks = AttentionMasks.Decoder(input.DecoderAttentionMask, inputIds: null, states, cache.SelfAttentionCache, _config);
        var source = states.narrow(2, 0, 1).expand(_rows, input.EncoderOutputs!.LastHiddenState.size(1), 1);
        var crossMask = AttentionMasks.Cross(input.AttentionMask, source, queryLength: 1, _config);
        var (cos, sin) = _decoder.RotaryEmb.call(states, input.DecoderPositionIds ?? torch.tensor([cache.SequenceLength]).unsqueeze(0)); // [1 or R, 1, E]
        var (keys, values) = (_keys.narrow(0, 0, _rows), _values.narrow(0, 0, _rows));

        Embed(ids);
        foreach (var layer in _layers)
        {
            _layer = layer;
            Normalize(layer.PreSelfAttn);
            Run(QuerySize + (2 * KeySize), _projectSelf);
            Rotate(cos, sin);
            AttendTo(cache.SelfAttentionCache.Layers[layer.LayerIdx].Update(keys, values), masks.For(layer.Kind), layer.Output);
            AddNormalized(layer.PostSelfAttn);

            Normalize(layer.PreCrossAttn);
            Run(QuerySize, _projectCross);
            var cross = cache.CrossAttentionCache.Layers[layer.LayerIdx];
            AttendTo((cross.Keys!, cross.Values!), crossMask, layer.CrossOutput); // the first step has filled them
            AddNormalized(layer.PostCrossAttn);

            Normalize(layer.PreFeedforward);
            Run(IntermediateSize, _gate);
            ProjectFrom(layer.Down, IntermediateSize, _buffers.Gate);
            AddNormalized(layer.PostFeedforward);
        }

        Normalize(_norm);
        var logits = torch.empty([_rows, 1, _config.VocabSize], dtype: ScalarType.Float32, device: CPU);
        _logits = (float*)TensorMemory.Pointer(logits);
        Run(VocabSize, _score);
        return scope.MoveToOuter(logits);
    }

    public override void Dispose()
    {
        _memory.Dispose();
        _buffers.Dispose();
        _keys.Dispose();
        _values.Dispose();
    }

    private static Tensor Dense(Tensor states) => states.stride(3) == 1 ? states : states.contiguous();

    private void Run(int count, RangeWork work) => _team.For(count, Math.Clamp(count / (4 * _team.Size), 8, 1024) & ~3, work);

    private void Embed(Tensor ids)
    {
        var numbers = ids.contiguous().data<long>();
        for (var row = 0; row < _rows; row++)
        {
            var id = numbers[row];
            if (id < 0 || id >= VocabSize)
                throw new ArgumentOutOfRangeException(nameof(ids), $"decoder id of row {row}: expected 0 to {VocabSize - 1}, got {id}");
            var embedding = _embeddings + (id * HiddenSize);
            var hidden = _buffers.Hidden + ((nint)row * HiddenSize);
            for (var column = 0; column < HiddenSize; column++)
                hidden[column] = T.ToSingle(embedding[column]) * _embeddingScale;
        }
    }

    private void Normalize(T* weight)
    {
        for (nint row = 0; row < _rows; row++)
            SpanMath.RmsNorm(_buffers.Hidden + (row * HiddenSize), weight, HiddenSize, _config.RmsNormEps, _buffers.Normalized + (row * HiddenSize));
    }

    private void AddNormalized(T* weight)
    {
        for (nint row = 0; row < _rows; row++)
            SpanMath.RmsNorm(_buffers.Projected + (row * HiddenSize), weight, HiddenSize, _config.RmsNormEps, _buffers.Normalized + (row * HiddenSize));
        SpanMath.Add(_buffers.Hidden, _buffers.Normalized, _rows * HiddenSize);
    }

    /// <summary>Turns queries and keys by their position and stores keys and values for the cache.</summary>
    private void Rotate(Tensor cos, Tensor sin)
    {
        var cosines = (float*)TensorMemory.Pointer(cos);
        var sines = (float*)TensorMemory.Pointer(sin);
        var stride = cos.size(0) == 1 ? 0 : HeadDim;
        for (nint row = 0; row < _rows; row++)
        {
            HalfRotation.Apply(_buffers.Query + (row * QuerySize), (int)_config.NumAttentionHeads, HeadDim, cosines + (row * stride), sines + (row * stride));
            HalfRotation.Apply(_buffers.Key + (row * KeySize), (int)_config.NumKeyValueHeads, HeadDim, cosines + (row * stride), sines + (row * stride));
        }

        var keys = (T*)TensorMemory.Pointer(_keys);
        var values = (T*)TensorMemory.Pointer(_values);
        for (var index = 0; index < _rows * KeySize; index++)
            (keys[index], values[index]) = (T.FromSingle(_buffers.Key[index]), T.FromSingle(_buffers.Value[index]));
    }

    private void AttendTo((Tensor Keys, Tensor Values) states, Tensor? mask, T* outputProjection)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = (Dense(states.Keys), Dense(states.Values));
        _view = new KeyValueView<T>(keys, values);
        var dense = mask?.contiguous();
        _mask = new MaskView(dense);
        _buffers.ReserveScores(_view.Length);
        _team.For(_rows * (int)_config.NumAttentionHeads, grain: 1, _attend);
        ProjectFrom(outputProjection, QuerySize, _buffers.Attended);
    }

    private void ProjectFrom(T* matrix, int width, float* input)
    {
        _projection = ((nint)matrix, width, (nint)input);
        Run(HiddenSize, _project);
    }

    private void ProjectSelf(int from, int to, int worker)
    {
        var (keys, values) = (QuerySize, QuerySize + KeySize);
        Multiply(_layer.Query, from, Math.Min(to, keys), HiddenSize, _buffers.Normalized, _buffers.Query, QuerySize);
        Multiply(_layer.Key, Math.Max(from, keys) - keys, Math.Min(to, values) - keys, HiddenSize, _buffers.Normalized, _buffers.Key, KeySize);
        Multiply(_layer.Value, Math.Max(from, values) - values, to - values, HiddenSize, _buffers.Normalized, _buffers.Value, KeySize);
    }

    private void ProjectCross(int from, int to, int worker)
        => Multiply(_layer.CrossQuery, from, to, HiddenSize, _buffers.Normalized, _buffers.Query, QuerySize);

    private void Project(int from, int to, int worker)
        => Multiply((T*)_projection.Matrix, from, to, _projection.Width, (float*)_projection.Input, _buffers.Projected, HiddenSize);

    private void Attend(int from, int to, int worker)
    {
        var heads = (int)_config.NumAttentionHeads;
        for (var index = from; index < to; index++)
        {
            var (row, head) = (index / heads, index % heads);
            var keyHead = head / (heads / (int)_config.NumKeyValueHeads);
            var offset = (nint)index * HeadDim;
            HeadAttention.Attend(
                _buffers.Query + offset, _view, row, keyHead, HeadDim, _scoreFunction, _mask.For(row, head), _buffers.Scores(worker), _buffers.Attended + offset);
        }
    }

    private void Gate(int from, int to, int worker)
    {
        Multiply(_layer.Gate, from, to, HiddenSize, _buffers.Normalized, _buffers.Gate, IntermediateSize);
        Multiply(_layer.Up, from, to, HiddenSize, _buffers.Normalized, _buffers.Up, IntermediateSize);
        for (nint row = 0; row < _rows; row++)
            SpanMath.GeluTimes(_buffers.Gate + (row * IntermediateSize) + from, _buffers.Up + (row * IntermediateSize) + from, to - from);
    }

    private void Score(int from, int to, int worker)
    {
        Multiply(_head, from, to, HiddenSize, _buffers.Normalized, _logits, VocabSize);
        if (_logitFunction.IsIdentity)
            return;
        for (nint row = 0; row < _rows; row++)
            SpanMath.Apply(_logits + (row * VocabSize) + from, to - from, _logitFunction);
    }

    // An empty range: this part of the loop belongs to another matrix.
    private void Multiply(T* matrix, int from, int to, int width, float* input, float* output, int outputs)
    {
        if (from < to)
            MatrixRows.Multiply(matrix, width, from, to, width, input, _rows, output, outputs);
    }
}

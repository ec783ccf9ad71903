using T5GemmaSharp.Caching;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>Steps of one token a row after a first step by the modules. The ids are given, so that results can be compared step by step.</summary>
internal sealed class DecodeSteps : IDisposable
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly BaseModelOutput _encoderOutputs;
    private readonly EncoderDecoderCache _cache;
    private readonly Tensor _ids;
    private int _next;

    /// <summary>Runs the first step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoderStates">States of the sources [R, S, D].</param>
    /// <param name="ids">Decoder ids [R, T].</param>
    public DecodeSteps(T5GemmaForConditionalGeneration model, Tensor encoderStates, Tensor ids)
    {
        (_model, _ids) = (model, ids);
        _encoderOutputs = new BaseModelOutput { LastHiddenState = encoderStates };
        _cache = new EncoderDecoderCache(model.Config.Decoder);
        ByModules();
    }

    public bool IsFinished => _next == _ids.size(1);

    /// <summary>All logits behind the first step's, [T - 1, R, V], float32.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoderStates">States of the sources [R, S, D].</param>
    /// <param name="ids">Decoder ids [R, T].</param>
    /// <param name="engine">What computes them; null: the modules.</param>
    public static Tensor All(T5GemmaForConditionalGeneration model, Tensor encoderStates, Tensor ids, CpuDecodeEngine? engine)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        using var steps = new DecodeSteps(model, encoderStates, ids);
        var logits = new List<Tensor>();
        while (!steps.IsFinished)
            logits.Add(engine is null ? steps.ByModules() : steps.By(engine));
        return scope.MoveToOuter(torch.stack(logits));
    }

    /// <summary>Logits of the next step [R, V].</summary>
    public Tensor By(CpuDecodeEngine engine) => engine.Logits(NextInput()).squeeze(1);

    /// <summary>Logits of the next step [R, V], float32.</summary>
    public Tensor ByModules() => _model.call(NextInput()).Logits.squeeze(1).to(ScalarType.Float32);

    public void Dispose() => _cache.Dispose();

    private T5GemmaInputs NextInput() => new()
    {
        EncoderOutputs = _encoderOutputs,
        DecoderInputIds = _ids.narrow(1, _next++, 1),
        PastKeyValues = _cache,
        UseCache = true,
    };
}

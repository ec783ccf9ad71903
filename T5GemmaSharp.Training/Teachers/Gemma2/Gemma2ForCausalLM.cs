using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Adaptation;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers.Gemma2;

/// <summary>A decoder-only Gemma 2, for its probabilities: T5Gemma's encoder has its layers, and needs causal masks only.</summary>
/// <remarks>HF: <c>Gemma2ForCausalLM</c>, without a cache.</remarks>
internal sealed class Gemma2ForCausalLM : IDisposable
{
    private const string Stack = "model.encoder."; // under this prefix the names are those of adapt
    private const string Embeddings = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    private readonly T5GemmaEncoder _stack;
    private readonly T5GemmaLMHead _head;

    private Gemma2ForCausalLM(T5GemmaModuleConfig config, long bosId, bool isTied, ModuleFactory factory)
    {
        (Config, BosId) = (config, bosId);
        _stack = new T5GemmaEncoder(config, factory);
        _head = new T5GemmaLMHead(config, isTied, factory);
        _stack.eval();
    }

    /// <summary>Its configuration.</summary>
    public T5GemmaModuleConfig Config { get; }

    /// <summary>Id that every text begins with.</summary>
    public long BosId { get; }

    /// <summary>Device of the weights.</summary>
    public Device Device => Table.device;

    private Tensor Table => _stack.EmbedTokens.weight!; // an embedding has a weight

    /// <summary>Loads a folder as transformers writes it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Device and dtype.</param>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">The configuration is not Gemma 2's, or has no bos.</exception>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    public static Gemma2ForCausalLM FromPretrained(string folder, PretrainedOptions options)
    {
        var config = options.Apply(Gemma2Config.Read(folder, folder));
        var bosId = config.Encoder.BosTokenId ?? throw new InvalidDataException($"{folder}: bos_token_id: expected the id that every text begins with, got none");
        using var reader = CheckpointReader.Open(folder);
        var factory = new ModuleFactory(options.Device ?? CPU, options.DType ?? PretrainedFolder.StoredDType(reader));
        try
        {
            var model = new Gemma2ForCausalLM(config.Encoder, bosId, config.TieWordEmbeddings, factory);
            CheckpointLoader.Load(model.Targets(), reader, new()
            {
                UseMemoryMap = options.UseMemoryMap,
                TiedAliases = config.TieWordEmbeddings ? new Dictionary<string, string> { [Head] = Embeddings } : [],
            });
            return model;
        }
        catch
        {
            factory.Discard();
            throw;
        }
    }

    /// <summary>The last hidden states.</summary>
    /// <param name="inputIds">int64 [B, L].</param>
    /// <param name="mask">Whether a token is there, bool [B, L].</param>
    /// <returns>[B, L, D].</returns>
    public Tensor States(Tensor inputIds, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var (states, pass) = _stack.Begin(new T5GemmaEncoderInputs { InputIds = inputIds, AttentionMask = mask });
        pass = pass with { Masks = AttentionMasks.Decoder(mask, inputIds, states, cache: null, Config) };
        foreach (var layer in _stack.Layers)
            states = layer.call(pass.InputsOf(layer, states)).HiddenStates;
        return scope.MoveToOuter(_stack.End(states));
    }

    /// <summary>The head.</summary>
    /// <param name="states">Last hidden states [..., D].</param>
    /// <returns>[..., V].</returns>
    public Tensor ToLogits(Tensor states) => _head.ToLogits(states, Table, Config.FinalLogitSoftcapping);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _stack.Dispose();
        _head.Dispose();
    }

    private Dictionary<string, Tensor> Targets()
    {
        var targets = _stack.named_parameters().ToDictionary(pair => Gemma2Names.SourceOf(Stack + pair.name)!, Tensor (pair) => pair.parameter); // an encoder has no part of its own
        if (_head.OutProj is { } projection)
            targets.Add(Head, projection.weight!);
        return targets;
    }
}

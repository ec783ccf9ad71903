using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Decoding;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Quantization;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>Encoder, decoder and language model head: text to text.</summary>
/// <remarks>HF: <c>T5GemmaForConditionalGeneration</c>.</remarks>
public sealed class T5GemmaForConditionalGeneration : T5GemmaPreTrainedModel<T5GemmaInputs, Seq2SeqLMOutput>
{
    internal T5GemmaForConditionalGeneration(T5GemmaConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaForConditionalGeneration), config with { IsEncoderDecoder = true })
    {
        Model = new T5GemmaModel(Config, factory);
        LmHead = new T5GemmaLMHead(config.Decoder, config.TieWordEmbeddings, factory);
        RegisterComponents();
    }

    /// <summary>Encoder and decoder.</summary>
    [field: ComponentName(Name = "model")]
    public T5GemmaModel Model { get; }

    /// <summary>Projection to the vocabulary.</summary>
    [field: ComponentName(Name = "lm_head")]
    public T5GemmaLMHead LmHead { get; }

    /// <summary>Defaults of <see cref="Generate"/>, from <c>generation_config.json</c> or else from the configuration.</summary>
    public GenerationConfig GenerationConfig { get; set; } = new();

    /// <summary>How the decoder's matrices are stored as integers; null: they are not.</summary>
    public WeightQuantization? Quantization => Quantized?.Quantization;

    /// <summary>Builds a model with fresh weights.</summary>
    /// <param name="config">Configuration.</param>
    /// <param name="options">Device, dtype and attention; null: float32 on the CPU.</param>
    /// <exception cref="Configuration.T5GemmaConfigException">The configuration is impossible.</exception>
    public static T5GemmaForConditionalGeneration FromConfig(T5GemmaConfig config, PretrainedOptions? options = null)
    {
        var model = PretrainedFolder.Create<T5GemmaForConditionalGeneration, T5GemmaInputs, Seq2SeqLMOutput>(config, options, (resolved, factory) => new(resolved, factory));
        model.GenerationConfig = GenerationConfig.FromModelConfig(model.Config);
        return model;
    }

    /// <summary>Loads a checkpoint folder of this or another T5Gemma class; the model is in evaluation mode.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files; <c>generation_config.json</c> is read if it is there.</param>
    /// <param name="options">Device, dtype, strictness and more; null: the stored dtype on the CPU.</param>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static T5GemmaForConditionalGeneration FromPretrained(string folder, PretrainedOptions? options = null)
    {
        return PretrainedFolder.Load<T5GemmaForConditionalGeneration, T5GemmaInputs, Seq2SeqLMOutput>(folder, options, (config, factory) =>
        {
            var generationConfig = GenerationConfig.FromPretrained(folder, config); // before the weights: a fault in it costs no time
            return new(config, factory) { GenerationConfig = generationConfig };
        });
    }

    /// <summary>Writes configuration, weights and generation defaults, so that this library and transformers load the folder.</summary>
    /// <param name="folder">The folder; made if it does not exist.</param>
    /// <param name="maxShardSizeInBytes">Largest weight file in bytes; null: 50 GB, the reference's default.</param>
    public override void SavePretrained(string folder, long? maxShardSizeInBytes = null)
    {
        base.SavePretrained(folder, maxShardSizeInBytes);
        GenerationConfig.SavePretrained(folder);
    }

    /// <summary>Computes logits, and the loss if labels are given; decoder ids are then made from the labels unless they are given too.</summary>
    /// <param name="input">Arguments.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id or label on the CPU lies outside the vocabulary.</exception>
    public override Seq2SeqLMOutput forward(T5GemmaInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        if (input.Labels is { dtype: ScalarType.Int64 } classes)
            Losses.CheckClasses(classes, Config.Decoder.VocabSize); // first: the decoder would complain of ids that nobody gave it
        if (input is { Labels: { } targets, DecoderInputIds: null, DecoderInputsEmbeds: null })
            input = input with { DecoderInputIds = ShiftRight.Apply(targets, Config.Decoder) };
        var output = Model.call(input);
        var logits = ToLogits(Kept(output.LastHiddenState, input));
        var loss = input.Labels is { } labels ? Losses.TokenCrossEntropy(logits, labels, input.NumItemsInBatch) : null;

        scope.MoveToOuter(output.Tensors());
        if (input.PastKeyValues is null)
            output.PastKeyValues?.MoveToOuter(scope);
        return new()
        {
            Loss = loss is null ? null : scope.MoveToOuter(loss),
            Logits = scope.MoveToOuter(logits),
            PastKeyValues = output.PastKeyValues,
            DecoderHiddenStates = output.DecoderHiddenStates,
            DecoderAttentions = output.DecoderAttentions,
            CrossAttentions = output.CrossAttentions,
            EncoderLastHiddenState = output.EncoderLastHiddenState,
            EncoderHiddenStates = output.EncoderHiddenStates,
            EncoderAttentions = output.EncoderAttentions,
        };
    }

    /// <summary>
    /// Stores the decoder's matrices as integers from now on, to decode faster in less memory; <see cref="WeightQuantization"/> says which. The model then computes with the
    /// rounded weights, everywhere alike: by kernels where there are some, else by turning a matrix back for each product. It can be saved, and cannot be trained.
    /// </summary>
    /// <param name="quantization">How.</param>
    /// <returns>What that saved and lost in the weights; <c>evaluate</c> and <c>quantize</c> of the command line tell what it means for answers.</returns>
    /// <exception cref="InvalidOperationException">The weights are quantized already, or an adapter is attached: merge it first.</exception>
    /// <exception cref="NotSupportedException">A matrix has an odd number of inputs, which 4 bits cannot store.</exception>
    public QuantizationReport Quantize(WeightQuantization quantization)
    {
        ArgumentNullException.ThrowIfNull(quantization);
        if (Quantized is not null)
            throw new InvalidOperationException($"quantization: the weights are {Quantization} already; load the model anew for {quantization}");
        if (Adapter is not null)
            throw new InvalidOperationException("quantization: an adapter is attached; merge and detach it first");
        var (weights, report) = QuantizedWeights.Quantize(this, quantization);
        Quantized = weights;
        eval();
        foreach (var parameter in parameters())
            parameter.requires_grad = false;
        return report;
    }

    /// <summary>Generates token ids.</summary>
    /// <param name="inputs">Source ids and mask, or an encoded source.</param>
    /// <param name="config">Settings that replace those of <see cref="GenerationConfig"/>; null: none.</param>
    /// <param name="controls">Processors, criteria, tokenizer, draft model, seed; null: none.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>The ids [R, length], start token and padding included, and what else was asked for; the tensors belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">Inputs contradict each other or have a wrong shape.</exception>
    /// <exception cref="GenerationConfigException">Settings are impossible or contradict each other; the message lists all faults.</exception>
    /// <exception cref="NotSupportedException">A setting of transformers is not implemented.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public GenerationOutput Generate(
        GenerationInputs inputs, GenerationConfig? config = null, GenerationControls? controls = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        cancellationToken.ThrowIfCancellationRequested();
        using var noGrad = torch.no_grad();
        using var decoding = GenerationStart.Begin(this, inputs, GenerationConfig.Override(config), controls ?? new GenerationControls());
        while (!decoding.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            decoding.Step();
        }

        return Attached(decoding.Finish());
    }

    /// <summary>Lets the encoder read a batch once, for any number of generations with any settings.</summary>
    /// <param name="inputs">Source ids or embeddings and mask; what belongs to the decoder is not read.</param>
    /// <returns>The source; dispose it when no generation needs it any more.</returns>
    /// <exception cref="ArgumentException">Inputs contradict each other or have a wrong shape.</exception>
    public EncodedSource Encode(GenerationInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        using var noGrad = torch.no_grad();
        return GenerationStart.Encode(this, inputs);
    }

    /// <summary>Computes how likely given targets are, for ranking and evaluation. Several targets may belong to one source.</summary>
    /// <param name="source">B sources that this model has encoded.</param>
    /// <param name="labels">Target ids [N, T], int64, with their end token where it counts, -100 where there is none; N is a multiple of B, and the targets of a source stand together.</param>
    /// <exception cref="ArgumentException">The source is another model's, or the labels have a wrong shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label lies outside the vocabulary.</exception>
    public TargetScores ScoreTargets(EncodedSource source, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(labels);
        using var noGrad = torch.no_grad();
        return TargetScoring.Score(this, source, labels);
    }

    /// <summary>Makes decoder inputs from labels: start id first, last label dropped, -100 turned into padding.</summary>
    /// <param name="labels">Target ids [B, T], int64.</param>
    /// <remarks>HF: <c>prepare_decoder_input_ids_from_labels</c>.</remarks>
    public Tensor PrepareDecoderInputIdsFromLabels(Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return ShiftRight.Apply(labels, Config.Decoder);
    }

    /// <summary>The head and the final soft-cap.</summary>
    internal Tensor ToLogits(Tensor hiddenStates)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(T5GemmaLMHead.Capped(ToProducts(hiddenStates), Config.Decoder.FinalLogitSoftcapping));
    }

    /// <summary>The head before the final soft-cap.</summary>
    internal Tensor ToProducts(Tensor hiddenStates)
        => Quantized?.TiedHead?.Multiply(hiddenStates) ?? LmHead.call(hiddenStates, Model.Decoder.EmbedTokens.weight!); // an embedding has a weight

    private static GenerationOutput Attached(GenerationOutput output)
    {
        using var scope = NewDisposeScope();
        foreach (var tensor in output.Tensors())
        {
            scope.Attach(tensor);
            scope.MoveToOuter(tensor);
        }

        return output;
    }

    private static Tensor Kept(Tensor hiddenStates, T5GemmaInputs input)
    {
        var length = hiddenStates.size(1);
        if (input.LogitsToKeepIndices is { } indices)
            return hiddenStates.index_select(1, Counted(indices, length));
        ArgumentOutOfRangeException.ThrowIfNegative(input.LogitsToKeep, "logitsToKeep");
        return input.LogitsToKeep is 0 || input.LogitsToKeep >= length
            ? hiddenStates
            : hiddenStates.narrow(1, length - input.LogitsToKeep, input.LogitsToKeep);
    }

    /// <summary>Checks indices of the time axis and counts negative ones from its end, as the reference's indexing does.</summary>
    private static Tensor Counted(Tensor indices, long length)
    {
        if (indices.dim() != 1 || indices.dtype != ScalarType.Int64)
            throw new ArgumentException($"logitsToKeepIndices: expected int64 [count], got {indices.dtype} [{string.Join(", ", indices.shape)}]");
        var wrong = indices.lt(-length) | indices.ge(length);
        // On a GPU the values are taken on trust, like ids: looking costs a stall.
        if (indices.device_type == DeviceType.CPU && wrong.any().item<bool>())
            throw new ArgumentOutOfRangeException(nameof(indices), $"logitsToKeepIndices: expected {-length} to {length - 1}, got {indices[wrong][0].item<long>()}");
        return torch.where(indices.lt(0), indices + length, indices);
    }
}

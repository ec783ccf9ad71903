using T5GemmaSharp.Caching;
using T5GemmaSharp.Modeling;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Takes the most probable token in every step.</summary>
/// <remarks>HF: <c>GenerationMixin._sample</c> with <c>do_sample=False</c>.</remarks>
internal static class GreedyDecoder
{
    internal static GenerationOutput Generate(
        T5GemmaForConditionalGeneration model, GenerationInputs inputs, GenerationConfig config, CancellationToken cancellationToken)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        CheckInputs(inputs, model.Config);
        var encoded = inputs.EncoderOutputs ?? model.Model.Encoder.call(new() { InputIds = inputs.InputIds, AttentionMask = inputs.AttentionMask });
        var prompt = DecoderPrompt(inputs, config, model.Config, encoded.LastHiddenState);
        var settings = GenerationSettings.From(config, prompt.size(1), model.Config.Decoder.VocabSize);

        using var cache = settings.UseCache ? new EncoderDecoderCache(model.Config.Decoder) : null;
        var rows = new GreedyRows(prompt, settings);
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var output = model.call(new()
            {
                EncoderOutputs = encoded,
                AttentionMask = inputs.AttentionMask,
                DecoderInputIds = cache is { SequenceLength: > 0 } ? rows.LastTokens() : rows.Sequences,
                PastKeyValues = cache,
                UseCache = settings.UseCache,
                LogitsToKeep = 1,
            });
            rows.Append(output.Logits.select(1, -1).to(ScalarType.Float32), step);
        }
        while (!rows.IsFinished());
        return new()
        {
            Sequences = scope.MoveToOuter(rows.Sequences),
            Scores = rows.Scores is { } scores ? MoveToOuter(scope, scores) : null,
        };
    }

    private static IReadOnlyList<Tensor> MoveToOuter(DisposeScope scope, IReadOnlyList<Tensor> tensors)
    {
        scope.MoveToOuter(tensors);
        return tensors;
    }

    private static void CheckInputs(GenerationInputs inputs, T5GemmaConfig config)
    {
        if (inputs.InputIds is null == inputs.EncoderOutputs is null)
            throw new ArgumentException($"expected exactly one of inputIds and encoderOutputs, got {(inputs.InputIds is null ? "neither" : "both")}", nameof(inputs));
        if (inputs.InputIds is { } ids)
        {
            InputChecks.Ids(ids, config.Encoder.VocabSize, "inputIds");
            if (ids.numel() == 0)
                throw new ArgumentException($"inputIds: expected at least one row, got [{string.Join(", ", ids.shape)}]", nameof(inputs));
            InputChecks.IdValues(ids, config.Encoder.VocabSize, "inputIds"); // once, on any device: afterwards a bad id would be a device assert
        }
        if (inputs.AttentionMask is { } mask && mask.dim() != 2)
            throw new ArgumentException($"attentionMask: expected [batch, source length], got [{string.Join(", ", mask.shape)}]", nameof(inputs));
    }

    private static Tensor DecoderPrompt(GenerationInputs inputs, GenerationConfig config, T5GemmaConfig modelConfig, Tensor encoderStates)
    {
        var start = config.DecoderStartTokenId ?? config.BosTokenId
            ?? throw new ArgumentException("decoderStartTokenId: neither it nor bosTokenId is given; the decoder needs a first token", nameof(config));
        var batch = encoderStates.size(0);
        var first = torch.full([batch, 1], start, dtype: ScalarType.Int64, device: encoderStates.device);
        InputChecks.IdValues(first, modelConfig.Decoder.VocabSize, "decoderStartTokenId");
        if (inputs.DecoderInputIds is not { } ids)
            return first;
        InputChecks.Ids(ids, modelConfig.Decoder.VocabSize, "decoderInputIds");
        if (ids.size(0) != batch)
            throw new ArgumentException($"decoderInputIds: expected [{batch}, at least 1], got [{string.Join(", ", ids.shape)}]", nameof(inputs));
        InputChecks.IdValues(ids, modelConfig.Decoder.VocabSize, "decoderInputIds");
        // As the reference: one row that begins with the start token means that all are complete.
        return ids.select(1, 0).ne(start).all().item<bool>() ? torch.cat([first, ids], dim: 1) : ids.alias();
    }
}

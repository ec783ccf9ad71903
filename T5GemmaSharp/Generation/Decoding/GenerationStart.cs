using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>From a caller's arguments to a generation that is ready for its first step.</summary>
internal static class GenerationStart
{
    /// <summary>Checks the arguments, runs the encoder if it has to, and prepares the decoder. Nothing is left behind when it throws.</summary>
    public static IDecoding Begin(T5GemmaForConditionalGeneration model, GenerationInputs inputs, GenerationConfig config, GenerationControls controls)
    {
        using var scope = NewDisposeScope();
        CheckInputs(inputs, model);
        var source = inputs.Source ?? Encode(model, inputs, config);
        GenerationPlan? plan = null;
        try
        {
            var prompt = DecoderPrompt(inputs, config, model.Config, source.EncoderOutputs.LastHiddenState);
            var settings = GenerationSettingsResolver.Resolve(config, controls, prompt.size(1), model.Config.Decoder.VocabSize);
            CheckAssistance(source, settings, controls, model);
            plan = new GenerationPlan(source, ownsSource: inputs.Source is null, settings, controls, prompt, PromptMask(inputs, prompt));
            return plan.Start();
        }
        catch
        {
            plan?.Dispose();
            if (plan is null && inputs.Source is null)
                source.Dispose();
            throw;
        }
    }

    /// <summary>Reads a source for any number of generations.</summary>
    public static EncodedSource Encode(T5GemmaForConditionalGeneration model, GenerationInputs inputs)
    {
        using var scope = NewDisposeScope();
        CheckInputs(inputs, model);
        if (inputs.Source is not null)
            throw new ArgumentException("source: expected ids, embeddings or encoder outputs, got a source that is encoded already", nameof(inputs));
        return Encode(model, inputs, new GenerationConfig());
    }

    private static EncodedSource Encode(T5GemmaForConditionalGeneration model, GenerationInputs inputs, GenerationConfig config)
    {
        if (inputs.EncoderOutputs is { } given)
            return EncodedSource.Own(model, new BaseModelOutput { LastHiddenState = given.LastHiddenState.alias() }, inputs.InputIds, inputs.AttentionMask);
        var encoded = model.Model.Encoder.call(new()
        {
            InputIds = inputs.InputIds,
            InputsEmbeds = inputs.InputsEmbeds,
            AttentionMask = inputs.AttentionMask,
            OutputHiddenStates = config.OutputHiddenStates ?? false,
            OutputAttentions = config.OutputAttentions ?? false,
        });
        return EncodedSource.Own(model, encoded, inputs.InputIds, inputs.AttentionMask);
    }

    private static void CheckInputs(GenerationInputs inputs, T5GemmaForConditionalGeneration model)
    {
        if (inputs.Source is { } source)
        {
            source.CheckUsableBy(model);
            if (inputs is not { InputIds: null, InputsEmbeds: null, EncoderOutputs: null, AttentionMask: null })
                throw new ArgumentException("source: expected no ids, embeddings, encoder outputs or mask beside it: it brings its own", nameof(inputs));
            return;
        }

        var given = (inputs.InputIds is null ? 0 : 1) + (inputs.InputsEmbeds is null ? 0 : 1);
        if (given > 1 || (given == 0 && inputs.EncoderOutputs is null) || (inputs.InputsEmbeds is not null && inputs.EncoderOutputs is not null))
            throw new ArgumentException($"expected exactly one of inputIds, inputsEmbeds, encoderOutputs and source, got {(given == 0 ? "none" : "several")}", nameof(inputs));
        if (inputs.InputIds is { } ids)
        {
            InputChecks.Ids(ids, model.Config.Encoder.VocabSize, "inputIds");
            if (ids.numel() == 0)
                throw new ArgumentException($"inputIds: expected at least one row, got [{string.Join(", ", ids.shape)}]", nameof(inputs));
            InputChecks.IdValues(ids, model.Config.Encoder.VocabSize, "inputIds"); // once, on any device: afterwards a bad id would be a device assert
        }

        var rows = inputs.InputIds ?? inputs.InputsEmbeds ?? inputs.EncoderOutputs!.LastHiddenState; // one of them is there
        if (rows.size(0) == 0)
            throw new ArgumentException($"inputs: expected at least one row, got [{string.Join(", ", rows.shape)}]", nameof(inputs));
        if (inputs.AttentionMask is { } mask && mask.dim() != 2)
            throw new ArgumentException($"attentionMask: expected [batch, source length], got [{string.Join(", ", mask.shape)}]", nameof(inputs));
        if (inputs is { InputIds: { } known, EncoderOutputs: { } outputs } && (known.size(0) != outputs.LastHiddenState.size(0) || known.size(1) != outputs.LastHiddenState.size(1)))
            throw new ArgumentException($"encoderOutputs: expected the shape of inputIds, [{known.size(0)}, {known.size(1)}, D], got [{string.Join(", ", outputs.LastHiddenState.shape)}]", nameof(inputs));
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

    private static Tensor? PromptMask(GenerationInputs inputs, Tensor prompt)
    {
        if (inputs.DecoderAttentionMask is not { } mask)
            return null;
        if (inputs.DecoderInputIds is not { } ids || mask.dim() != 2 || mask.size(0) != ids.size(0) || mask.size(1) != ids.size(1))
            throw new ArgumentException($"decoderAttentionMask: expected the shape of decoderInputIds, got [{string.Join(", ", mask.shape)}]", nameof(inputs));
        var added = torch.ones([mask.size(0), prompt.size(1) - mask.size(1)], dtype: mask.dtype, device: mask.device);
        return torch.cat([added, mask], dim: 1).DetachFromDisposeScope();
    }

    private static void CheckAssistance(EncodedSource source, GenerationSettings settings, GenerationControls controls, T5GemmaForConditionalGeneration model)
    {
        if (controls.AssistantModel is null && settings.PromptLookupNumTokens is null)
            return;
        var mode = controls.AssistantModel is null ? "promptLookupNumTokens" : "assistantModel";
        if (source.BatchSize != 1)
            throw new GenerationConfigException([$"{mode}: expected one source, got {source.BatchSize}"]);
        if (controls.AssistantModel is not { } assistant)
            return;
        if (assistant.Config.Decoder.VocabSize != model.Config.Decoder.VocabSize)
            throw new GenerationConfigException([$"{mode}: expected a vocabulary of {model.Config.Decoder.VocabSize}, got {assistant.Config.Decoder.VocabSize}"]);
        if (source.InputIds is null)
            throw new GenerationConfigException([$"{mode}: expected a source with ids, which the draft model encodes itself, got none"]);
    }
}

using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Generation from texts to texts.</summary>
public static class TextGeneration
{
    /// <summary>Answers a batch of texts: encodes them, generates, decodes without special tokens.</summary>
    /// <remarks>HF: <c>pipeline("text2text-generation")</c>. The texts are encoded as they are; for chats use <see cref="T5GemmaTokenizer.ApplyChatTemplate"/> first.</remarks>
    /// <param name="model">The model, on any device, in evaluation mode.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="texts">What the encoder reads, one text a row; all go through the model as one batch.</param>
    /// <param name="config">Settings that replace the model's own; null: none. Without a length in either, an answer has at most 20 tokens.</param>
    /// <param name="controls">Processors, criteria, draft model, seed; null: none. A tokenizer in it is kept.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>The answers in the order of the texts; with several sequences for a text, those of a text together. No tensor is left to dispose.</returns>
    /// <exception cref="ArgumentException">There is no text, or a text is null.</exception>
    /// <exception cref="GenerationConfigException">Settings are impossible or contradict each other; the message lists all faults.</exception>
    /// <exception cref="NotSupportedException">A setting of transformers is not implemented.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyList<string> GenerateTexts(
        this T5GemmaForConditionalGeneration model,
        T5GemmaTokenizer tokenizer,
        IReadOnlyList<string> texts,
        GenerationConfig? config = null,
        GenerationControls? controls = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        controls ??= new GenerationControls();
        if (controls.Tokenizer is null)
            controls = controls with { Tokenizer = tokenizer };
        using var scope = NewDisposeScope();
        var batch = tokenizer.EncodeBatch(texts);
        var inputs = new GenerationInputs { InputIds = batch.InputIds.to(model.Device), AttentionMask = batch.AttentionMask.to(model.Device) };
        var sequences = model.Generate(inputs, config, controls, cancellationToken).Sequences.cpu();
        var length = (int)sequences.size(1); // never 0: the start token is a part
        return [.. sequences.data<long>().ToArray().Chunk(length).Select(row => tokenizer.Decode(row.Select(id => (int)id), skipSpecialTokens: true))];
    }
}

using T5GemmaSharp.Generation;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Evaluation;

/// <summary>Answers many texts by greedy decoding, in batches of like length.</summary>
public sealed class BatchDecoder
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly T5GemmaTokenizer _tokenizer;
    private readonly int _maxNewTokens;
    private readonly int _batchSize;
    private readonly bool _isChat;

    /// <summary>Creates a decoder.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="maxNewTokens">Longest answer in tokens.</param>
    /// <param name="batchSize">Texts a batch.</param>
    /// <param name="isChat">Whether each text is the user's turn of a conversation, which the tokenizer's chat template writes out.</param>
    public BatchDecoder(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer, int maxNewTokens, int batchSize, bool isChat = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNewTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_model, _tokenizer, _maxNewTokens, _batchSize, _isChat) = (model, tokenizer, maxNewTokens, batchSize, isChat);
    }

    /// <summary>Answers texts.</summary>
    /// <param name="texts">What the encoder reads.</param>
    /// <param name="cancellation">Ends the work after the batch in progress.</param>
    /// <returns>The answers in the order of the texts, without special tokens and outer spaces.</returns>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public IReadOnlyList<string> Decode(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var answers = new string[texts.Count];
        foreach (var batch in Enumerable.Range(0, texts.Count).OrderBy(index => texts[index].Length).Chunk(_batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var decoded = DecodeBatch([.. batch.Select(index => texts[index])], cancellation);
            for (var row = 0; row < batch.Length; row++)
                answers[batch[row]] = decoded[row];
        }

        return answers;
    }

    private string[] DecodeBatch(string[] texts, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var batch = _isChat
            ? _tokenizer.EncodeBatch([.. texts.Select(text => _tokenizer.ApplyChatTemplate([new ChatTurn("user", text)]))], new BatchEncodingOptions { AddBos = false, AddEos = false }) // the template has them
            : _tokenizer.EncodeBatch(texts);
        var output = _model.Generate(
            new GenerationInputs { InputIds = batch.InputIds.to(_model.Device), AttentionMask = batch.AttentionMask.to(_model.Device) },
            new GenerationConfig { MaxNewTokens = _maxNewTokens },
            cancellationToken: cancellation);
        var sequences = output.Sequences.cpu();
        var width = (int)sequences.shape[1];
        return [.. sequences.data<long>().ToArray().Chunk(width).Select(ReadRow)];
    }

    private string ReadRow(long[] ids) => _tokenizer.Decode(ids.Select(id => (int)id), skipSpecialTokens: true).Trim();
}

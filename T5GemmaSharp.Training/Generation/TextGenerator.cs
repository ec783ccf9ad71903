using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Answers batches of prompts.</summary>
/// <param name="model">The model, in evaluation mode.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="config">Settings that replace the model's.</param>
internal sealed class TextGenerator(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer, GenerationConfig config)
{
    private readonly GenerationConfig _settings = model.GenerationConfig.Override(config);
    private long _batchCount;

    /// <summary>Whether special tokens are left out of the texts.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>A smaller model that drafts; null: none.</summary>
    public T5GemmaForConditionalGeneration? AssistantModel { get; init; }

    /// <summary>Seed of the draws; null: they differ from run to run.</summary>
    public long? Seed { get; init; }

    /// <summary>What the answers may be, without their given beginnings; null: everything.</summary>
    public TokenConstraint? Constraint { get; init; }

    /// <summary>Hears who computed the decoder's steps of each batch; null: nobody.</summary>
    public Action<DecodingRoute>? OnRoute { get; init; }

    /// <summary>Whether an answer can be had token by token.</summary>
    public bool CanStream => _settings.NumBeams is not > 1 && _settings.NumReturnSequences is not > 1;

    /// <summary>Answers texts, those of like length together.</summary>
    /// <param name="texts">What the encoder reads.</param>
    /// <param name="batchSize">Texts a batch.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <returns>One text each, in their order.</returns>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public IReadOnlyList<string> AnswerAll(IReadOnlyList<string> texts, int batchSize, CancellationToken cancellation = default)
    {
        var answers = new string[texts.Count];
        EncodedPrompt[] prompts = [.. texts.Select((text, index) => new EncodedPrompt(index, tokenizer.Encode(text), DecoderIds: []))];
        foreach (var batch in PromptBatches.Plan(prompts, batchSize, sort: true))
        {
            foreach (var answer in Answer(batch, cancellation))
                answers[answer.Index] = answer.Text;
        }

        return answers;
    }

    /// <summary>Lets draws go on as if some batches had come before.</summary>
    public void BeginAt(long batch) => _batchCount = batch;

    /// <summary>Answers a batch.</summary>
    /// <param name="prompts">The prompts; the beginnings of their answers have one length.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <returns>The results, those of a prompt together.</returns>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public IReadOnlyList<Answer> Answer(IReadOnlyList<EncodedPrompt> prompts, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var batch = tokenizer.Pad([.. prompts.Select(prompt => prompt.InputIds)]);
        var inputs = new GenerationInputs
        {
            InputIds = batch.InputIds.to(model.Device),
            AttentionMask = batch.AttentionMask.to(model.Device),
            DecoderInputIds = prompts[0].DecoderIds.Length == 0 ? null : DecoderInputIds(prompts),
        };
        var output = model.Generate(inputs, _settings, Controls(prompts[0]), cancellation);
        OnRoute?.Invoke(output.Route);
        return Read(prompts, output);
    }

    /// <summary>Asks for the answer to one prompt token by token; it is the one that <see cref="Answer"/> gives to the prompt alone.</summary>
    public StreamRequest StreamRequest(EncodedPrompt prompt) => new()
    {
        InputIds = prompt.InputIds,
        DecoderInputIds = prompt.DecoderIds.Length == 0 ? null : [.. Beginning(prompt).Select(id => (int)id)],
        Config = _settings,
        Controls = Controls(prompt),
        SkipSpecialTokens = SkipSpecialTokens,
    };

    private GenerationControls Controls(EncodedPrompt first) => new()
    {
        Tokenizer = tokenizer,
        LogitsProcessors = Constraint is null ? [] : [Constraint.CreateProcessor(first.DecoderIds.Length + 1, _settings.EosTokenId ?? [])],
        AssistantModel = AssistantModel,
        Seed = unchecked(Seed + _batchCount++), // other draws for each batch
    };

    private Tensor DecoderInputIds(IReadOnlyList<EncodedPrompt> prompts)
        => tensor(prompts.SelectMany(Beginning).ToArray(), [prompts.Count, prompts[0].DecoderIds.Length + 1], ScalarType.Int64, model.Device);

    private IEnumerable<long> Beginning(EncodedPrompt prompt)
    {
        var start = _settings.DecoderStartTokenId ?? _settings.BosTokenId
            ?? throw new NotSupportedException("decoderStartTokenId: neither it nor bosTokenId is given; the decoder needs a first token");
        return prompt.DecoderIds.Select(id => (long)id).Prepend(start);
    }

    private List<Answer> Read(IReadOnlyList<EncodedPrompt> prompts, GenerationOutput output)
    {
        var promptLength = prompts[0].DecoderIds.Length + 1; // the start token too
        var results = (int)output.Sequences.size(0) / prompts.Count;
        var isBeamSearch = output.SequencesScores is not null;
        var scores = isBeamSearch ? output.SequencesScores!.cpu().data<float>().ToArray() : null; // the line's own test
        var tokenScores = output.Scores is null ? null : Rows<float>(output.TransitionScores(normalizeLogits: !isBeamSearch));
        var reader = new AnswerReader(tokenizer, _settings, SkipSpecialTokens);
        var answers = new List<Answer>();
        foreach (var (row, sequence) in Rows<long>(output.Sequences).Index())
        {
            var (ids, text, reason) = reader.Read(sequence, promptLength);
            answers.Add(new Answer
            {
                Index = prompts[row / results].Index,
                Result = row % results,
                Text = text,
                Ids = ids,
                FinishReason = reason,
                Score = scores?[row],
                TokenScores = tokenScores?[row][..ids.Length],
            });
        }

        return answers;
    }

    private static T[][] Rows<T>(Tensor matrix)
        where T : unmanaged
        => matrix.size(1) == 0 ? [.. Enumerable.Repeat<T[]>([], (int)matrix.size(0))] : [.. matrix.cpu().contiguous().data<T>().ToArray().Chunk((int)matrix.size(1))];
}

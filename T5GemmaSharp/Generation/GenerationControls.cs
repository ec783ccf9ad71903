using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>What a generation needs besides tensors and settings: objects that no file can hold.</summary>
/// <remarks>HF: the further arguments of <c>generate</c>.</remarks>
public sealed record GenerationControls
{
    /// <summary>Further changes of the scores, after the built-in ones and before those of sampling.</summary>
    public IReadOnlyList<LogitsProcessor> LogitsProcessors { get; init; } = [];

    /// <summary>Further reasons for a row to end.</summary>
    public IReadOnlyList<StoppingCriterion> StoppingCriteria { get; init; } = [];

    /// <summary>
    /// Names the ids that may follow: it gets the number of the source in the batch and the decoder ids of a row so far. HF: <c>prefix_allowed_tokens_fn</c>.
    /// </summary>
    public Func<int, IReadOnlyList<long>, IReadOnlyList<long>>? PrefixAllowedTokens { get; init; }

    /// <summary>The tokenizer that <see cref="GenerationConfig.StopStrings"/> needs.</summary>
    public T5GemmaTokenizer? Tokenizer { get; init; }

    /// <summary>A smaller model with the same vocabulary that drafts tokens for this one to check. HF: <c>assistant_model</c>.</summary>
    public T5GemmaForConditionalGeneration? AssistantModel { get; init; }

    /// <summary>
    /// Seed of the draws, which then depend on nothing else; not beside <see cref="Generator"/>. They are those of torch on the CPU, or where the kernels of a GPU draw
    /// (<see cref="DecodingEngine.CudaGraph"/>, with temperature, top-k, top-p and min-p alone) those of the kernels, which are others.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>Source of the draws, which happen on its device, also where a GPU decodes. Null (default) without a seed: torch's global generator of the CPU.</summary>
    public Generator? Generator { get; init; }

    /// <summary>Whether the log-probabilities of the chosen tokens are kept, for streams.</summary>
    internal bool RecordsLogProbabilities { get; init; }
}

using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Makes the tokens of the source more likely, or less so with a penalty below 1.</summary>
/// <remarks>HF: <c>EncoderRepetitionPenaltyLogitsProcessor</c>.</remarks>
internal sealed class EncoderRepetitionPenaltyProcessor(double penalty, Tensor encoderIds) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        // As the reference: its ids are not repeated for beams and further results, so only the first rows of the batch change.
        RepetitionPenaltyProcessor.Penalize(scores.narrow(0, 0, encoderIds.size(0)), encoderIds, 1 / penalty);
        return scores;
    }
}

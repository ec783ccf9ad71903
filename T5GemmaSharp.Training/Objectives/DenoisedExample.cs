using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>An example and where it comes from.</summary>
/// <param name="Example">The example.</param>
/// <param name="Denoiser">The denoiser that made it, for a loss per denoiser; its text is a name for logs.</param>
public sealed record DenoisedExample(Seq2SeqExample Example, Denoiser Denoiser);

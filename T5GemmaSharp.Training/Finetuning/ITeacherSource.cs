using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Losses;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>A teacher that has been checked and is not loaded yet.</summary>
internal interface ITeacherSource : IDisposable
{
    /// <summary>What the course of a run depends on.</summary>
    string Fingerprint { get; }

    /// <summary>Loads the teacher, which is freed with the source.</summary>
    /// <param name="options">Device and dtype.</param>
    Distillation Load(PretrainedOptions options);
}

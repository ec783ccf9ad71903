namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line says about a teacher.</summary>
/// <param name="Teacher">Folder of the teacher, or its file.</param>
/// <param name="IsFile">Whether it is a file of what a teacher has said.</param>
/// <param name="Weight">Share of the teacher in the loss.</param>
/// <param name="Temperature">Divisor of both logits; a file has its own.</param>
internal sealed record DistillationRequest(string Teacher, bool IsFile, double Weight, double Temperature);

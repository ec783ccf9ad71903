namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line says about a teacher.</summary>
/// <param name="Teacher">Folder of the teacher.</param>
/// <param name="Weight">Share of the teacher in the loss.</param>
/// <param name="Temperature">Divisor of both logits.</param>
internal sealed record DistillationRequest(string Teacher, double Weight, double Temperature);
